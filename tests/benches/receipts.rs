//! Receipts, as a node makes them for a client, and as anybody verifies them.

use crate::http::{Http, submission};
use crate::limits::Limits;
use crate::network::Network;
use crate::table::Table;
use anyhow::{Context, ensure};
use cairn_api::route;
use cairn_ledger::RawReceipt;
use rayon::prelude::*;
use std::path::Path;
use std::time::{Duration, Instant};

const MEMBERS: usize = 3;
const ENTRIES: u64 = 2_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// From a node of three that hold 2,000 entries, all of them confirmed.
pub(crate) fn run(folder: &Path, limits: &Limits, table: &mut Table) -> anyhow::Result<()> {
    let network = Network::found(&folder.join("receipts"), MEMBERS)?;
    let nodes: Vec<_> =
        network.members.iter().map(|member| member.start()).collect::<Result<_, _>>()?;
    nodes.iter().try_for_each(|node| node.wait_for_peers(MEMBERS - 1))?;
    let contributor = &network.members[0].contributor;
    let mut http = Http::connect(nodes[0].http)?;
    http.submit(&submission(&contributor.authorisation()))?;
    for statement in contributor.notes(0..ENTRIES - 1) {
        http.submit(&submission(&statement))?;
    }
    let began = Instant::now();
    let confirmed = || -> anyhow::Result<u64> {
        let log = nodes[0].status()?.logs.into_iter().find(|log| log.member == contributor.member);
        Ok(log.context("no log")?.confirmed)
    };
    while confirmed()? < ENTRIES {
        ensure!(began.elapsed() < PATIENCE, "the entries are not confirmed");
        std::thread::sleep(Duration::from_millis(20));
    }
    let path = route::RECEIPT.replace("{member}", contributor.member.as_str());
    let began = Instant::now();
    let ask = |position: u64| http.get(&path.replace("{position}", &position.to_string()));
    let receipts: Vec<_> = (0..ENTRIES).map(ask).collect::<Result<_, _>>()?;
    let rate = ENTRIES as f64 / began.elapsed().as_secs_f64();
    nodes.into_iter().try_for_each(crate::network::Node::stop)?;
    table.row(
        "receipts made, one by one, over HTTP",
        format!("{rate:.0}/s, {} bytes each", receipts[receipts.len() / 2].len()),
        format!("{:.2} of loopback round trips", rate * limits.round_trip),
        "-",
    );
    verify(&receipts, &network, limits, table)
}

fn verify(
    receipts: &[Vec<u8>],
    network: &Network,
    limits: &Limits,
    table: &mut Table,
) -> anyhow::Result<()> {
    let id = network.charter.network();
    let began = Instant::now();
    let lines = receipts.par_iter().map(|receipt| -> anyhow::Result<usize> {
        let receipt = RawReceipt::decode(receipt)?.verify(id)?;
        Ok(receipt.cosigned.cosignatures().len())
    });
    let lines = lines.sum::<anyhow::Result<usize>>()? as f64;
    let rate = receipts.len() as f64 / began.elapsed().as_secs_f64();
    // Every member's card carries a signature of each of its four keys, the charter one of each
    // member's root key; then come the contributor, the log and the cosigners.
    let checks = (MEMBERS * 5 + 2) as f64 + lines / receipts.len() as f64;
    table.row(
        "receipts verified, each by itself, on all cores",
        format!("{rate:.0}/s"),
        format!(
            "{:.2} of all cores' strict checks, {checks:.0} each",
            rate * checks / limits.checks_all_cores
        ),
        "-",
    );
    Ok(())
}
