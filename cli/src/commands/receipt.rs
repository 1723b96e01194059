//! `cairn receipt`: one entry as a file that anybody can verify; and what such a file proves.

use super::Context;
use super::args::place;
use super::witness::Seen;
use crate::audit::open_file;
use crate::failure::{Answer, Failure, Outcome};
use crate::home::{cannot, replace};
use crate::{describe, print, signing};
use cairn_casebook::fact::kind_row;
use cairn_casebook::{Fact, Reading};
use cairn_ledger::note::RawNote;
use cairn_ledger::receipt::RECEIPT_BYTES_MAX;
use cairn_ledger::{Cosigner, MemberCode, NetworkId, RawReceipt, Receipt, WitnessKey};
use clap::Args;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// How a receipt's file name ends.
pub(super) const EXTENSION: &str = "tlog-proof";

/// What is typed behind `cairn receipt`.
#[derive(Debug, Args)]
pub(super) struct ReceiptArgs {
    /// The entry, as `cairn log` and `cairn case show` name it: COD/17
    #[arg(value_name = "CODE/POSITION", value_parser = place)]
    entry: (MemberCode, u64),
    /// The file to write; CODE-POSITION.tlog-proof when nothing is said
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// For a notification: under the first checkpoint that the notified member's node has cosigned, which
    /// proves since when that node held it
    #[arg(long, value_name = "CODE")]
    held_by: Option<MemberCode>,
}

pub(super) fn run(context: &Context, args: &ReceiptArgs) -> Outcome {
    let (member, position) = &args.entry;
    let client = context.client()?;
    let path = args.out.clone();
    let path = path.unwrap_or_else(|| format!("{member}-{position}.{EXTENSION}").into());
    if path.exists() {
        return Err(Failure::no(format!("{} exists already", path.display()))
            .hint("name a new file with --out; receipts are not overwritten"));
    }
    let bytes = client.receipt(member, *position, args.held_by.as_ref())?;
    let network = match context.config()? {
        Some(config) => config.network,
        None => client.status()?.network,
    };
    // What the node gives is checked as a stranger would before it is kept.
    let (receipt, _) = check(&bytes, network)?;
    let found = (&receipt.entry.statement().member, receipt.entry.position());
    if found != (member, *position) {
        let (found, at) = found;
        return Err(Failure::no(format!(
            "the node gave the receipt of {found}/{at}, {member}/{position} was asked for"
        ))
        .hint("ask another member's node, with --node URL"));
    }
    replace(&path, &bytes)?;
    if context.json {
        print::json(&value(&receipt, &path, network));
    } else {
        explain(&receipt, &[]);
        print::line(format!("written to {}", path.display()));
        print::remark(format!(
            "check it with: cairn verify {} --network {network}",
            path.display()
        ));
    }
    Ok(Answer::Yes)
}

/// True for a file that begins as a receipt does.
pub(super) fn is_receipt(path: &Path) -> bool {
    let mut begin = [0; cairn_ledger::receipt::MAGIC.len()];
    let read = open_file(path).and_then(|mut file| file.read_exact(&mut begin));
    read.is_ok() && begin == *cairn_ledger::receipt::MAGIC.as_bytes()
}

/// Verifies a receipt's file, and says what it proves and what not.
pub(super) fn verify(
    context: &Context,
    path: &Path,
    network: NetworkId,
    witnesses: &[WitnessKey],
) -> Outcome {
    let mut bytes = Vec::new();
    let file = open_file(path).map_err(|error| cannot("read", path, &error))?;
    let read = file.take(RECEIPT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| cannot("read", path, &error))?;
    let (receipt, note) = match check(&bytes, network) {
        Ok(checked) => checked,
        Err(failure) if context.json => {
            print::json(&serde_json::json!({
                "network": network, "path": path, "result": "refuted", "reason": failure.what,
            }));
            return Ok(failure.answer);
        }
        Err(failure) => {
            print::line(format!("REFUTED  {}: {}", path.display(), failure.what));
            return Ok(failure.answer);
        }
    };
    let outside: Vec<_> = witnesses.iter().map(|witness| Seen::read(witness, &note)).collect();
    let size = receipt.cosigned.checkpoint().size();
    if context.json {
        let mut value = value(&receipt, path, network);
        if !outside.is_empty() {
            let witnesses: Vec<_> = outside.iter().map(Seen::value).collect();
            value["witnesses"] = witnesses.into();
        }
        print::json(&value);
    } else {
        explain(&receipt, &outside);
        print::line("true: every signature and the place in the log were checked");
        let missing = outside.iter().filter(|seen| !seen.is_seen());
        missing.for_each(|seen| print::line(seen.tell(size)));
    }
    Ok(if outside.iter().all(Seen::is_seen) { Answer::Yes } else { Answer::No })
}

/// Checks a receipt, and gives its note back with the lines that the charter says nothing about.
pub(super) fn check(bytes: &[u8], network: NetworkId) -> Result<(Receipt, RawNote), Failure> {
    let refuted = |why: &dyn std::fmt::Display| Failure::no(why.to_string());
    let raw = RawReceipt::decode(bytes).map_err(|why| refuted(&why))?;
    let receipt = raw.verify(network).map_err(|why| refuted(&why))?;
    let note = RawNote::decode(raw.note().as_bytes()).map_err(|why| refuted(&why))?;
    Ok((receipt, note))
}

fn explain(receipt: &Receipt, outside: &[Seen]) {
    let Receipt { charter, entry, cosigned } = receipt;
    let (statement, position) = (entry.statement(), entry.position());
    let (member, size) = (&statement.member, cosigned.checkpoint().size());
    let reading = Reading::of(statement.kind, &statement.body);
    let kind = kind_row(statement.kind).map_or("a statement", |row| row.title);
    print::line(format!("{member}/{position}  {kind}"));
    if let Some(fact) = reading.fact() {
        print::line(format!("  {}", describe::fact(fact)));
    }
    print::line("");
    print::line("proven:");
    for signature in entry.signed().signatures() {
        print::line(format!("  the key {} signed exactly this statement", signature.key));
    }
    print::line(format!(
        "  the log of {} in {} holds it at position {position}, among its first {size} entries",
        describe::member(charter, member),
        charter.name()
    ));
    for (cosigner, cosignature) in cosigned.cosignatures() {
        let who = describe::cosigner(charter, cosigner);
        let at = describe::second(cosignature.time);
        let notified = reading.fact().and_then(Fact::notifies).map(Cosigner::Member);
        let notified = if notified.as_ref() == Some(cosigner) {
            ": it is the State that this notifies, and had the notification then"
        } else {
            ""
        };
        print::line(format!("  {who} held it at {at}, by its own clock{notified}"));
    }
    let seen = outside.iter().filter(|seen| seen.is_seen());
    seen.for_each(|seen| print::line(format!("  {}", seen.tell(size))));
    let (members, needed) = (cosigned.members(member), charter.rules().confirm);
    let confirmed = if receipt.is_confirmed() { "confirmed" } else { "NOT confirmed" };
    print::line(format!(
        "  {confirmed}: {members} members stand behind it, the charter asks for {needed}"
    ));
    if !receipt.stands() {
        print::line(
            "  its log had ended before it: the charter has removed its member, and it stands for nothing",
        );
    }
    print::line("not proven:");
    print::line("  that what it says is true, or still stands: later entries may correct it");
    print::line(
        "  that the key was authorised: the members' nodes judge that by the log before it",
    );
    let made = signing::moment(statement.made_at);
    print::line(format!("  that it was made at {made}, as its author says"));
}

fn value(receipt: &Receipt, path: &Path, network: NetworkId) -> serde_json::Value {
    let Receipt { charter, entry, cosigned } = receipt;
    let statement = entry.statement();
    let cosignatures: Vec<_> = cosigned
        .cosignatures()
        .iter()
        .map(|(by, it)| serde_json::json!({ "cosigner": by.name(), "time": it.time }))
        .collect();
    let signers: Vec<_> = entry.signed().signatures().iter().map(|one| one.key).collect();
    let mut value = serde_json::json!({
        "network": network,
        "path": path,
        "result": "true",
        "member": statement.member,
        "position": entry.position(),
        "entry": entry.hash(),
        "statement": entry.signed().id(),
        "signers": signers,
        "made_at": statement.made_at,
        "size": cosigned.checkpoint().size(),
        "cosignatures": cosignatures,
        "members": cosigned.members(&statement.member),
        "needed": charter.rules().confirm,
        "confirmed": receipt.is_confirmed(),
    });
    if !receipt.stands() {
        value["stands"] = false.into();
    }
    value
}
