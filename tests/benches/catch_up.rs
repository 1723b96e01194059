//! An empty node fetches 100,000 entries; what it then weighs; verifying them from the disk.

use crate::limits::Limits;
use crate::network::{Member, Network};
use crate::people::{ENTRY_BYTES, chain};
use crate::table::Table;
use cairn_ledger::bundle;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Instant;

const ENTRIES: u64 = 100_000;

/// Fills a member's log on the disk, before its node is started.
fn fill(member: &Member, entries: u64) -> anyhow::Result<()> {
    let mut statements = vec![member.contributor.authorisation()];
    statements.extend(member.contributor.notes(0..entries - 1));
    let mut bytes = Vec::new();
    for entry in chain(statements) {
        bundle::write(&mut bytes, entry.bytes())?;
    }
    let folder = member.folder.0.join("logs").join(member.contributor.member.as_str());
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join("entries"), bytes)?)
}

/// All of it.
pub(crate) fn run(folder: &Path, limits: &Limits, table: &mut Table) -> anyhow::Result<()> {
    let network = Network::found(&folder.join("catch-up"), 2)?;
    let (full, empty) = (&network.members[0], &network.members[1]);
    let log = &full.contributor.member;
    fill(full, ENTRIES)?;
    let source = full.start()?;
    source.wait_for(log, ENTRIES)?;
    // Its own start-up work is over when it has stopped and started once.
    source.stop()?;
    let source = full.start()?;
    let node = empty.start()?;
    while node.size_of(log)? == 0 {
        std::thread::yield_now();
    }
    let (first, began) = (node.size_of(log)?, Instant::now());
    node.wait_for(log, ENTRIES)?;
    let rate = (ENTRIES - first) as f64 / began.elapsed().as_secs_f64();
    table.row(
        "catch-up of an empty node to 100,000",
        format!("{rate:.0}/s"),
        format!("{:.2} of all cores' strict checks", rate / limits.checks_all_cores),
        "0.6",
    );
    let ((_, peak), (now, _)) = (node.memory()?, source.memory()?);
    let exported = folder.join("exported");
    fs::write(&exported, crate::http::Http::connect(source.http)?.export(log)?)?;
    node.stop()?;
    source.stop()?;
    let weight = weigh(&empty.folder.0.join("logs"))? + weigh(&empty.folder.0.join("second"))?;
    let each = weight as f64 / ENTRIES as f64;
    table.row(
        "bytes on disk per entry, both copies",
        format!("{each:.0} bytes"),
        format!("{:.2} x the entry", each / ENTRY_BYTES as f64),
        "2.5",
    );
    let again = empty.start()?;
    let rested = again.memory()?.0;
    again.stop()?;
    table.row(
        "memory of a node with 100,000 entries",
        format!(
            "{rested:.0} MiB after a start, {now:.0} after serving, {peak:.0} at most in catch-up"
        ),
        format!("{rested:.0} MiB"),
        "64 MiB",
    );
    verify(&exported, &network, limits, table)
}

fn verify(
    file: &Path,
    network: &Network,
    limits: &Limits,
    table: &mut Table,
) -> anyhow::Result<()> {
    let began = Instant::now();
    let reader = fs::File::open(file)?;
    let against = cairn_cli::verify::Against::network(network.charter.network());
    let verified = cairn_cli::verify::verify(reader, &against, &BTreeSet::new(), |_| {});
    verified.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
    let rate = ENTRIES as f64 / began.elapsed().as_secs_f64();
    table.row(
        "verify 100,000 from an exported file",
        format!("{rate:.0}/s"),
        format!("{:.2} of all cores' strict checks", rate / limits.checks_all_cores),
        "0.9",
    );
    Ok(())
}

fn weigh(path: &Path) -> anyhow::Result<u64> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_dir() {
        return Ok(metadata.len());
    }
    fs::read_dir(path)?.map(|entry| weigh(&entry?.path())).sum()
}
