//! `cairn verify RECEIPT --opening FILE`: whether this is what a statement has committed to.

use super::Context;
use super::receipt;
use crate::audit::open_file;
use crate::failure::{Answer, Failure, Outcome};
use crate::home::cannot;
use crate::print;
use cairn_ledger::receipt::RECEIPT_BYTES_MAX;
use cairn_ledger::{NetworkId, Receipt};
use cairn_sealing::{Manifest, OPENING_BYTES_MAX, Opening};
use std::io::Read as _;
use std::path::Path;

/// Verifies a receipt, and that an opening is of one of its statement's sealed parts.
pub(super) fn verify(
    context: &Context,
    receipt: &Path,
    opening: &Path,
    network: NetworkId,
) -> Outcome {
    let (proven, _) = receipt::check(&read(receipt, RECEIPT_BYTES_MAX)?, network)?;
    let shown = opening.display();
    let opened = Opening::decode(&read(opening, OPENING_BYTES_MAX)?)
        .map_err(|why| Failure::no(format!("{shown}: {why}")))?;
    let part = matches(&proven, &opened)
        .ok_or_else(|| Failure::no(format!("REFUTED  {shown} is not what was committed to")))?;
    let statement = proven.entry.statement();
    let (member, position) = (&statement.member, proven.entry.position());
    let text = match Manifest::decode(opened.content()) {
        Ok(manifest) => {
            let sha256: String = manifest.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("a file of {} bytes, {}, SHA-256 {sha256}", manifest.size, manifest.name)
        }
        Err(_) => String::from_utf8_lossy(opened.content()).into_owned(),
    };
    if context.json {
        print::json(&serde_json::json!({
            "network": network, "result": "true", "member": member, "position": position,
            "part": part, "content": text, "confirmed": proven.is_confirmed(),
        }));
        return Ok(Answer::Yes);
    }
    print::line(format!("{member}/{position}, part {part}, says:"));
    text.lines().for_each(|line| print::line(format!("  {line}")));
    print::line("true: the statement in the receipt has committed to exactly this");
    print::remark("what the receipt proves besides: cairn verify it alone");
    Ok(Answer::Yes)
}

/// Which part of the statement it opens, if it is one.
fn matches(proven: &Receipt, opened: &Opening) -> Option<u16> {
    let (statement, place) = (proven.entry.statement(), opened.place());
    let same = place.network == statement.network
        && place.member == statement.member
        && place.reference == statement.reference;
    let commitment = opened.commitment();
    let mut parts = statement.sealed.iter().filter(|_| same);
    let found = parts.find(|one| one.part == place.part && one.commitment == commitment);
    found.map(|one| one.part)
}

fn read(path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let file = open_file(path).map_err(|error| cannot("read", path, &error))?;
    let read = file.take(most as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| cannot("read", path, &error))?;
    Ok(bytes)
}
