//! What a fork proof's file proves, and against whom.

use super::Context;
use crate::audit::{CHARTER, FORK, read_bounded};
use crate::failure::{Answer, Failure, Outcome};
use crate::home::cannot;
use crate::{describe, print};
use cairn_ledger::charter::CHARTERS_BYTES_MAX;
use cairn_ledger::fork::{FORK_BYTES_MAX, ForkError, RawFork};
use cairn_ledger::{Charter, Cosigned, Fork, NetworkId};
use std::path::Path;

/// True for a file that is named as a fork proof is.
pub(super) fn is_fork(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == FORK)
}

/// Verifies a fork proof by a charter that founds the network, and says what it proves and what not.
pub(super) fn verify(
    context: &Context,
    path: &Path,
    charter: Option<&Path>,
    network: NetworkId,
) -> Outcome {
    let bytes = read_bounded(path, FORK_BYTES_MAX).map_err(|error| cannot("read", path, &error))?;
    let charter = match charter {
        Some(file) => believed(file, network)?,
        None => believed(&path.with_file_name(CHARTER), network)?,
    };
    let checked = RawFork::decode(&bytes).map_err(ForkError::from);
    match checked.and_then(|raw| raw.verify(&charter)) {
        Ok(fork) if context.json => print::json(&value(&fork, path, network)),
        Ok(fork) => explain(&fork, &charter),
        Err(why) => {
            if context.json {
                print::json(&serde_json::json!({
                    "network": network, "path": path, "result": "refuted",
                    "reason": why.to_string(),
                }));
            } else {
                print::line(format!("REFUTED  {}: {why}", path.display()));
            }
            return Ok(Answer::No);
        }
    }
    Ok(Answer::Yes)
}

fn believed(path: &Path, network: NetworkId) -> Result<Charter, Failure> {
    let bytes = read_bounded(path, CHARTERS_BYTES_MAX).map_err(|error| {
        cannot("read", path, &error).hint(
            "a fork proof is judged by the network's charter: name it with --charter FILE; every \
             archive holds one",
        )
    })?;
    Charter::verify(&bytes, Some(network))
        .map_err(|why| Failure::no(format!("{} is refused: {why}", path.display())))
}

/// How the two histories are told apart, in plain words.
pub(super) fn sentence(fork: &Fork) -> String {
    let size = fork.raw().size;
    format!(
        "the log key of {} has signed two histories that differ within the first {size} entries",
        fork.log()
    )
}

/// Who stands behind both, in plain words.
pub(super) fn convicted(fork: &Fork) -> String {
    match fork.cosigners_of_both().as_slice() {
        [] => "nobody is shown to have cosigned both".into(),
        both => format!("cosigned both: {}", describe::joined(both)),
    }
}

fn explain(fork: &Fork, charter: &Charter) {
    let log = describe::member(charter, fork.log());
    print::line(format!("a fork of the log of {log} in {}", charter.name()));
    print::line("");
    print::line("proven:");
    print::line(format!("  {}", sentence(fork)));
    for (side, cosigned) in fork.raw().sides.iter().zip(fork.sides()) {
        let size = cosigned.checkpoint().size();
        print::line(format!(
            "  one is promised by a signed checkpoint of {size} entries; its first {} have the root {}",
            fork.raw().size,
            side.root
        ));
        cosigners(cosigned, charter);
    }
    print::line(format!("  {}", convicted(fork)));
    print::line("not proven:");
    print::line("  which of the two is the one that was there first, or why there are two");
    print::line(format!(
        "  anything against the first {} entries, unless a proof of fewer is found",
        fork.position()
    ));
    print::line("true: both promises are signed, and they cannot both be kept");
}

fn cosigners(cosigned: &Cosigned, charter: &Charter) {
    for (cosigner, cosignature) in cosigned.cosignatures() {
        let who = describe::cosigner(charter, cosigner);
        let at = describe::second(cosignature.time);
        print::line(format!("    {who} cosigned it at {at}, by its own clock"));
    }
}

fn value(fork: &Fork, path: &Path, network: NetworkId) -> serde_json::Value {
    let mut value = summary(fork);
    value["network"] = serde_json::json!(network);
    value["path"] = serde_json::json!(path);
    value["result"] = "true".into();
    value
}

/// What a fork proof says, for programs.
pub(super) fn summary(fork: &Fork) -> serde_json::Value {
    let side = |(side, cosigned): (&cairn_ledger::fork::RawSide, &Cosigned)| {
        let lines = cosigned.cosignatures().iter();
        let lines: Vec<_> = lines
            .map(|(by, it)| serde_json::json!({ "cosigner": by.name(), "time": it.time }))
            .collect();
        serde_json::json!({
            "root": side.root,
            "size": cosigned.checkpoint().size(),
            "cosignatures": lines,
        })
    };
    let sides: Vec<_> = fork.raw().sides.iter().zip(fork.sides()).map(side).collect();
    let both: Vec<_> = fork.cosigners_of_both().iter().map(ToString::to_string).collect();
    serde_json::json!({
        "log": fork.log(),
        "differ_within": fork.raw().size,
        "sides": sides,
        "cosigners_of_both": both,
    })
}
