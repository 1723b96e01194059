//! A charter, its versions, and what an amendment changes: as people read it.

use crate::print::{self, Rows};
use crate::{describe, signing};
use cairn_ledger::card::Card;
use cairn_ledger::charter::{CharterError, Ended, PendingCharter, Rules, Version};
use cairn_ledger::{Charter, MemberCode};

/// How many digits of a root people compare: as many as `cairn status` shows.
const ROOT_DIGITS: usize = 16;

/// The version in force: its members with their keys, its rules, who was removed.
pub(super) fn in_force(charter: &Charter) {
    let version = charter.version();
    print::heading(format!("charter of {}, version {version} in force", charter.name()));
    print::line(format!("network     {}", charter.network()));
    facts(charter, "");
    print::line("");
    let mut table = Rows::new(&["RULE", "WHAT IT ASKS FOR"]);
    rules(charter.rules()).into_iter().for_each(|(rule, asks)| table.push([rule, &asks]));
    table.print();
    print::line("");
    let mut table = Rows::new(&["MEMBER", "KIND", "NAME"]);
    for card in charter.members() {
        table.push([card.code.to_string(), card.kind.to_string(), card.name.to_string()]);
    }
    table.print();
    for card in charter.members() {
        print::line("");
        print::line(format!("keys of {}", card.code));
        keys(card);
    }
    for witness in charter.witnesses() {
        print::line("");
        print::line(format!("witness {}", witness.name));
        key("key", &witness.key);
    }
    if !charter.ended().is_empty() {
        print::line("");
        let mut table = Rows::new(&["REMOVED", "LOG ENDS AFTER", "ROOT"]);
        for ended in charter.ended() {
            table.push([ended.member.to_string(), entries(ended.size), root(ended)]);
        }
        table.print();
    }
}

/// Every version that is or was in force, one line each.
pub(super) fn versions(charter: &Charter) {
    print::heading(format!("charter of {}", charter.name()));
    print::line(format!("network     {}", charter.network()));
    print::line("");
    let mut table = Rows::new(&["VERSION", "DRAFTED", "MEMBERS", "SIGNED BY"]);
    for version in charter.history() {
        table.push([
            version.version().to_string(),
            signing::moment(version.made_at()),
            version.members().len().to_string(),
            describe::joined(version.signers()),
        ]);
    }
    table.print();
}

/// The proof that neither of two successors has force, and who has signed both. True where there is one.
pub(super) fn dispute(charter: &Charter) -> bool {
    let Some([one, other]) = charter.fork() else { return false };
    print::line("");
    let version = charter.version();
    print::banner(format!("two successors of version {version} were signed: neither has force"));
    let both = one.signers().filter(|by| other.signers().any(|also| also == *by));
    print::line(format!("  {}", one.id()));
    print::line(format!("  {}", other.id()));
    print::line(format!("signed both: {}", describe::joined(both)));
    true
}

/// What an amendment changes, and who has signed it.
pub(super) fn change(before: &Version, after: &PendingCharter) {
    print::heading(format!("version {} of the charter", after.version()));
    facts(after, "  ");
    for now in after.members() {
        match before.member(&now.code) {
            None => {
                print::line(format!("  + {} joins: {}, {}", now.code, now.kind, now.name));
                keys(now);
            }
            Some(was) if was != now => changed(was, now),
            Some(_) => {}
        }
    }
    for was in before.members().iter().filter(|was| after.member(&was.code).is_none()) {
        print::line(format!("  - {} is removed: {}", was.code, end(after, &was.code)));
    }
    for now in after.witnesses().iter().filter(|now| !before.witnesses().contains(now)) {
        print::line(format!("  + witness {}", now.name));
        key("key", &now.key);
    }
    for was in before.witnesses().iter().filter(|was| !after.witnesses().contains(was)) {
        print::line(format!("  - witness {}", was.name));
        key("key", &was.key);
    }
    let rows = rules(before.rules()).into_iter().zip(rules(after.rules()));
    for ((rule, was), (_, now)) in rows.filter(|(was, now)| was != now) {
        print::line(format!("  ~ {rule}: {now} (before: {was})"));
    }
}

/// What every version says of itself: which it is, when it was drafted, who has signed it.
fn facts(version: &PendingCharter, indent: &str) {
    print::line(format!("{indent}id          {}", version.id()));
    print::line(format!("{indent}drafted     {}", signing::moment(version.made_at())));
    let signers: Vec<_> = version.signers().collect();
    let (found, needed) = (signers.len(), version.needed());
    let signers = if found == 0 { "nobody".into() } else { describe::joined(signers) };
    print::line(format!("{indent}signed by   {signers}: {found} of {needed} that are needed"));
    match version.check_complete() {
        // How many there are and have to be was said already.
        Ok(()) | Err(CharterError::TooFew { .. }) => {}
        Err(why) => print::line(format!("{indent}missing     {why}")),
    }
}

fn changed(was: &Card, now: &Card) {
    if was.name != now.name {
        print::line(format!("  ~ {} is now called {} (before: {})", now.code, now.name, was.name));
    }
    for ((role, was), (_, now_key)) in was.keys.by_role().iter().zip(now.keys.by_role()) {
        if *was != now_key {
            print::line(format!("  ~ {} has another {role} key", now.code));
            key("before", was);
            key("now", &now_key);
        }
    }
    if was.sealing != now.sealing {
        print::line(format!("  ~ {} has other sealing keys", now.code));
    }
}

/// Where the log of a removed member ends, as the operators compare it with `cairn status`.
fn end(version: &PendingCharter, member: &MemberCode) -> String {
    match version.ended().iter().find(|ended| ended.member == *member) {
        Some(ended) => format!("its log ends after {}, root {}", entries(ended.size), root(ended)),
        None => "it does not say where its log ends".into(),
    }
}

fn entries(size: u64) -> String {
    if size == 1 { "1 entry".into() } else { format!("{size} entries") }
}

fn root(ended: &Ended) -> String {
    ended.root.to_string().chars().take(ROOT_DIGITS).collect()
}

fn keys(card: &Card) {
    card.keys.by_role().iter().for_each(|(role, public)| key(role, public));
}

/// Whole and on one line: it is compared digit by digit.
fn key(role: &str, public: &impl std::fmt::Display) {
    print::line(format!("    {role:<10} {public}"));
}

/// Each rule and what it asks for.
fn rules(rules: &Rules) -> [(&'static str, String); 4] {
    let with = if rules.secretariat_signs { ", the Secretariat among them" } else { "" };
    let sign = |number: u16| {
        format!("{number} {}{with}", if number == 1 { "member signs" } else { "members sign" })
    };
    let two = describe::joined(rules.two_people.iter().map(|kind| describe::kind(*kind)));
    let cosign = if rules.confirm == 1 { "member cosigns" } else { "members cosign" };
    [
        ("members, witnesses and rules change", sign(rules.amend)),
        ("keys change", sign(rules.rotate)),
        ("an entry is confirmed", format!("{} {cosign}", rules.confirm)),
        ("two people sign", if two.is_empty() { "nothing".into() } else { two }),
    ]
}
