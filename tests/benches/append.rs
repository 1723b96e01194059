//! Appending: one by one, from 64 submitters at once, and until four others show it.

use crate::http::{Http, submission};
use crate::limits::{Limits, flushes};
use crate::network::Network;
use crate::table::Table;
use std::path::Path;
use std::sync::Barrier;
use std::time::Instant;

/// One submitter, who waits for each acknowledgement.
pub(crate) fn one_by_one(folder: &Path, table: &mut Table) -> anyhow::Result<()> {
    let network = Network::found(&folder.join("one"), 1)?;
    let member = &network.members[0];
    let node = member.start()?;
    let mut http = Http::connect(node.http)?;
    http.submit(&submission(&member.contributor.authorisation()))?;
    let requests: Vec<_> = member.contributor.notes(0..5000).iter().map(submission).collect();
    let before = flushes(folder)?;
    let began = Instant::now();
    for request in &requests {
        http.submit(request)?;
    }
    let rate = requests.len() as f64 / began.elapsed().as_secs_f64();
    // The disk's own rate drifts; what stands beside the measurement counts.
    let flushes = f64::midpoint(before, flushes(folder)?);
    table.row(
        "durable append, one by one, over HTTP",
        format!("{rate:.0}/s"),
        format!("{:.2} of the disk's {flushes:.0} fdatasync/s", rate / flushes),
        "0.8",
    );
    node.stop()
}

/// 64 submitters, each of whom waits for each acknowledgement.
pub(crate) fn many_submitters(
    folder: &Path,
    limits: &Limits,
    table: &mut Table,
) -> anyhow::Result<()> {
    const SUBMITTERS: usize = 64;
    const EACH: usize = 500;
    let network = Network::found(&folder.join("many"), 1)?;
    let member = &network.members[0];
    let node = member.start()?;
    Http::connect(node.http)?.submit(&submission(&member.contributor.authorisation()))?;
    let notes = member.contributor.notes(0..(SUBMITTERS * EACH) as u64);
    let requests: Vec<_> = notes.iter().map(submission).collect();
    let (barrier, address) = (Barrier::new(SUBMITTERS + 1), node.http);
    let work = |requests: &[Vec<u8>]| -> anyhow::Result<()> {
        let mut http = Http::connect(address)?;
        barrier.wait();
        requests.iter().try_for_each(|request| http.submit(request))
    };
    let rate = std::thread::scope(|scope| -> anyhow::Result<f64> {
        let work = &work;
        let threads: Vec<_> =
            requests.chunks(EACH).map(|part| scope.spawn(move || work(part))).collect();
        barrier.wait();
        let began = Instant::now();
        for thread in threads {
            thread.join().map_err(|_| anyhow::anyhow!("a submitter panicked"))??;
        }
        Ok(requests.len() as f64 / began.elapsed().as_secs_f64())
    })?;
    table.row(
        "64 submitters at once, durable, over HTTP",
        format!("{rate:.0}/s"),
        format!("{:.2} of one core's strict checks", rate / limits.checks_one_core),
        "0.35",
    );
    node.stop()
}

/// From handing a statement in at one node until four others have announced it.
pub(crate) fn visible(folder: &Path, limits: &Limits, table: &mut Table) -> anyhow::Result<()> {
    let network = Network::found(&folder.join("visible"), 5)?;
    let nodes: Vec<_> =
        network.members.iter().map(crate::network::Member::start).collect::<Result<_, _>>()?;
    for node in &nodes {
        node.wait_for_peers(4)?;
    }
    let contributor = &network.members[0].contributor;
    let mut http = Http::connect(nodes[0].http)?;
    http.submit(&submission(&contributor.authorisation()))?;
    for node in &nodes {
        node.wait_for(&contributor.member, 1)?;
    }
    let mut listeners = Vec::new();
    for node in nodes.iter().skip(1) {
        let mut listener = Http::connect(node.http)?;
        listener.listen()?;
        listeners.push(listener);
    }
    let mut times = Vec::new();
    for (number, note) in (2..).zip(contributor.notes(0..300)) {
        let request = submission(&note);
        let (wanted, began) = (format!("\"to\":{number}}}"), Instant::now());
        http.submit(&request)?;
        for listener in &mut listeners {
            while !listener.line()?.contains(&wanted) {}
        }
        times.push(began.elapsed().as_secs_f64());
        // The next one does not follow on the heels of this one's checkpoint.
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    times.sort_by(f64::total_cmp);
    let p50 = times[times.len() / 2];
    let limit = 1.0 / limits.flushes + limits.round_trip;
    table.row(
        "handed in at one node to visible on four others, p50",
        format!("{:.2} ms", p50 * 1e3),
        format!("{:.1} x (one flush + one TCP round trip)", p50 / limit),
        "2",
    );
    nodes.into_iter().try_for_each(crate::network::Node::stop)
}
