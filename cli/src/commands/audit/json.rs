//! An audit's report for programs.

use super::findings::{Findings, missing_of};
use crate::audit::{Archive, Audited, Change, Gap, LogCopy, Part};
use crate::commands::fork::summary;
use crate::commands::verify::unknown_kinds;
use crate::failure::Answer;
use crate::verify::{Refutation, Verified};
use cairn_api::authority::marked;
use cairn_ledger::{Cosigned, MemberCode};
use serde_json::{Value, json};
use std::path::Path;

pub(super) fn report(findings: &Findings, from: &str, answer: Answer) -> Value {
    let result = match answer {
        Answer::Yes => "true",
        Answer::No => "no",
        Answer::Unknown => "unknown",
    };
    let archives = findings.archives.iter().enumerate();
    let archives: Vec<_> =
        archives.map(|(number, archive)| of_archive(findings, archive, number)).collect();
    let contradictions = findings.audited.iter().filter_map(|one| contradiction(findings, one));
    let changes = findings.audited.iter().filter_map(change);
    let oldest = findings.oldest().map(|oldest| {
        json!({ "time": oldest.time, "cosigner": oldest.cosigner.name(), "log": oldest.log })
    });
    json!({
        "network": findings.network,
        "network_from": from,
        "result": result,
        "archives": archives,
        "changes": changes.collect::<Vec<_>>(),
        "contradictions": contradictions.collect::<Vec<_>>(),
        "oldest_cosignature": oldest,
        "cosigned_since": findings.since,
    })
}

fn of_archive(findings: &Findings, archive: &Archive, number: usize) -> Value {
    let logs = findings.audited.iter().filter_map(|one| {
        let copy = one.copies.get(number)?;
        let mut value = of_copy(&one.member, copy, archive);
        if number + 1 == findings.archives.len() {
            value["stale"] = findings.is_stale(one).into();
        }
        archive.files.contains_key(&one.member).then_some(value)
    });
    json!({
        "folder": archive.folder,
        "charter": archive.charter_file,
        "name": archive.charter.name(),
        "needed": archive.charter.rules().confirm,
        "logs": logs.collect::<Vec<_>>(),
        "nothing_of": archive.missing(),
        "not_looked_at": archive.strangers,
    })
}

fn of_copy(member: &MemberCode, copy: &LogCopy, archive: &Archive) -> Value {
    let missing: Vec<_> =
        missing_of(copy, member, &archive.charter).map(|by| by.to_string()).collect();
    let gap = copy.gap().map(|gap| match gap {
        Gap::NoLog { promised } => json!({ "found": 0, "promised": promised }),
        Gap::Short { found, promised } => json!({ "found": found, "promised": promised }),
    });
    let cosigned = |cosigned: &Cosigned| of_cosigned(cosigned, archive, member);
    let (files, why) = (&copy.files, ToString::to_string);
    json!({
        "member": member,
        "log": part(files.log.as_deref(), &copy.log, of_log, refuted),
        "cosigned": part(
            files.cosigned.as_deref(), &copy.cosigned, cosigned, |refuted| reason(why(refuted)),
        ),
        "fork": part(
            files.fork.as_deref(), &copy.fork, summary, |refuted| reason(refuted.to_string()),
        ),
        "not_cosigned_by": missing,
        "gap": gap,
    })
}

fn part<T, R>(
    path: Option<&Path>,
    part: &Part<T, R>,
    held: impl FnOnce(&T) -> Value,
    refuted: impl FnOnce(&R) -> Value,
) -> Option<Value> {
    let (result, mut value) = match part {
        Part::Missing => return None,
        Part::True(one) => ("true", held(one)),
        Part::Refuted(why) => ("refuted", refuted(why)),
        Part::Unreadable(error) => ("unknown", reason(error.to_string())),
    };
    value["result"] = result.into();
    value["path"] = json!(path);
    Some(value)
}

fn reason(why: String) -> Value {
    json!({ "reason": why })
}

fn refuted(refuted: &Refutation) -> Value {
    json!({
        "position": refuted.position,
        "offset": refuted.offset,
        "reason": refuted.reason.to_string(),
    })
}

fn of_log(log: &Verified) -> Value {
    let unknown: Vec<_> = unknown_kinds(log)
        .map(|(kind, count)| json!({ "kind": kind, "statements": count }))
        .collect();
    json!({
        "size": log.size,
        "ends": log.ends(),
        "root": log.root,
        "last": log.last,
        "signatures": log.signatures,
        "unknown_kinds": unknown,
        "compromised": marked(&log.authority),
        "bytes": log.bytes,
    })
}

fn of_cosigned(cosigned: &Cosigned, archive: &Archive, member: &MemberCode) -> Value {
    let lines = cosigned.cosignatures().iter();
    let lines: Vec<_> =
        lines.map(|(by, it)| json!({ "cosigner": by.name(), "time": it.time })).collect();
    json!({
        "size": cosigned.checkpoint().size(),
        "members": cosigned.members(member),
        "confirmed": cosigned.is_confirmed(&archive.charter, member),
        "cosignatures": lines,
    })
}

fn change(one: &Audited) -> Option<Value> {
    let [old, new] = one.copies.as_slice() else { return None };
    let change = match one.change()? {
        Change::Nothing => "nothing",
        Change::Began => "new",
        Change::Same => "same",
        Change::Grew => "grew",
        Change::Shorter => "shorter",
        Change::Gone => "gone",
        Change::PastChanged => "past_changed",
        Change::Unknown => "unknown",
    };
    let (old, new) = (old.size(), new.size());
    Some(json!({ "member": one.member, "change": change, "old": old, "new": new }))
}

fn contradiction(findings: &Findings, one: &Audited) -> Option<Value> {
    let contradiction = one.contradiction()?;
    let sides = contradiction.sides.iter().map(|side| {
        let folder = findings.archives.get(side.archive).map(|archive| &archive.folder);
        let head = side.cosigned.checkpoint().head();
        json!({ "archive": folder, "size": head.size, "root": head.root })
    });
    let proof = findings.proofs.get(&one.member).map(|proof| match proof {
        Ok((path, fork)) => {
            let mut value = summary(fork);
            value["path"] = json!(path);
            value
        }
        Err(failure) => reason(failure.what.clone()),
    });
    Some(json!({
        "member": one.member,
        "differ_within": contradiction.size,
        "sides": sides.collect::<Vec<_>>(),
        "proof": proof,
    }))
}
