//! What an audit has found, and what follows from it for the answer.

use super::Proof;
use crate::audit::{Archive, Audited, Change, LogCopy, Part};
use crate::failure::Answer;
use cairn_ledger::{Charter, Cosigner, MemberCode, NetworkId};
use std::collections::BTreeMap;

/// Everything that there is to report.
pub(super) struct Findings {
    pub(super) network: NetworkId,
    /// The older one first.
    pub(super) archives: Vec<Archive>,
    /// By member.
    pub(super) audited: Vec<Audited>,
    /// The proofs that were asked for.
    pub(super) proofs: BTreeMap<MemberCode, Proof>,
    /// Seconds since 1970.
    pub(super) now: u64,
    /// Cosignatures before this time do not count, if that is asked for.
    pub(super) since: Option<u64>,
}

/// The oldest of the newest cosignatures.
pub(super) struct Oldest<'a> {
    pub(super) time: u64,
    pub(super) cosigner: &'a Cosigner,
    pub(super) log: &'a MemberCode,
}

fn worse(one: Answer, other: Answer) -> Answer {
    match (one, other) {
        (Answer::No, _) | (_, Answer::No) => Answer::No,
        (Answer::Unknown, _) | (_, Answer::Unknown) => Answer::Unknown,
        (Answer::Yes, Answer::Yes) => Answer::Yes,
    }
}

fn of_part<T, R>(part: &Part<T, R>) -> Answer {
    match part {
        Part::Missing | Part::True(_) => Answer::Yes,
        Part::Refuted(_) => Answer::No,
        Part::Unreadable(_) => Answer::Unknown,
    }
}

fn of_copy(copy: &LogCopy) -> Answer {
    let fork = if copy.fork.held().is_some() { Answer::No } else { of_part(&copy.fork) };
    let gap = if copy.gap().is_some() { Answer::Unknown } else { Answer::Yes };
    [of_part(&copy.log), of_part(&copy.cosigned), fork, gap].into_iter().fold(Answer::Yes, worse)
}

fn of_change(change: Change) -> Answer {
    match change {
        Change::Nothing | Change::Began | Change::Same | Change::Grew => Answer::Yes,
        Change::Shorter | Change::Gone | Change::PastChanged => Answer::No,
        Change::Unknown => Answer::Unknown,
    }
}

impl Findings {
    /// No when something is refuted, forked or has changed its past; unknown when something could not
    /// be read, is not here though it was promised, or is older than was asked for.
    pub(super) fn answer(&self) -> Answer {
        let mut answer = Answer::Yes;
        for archive in &self.archives {
            if archive.files.is_empty() || !archive.strangers.is_empty() {
                answer = worse(answer, Answer::Unknown);
            }
        }
        for one in &self.audited {
            answer = one.copies.iter().map(of_copy).fold(answer, worse);
            answer = one.change().map(of_change).into_iter().fold(answer, worse);
            if !one.contradictions.is_empty() {
                answer = Answer::No;
            }
            if self.is_stale(one) {
                answer = worse(answer, Answer::Unknown);
            }
        }
        answer
    }

    /// The archive that tells how things are: the newer one.
    pub(super) fn newest(&self) -> Option<&Archive> {
        self.archives.last()
    }

    /// What the newest archive holds of each member.
    pub(super) fn copies(&self) -> impl Iterator<Item = (&Audited, &LogCopy)> {
        self.audited.iter().filter_map(|one| Some((one, one.copies.last()?)))
    }

    /// The logs of which nothing is shown to have enough members behind it.
    pub(super) fn unconfirmed(&self) -> Vec<&MemberCode> {
        let Some(archive) = self.newest() else { return Vec::new() };
        let confirmed = |(one, copy): &(&Audited, &LogCopy)| {
            let cosigned = copy.cosigned.held();
            cosigned.is_some_and(|it| it.is_confirmed(&archive.charter, &one.member))
        };
        let begun = self.copies().filter(|(_, copy)| copy.size() != Some(0));
        begun.filter(|one| !confirmed(one)).map(|(one, _)| &one.member).collect()
    }

    /// True when fewer members than the charter asks for have cosigned the log lately enough.
    pub(super) fn is_stale(&self, one: &Audited) -> bool {
        let (Some(since), Some(archive), Some(copy)) =
            (self.since, self.newest(), one.copies.last())
        else {
            return false;
        };
        if copy.size() == Some(0) {
            return false;
        }
        let lately = copy.cosigned.held().map_or(0, |cosigned| {
            let others = cosigned.cosignatures().iter();
            let others = others.filter(|(by, it)| it.time >= since && is_other(by, &one.member));
            others.count()
        });
        lately.saturating_add(1) < usize::from(archive.charter.rules().confirm)
    }

    /// The oldest cosignature, of the newest ones on each log.
    pub(super) fn oldest(&self) -> Option<Oldest<'_>> {
        let all = self.copies().filter_map(|(one, copy)| Some((one, copy.cosigned.held()?)));
        let lines = all.flat_map(|(one, cosigned)| {
            let lines = cosigned.cosignatures().iter();
            lines.map(|(cosigner, it)| Oldest { time: it.time, cosigner, log: &one.member })
        });
        lines.min_by_key(|line| line.time)
    }

    /// Who has not cosigned which logs, as far as the newest archive shows.
    pub(super) fn not_cosigned(&self) -> BTreeMap<Cosigner, Vec<&MemberCode>> {
        let mut missing = BTreeMap::<_, Vec<_>>::new();
        let Some(archive) = self.newest() else { return missing };
        for (one, copy) in self.copies().filter(|(_, copy)| copy.size() != Some(0)) {
            for cosigner in missing_of(copy, &one.member, &archive.charter) {
                missing.entry(cosigner).or_default().push(&one.member);
            }
        }
        missing
    }
}

fn is_other(cosigner: &Cosigner, author: &MemberCode) -> bool {
    matches!(cosigner, Cosigner::Member(code) if code != author)
}

/// The cosigners that the charter lists and that are not on a log's cosigned checkpoint.
pub(super) fn missing_of<'a>(
    copy: &'a LogCopy,
    author: &'a MemberCode,
    charter: &'a Charter,
) -> impl Iterator<Item = Cosigner> + 'a {
    let there = copy.cosigned.held().map(|cosigned| cosigned.cosignatures());
    charter.cosigners().filter(move |cosigner| {
        *cosigner != Cosigner::Member(author.clone())
            && !there.is_some_and(|there| there.contains_key(cosigner))
    })
}
