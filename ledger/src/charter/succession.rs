//! Who has to sign what, and what an amendment may not do.

use super::body::{Checked, Ended};
use super::error::CharterError;
use super::version::Version;
use crate::card::{Card, MemberKind};
use crate::key::PublicKey;
use crate::text::{MemberCode, Text};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// What an amendment changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Keys and names of members that stay, and nothing else: the threshold `rotate`.
    Keys,
    /// Members, witnesses or rules: the threshold `amend`.
    Membership,
}

/// Whose signatures put a charter in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Electors {
    /// Who may sign, with the root key that counts.
    pub(super) roots: BTreeMap<MemberCode, PublicKey>,
    /// How many distinct ones have to.
    pub(super) needed: usize,
    /// Who has to be among them.
    pub(super) musts: Vec<MemberCode>,
    /// Witnesses whose key has to prove itself.
    pub(super) witnesses: BTreeMap<Text<120>, PublicKey>,
    /// What is changed; nothing is by a first charter.
    pub(super) change: Option<Change>,
}

fn roots(cards: &[Card]) -> BTreeMap<MemberCode, PublicKey> {
    cards.iter().map(|card| (card.code.clone(), card.keys.root)).collect()
}

impl Electors {
    /// Everybody listed signs the first charter.
    pub(super) fn founding(cards: &[Card]) -> Self {
        let roots = roots(cards);
        let (needed, musts, witnesses) = (roots.len(), Vec::new(), BTreeMap::new());
        Self { roots, needed, musts, witnesses, change: None }
    }

    /// Members of the version before sign its successor, with the root keys of the version before.
    pub(super) fn amending(before: &Version, next: &Checked) -> Result<Self, CharterError> {
        check_numbering(before, next)?;
        check_members(before, next)?;
        check_ended(before, next)?;
        let change = change(before, next);
        let rules = before.rules();
        let needed = match change {
            Change::Keys => rules.rotate,
            Change::Membership => rules.amend,
        };
        let musts = if rules.secretariat_signs { secretariat(before, next) } else { Vec::new() };
        let known: BTreeMap<_, _> =
            before.witnesses().iter().map(|one| (&one.name, one.key)).collect();
        let new = next.body.witnesses.iter().filter(|one| known.get(&one.name) != Some(&one.key));
        let witnesses = new.map(|one| (one.name.clone(), one.key)).collect();
        let (roots, needed) = (roots(before.members()), usize::from(needed));
        Ok(Self { roots, needed, musts, witnesses, change: Some(change) })
    }
}

/// The Secretariat, unless its root key is what is replaced: that may be lost.
fn secretariat(before: &Version, next: &Checked) -> Vec<MemberCode> {
    let cards = before.members().iter().filter(|card| card.kind == MemberKind::Secretariat);
    let keeps =
        |card: &&Card| next.card(&card.code).is_none_or(|after| after.keys.root == card.keys.root);
    cards.filter(keeps).map(|card| card.code.clone()).collect()
}

fn check_numbering(before: &Version, next: &Checked) -> Result<(), CharterError> {
    let refuse = |why| {
        let (version, before) = (next.body.version, before.version());
        Err(CharterError::NoSuccessor { version, before, why })
    };
    if Some(next.body.version) != before.version().checked_add(1) {
        return refuse("the versions are counted one by one");
    }
    if next.body.name != *before.name() {
        return refuse("the name of a network never changes");
    }
    if next.body.made_at < before.made_at() {
        return refuse("it says that it was made before it");
    }
    if next.body.members == before.body().members
        && next.body.witnesses == before.body().witnesses
        && next.body.rules == before.body().rules
    {
        return refuse("it changes nothing");
    }
    Ok(())
}

fn check_members(before: &Version, next: &Checked) -> Result<(), CharterError> {
    let version = next.body.version;
    let used = |code: &MemberCode| before.ended().iter().any(|ended| ended.member == *code);
    for card in &next.cards {
        let member = card.code.clone();
        if used(&card.code) {
            let why = "list again the removed member";
            return Err(CharterError::Member { version, member, why });
        }
        if before.member(&card.code).is_some_and(|was| was.kind != card.kind) {
            let why = "change the kind of";
            return Err(CharterError::Member { version, member, why });
        }
    }
    Ok(())
}

/// What had ended has, and the logs of those who are removed end where it says.
fn check_ended(before: &Version, next: &Checked) -> Result<(), CharterError> {
    let version = next.body.version;
    let refuse = |member: &MemberCode, why| {
        Err(CharterError::Member { version, member: member.clone(), why })
    };
    let kept = |one: &&Ended| !next.ended.contains(one);
    if let Some(one) = before.ended().iter().find(kept) {
        return refuse(&one.member, "change where the log ended of");
    }
    let removed = |code: &MemberCode| before.member(code).is_some() && next.card(code).is_none();
    let had = |one: &Ended| before.ended().contains(one);
    if let Some(one) = next.ended.iter().find(|one| !had(one) && !removed(&one.member)) {
        return refuse(&one.member, "end the log without removing the member");
    }
    let says = |code: &MemberCode| next.ended.iter().any(|one| one.member == *code);
    let silent = before.members().iter().find(|card| removed(&card.code) && !says(&card.code));
    match silent {
        Some(card) => refuse(&card.code, "leave open where the log ends of the removed member"),
        None => Ok(()),
    }
}

fn change(before: &Version, next: &Checked) -> Change {
    let codes = |cards: &[Card]| cards.iter().map(|card| card.code.clone()).collect::<Vec<_>>();
    let same = codes(before.members()) == codes(&next.cards)
        && before.body().witnesses == next.body.witnesses
        && before.body().rules == next.body.rules;
    if same { Change::Keys } else { Change::Membership }
}
