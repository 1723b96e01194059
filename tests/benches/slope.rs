//! What one entry costs when the log is short and when it is long: checked, admitted, written twice.

use crate::network::Network;
use crate::people::chain;
use crate::table::Table;
use cairn_ledger::charter::Amendments;
use cairn_ledger::hash::Bytes;
use cairn_ledger::{Charter, Checkpoint, Entry, Log, bundle};
use cairn_node::store::{Check, Job, Store, Writer};
use cairn_replica::{HeadOf, Input, Limits, Output, RawRange, Replica, Ticket, Time};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

const RANGE: usize = 512;
const SIZES: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Measures processor time, which the disk's moods do not change.
pub(crate) fn run(folder: &Path, table: &mut Table) -> anyhow::Result<()> {
    let network = Network::found(&folder.join("slope"), 2)?;
    let member = &network.members[0];
    let longest = SIZES[SIZES.len() - 1];
    let mut statements = vec![member.contributor.authorisation()];
    statements.extend(member.contributor.notes(0..longest as u64 - 1));
    let entries = chain(statements);
    let mut costs = [0.0; SIZES.len()];
    // There and back again, so that a machine that grows slower meanwhile is not taken for a slope.
    for which in (0..SIZES.len()).chain((0..SIZES.len()).rev()) {
        let size = SIZES[which];
        // Short logs are measured as often as it takes to be comparable.
        let rounds = (200_000 / size).clamp(1, 100);
        let mut cost = 0.0;
        for round in 0..rounds {
            let data = folder.join(format!("slope-{size}-{round}"));
            cost += catch_up(&network, &data, &entries[..size])? / rounds as f64;
            std::fs::remove_dir_all(&data)?;
        }
        println!("  {size} entries: {:.2} us of processor time each", cost * 1e6);
        costs[which] += cost / 2.0;
    }
    let (least, most) = costs
        .iter()
        .fold((f64::MAX, 0.0_f64), |(least, most), cost| (least.min(*cost), most.max(*cost)));
    let measured: Vec<_> = costs.iter().map(|cost| format!("{:.1}", cost * 1e6)).collect();
    table.row(
        "cost of an entry at 1,000, 10,000, 100,000 and a million",
        format!("{} us", measured.join(", ")),
        format!("{:.2} from least to most", most / least),
        "1.05",
    );
    Ok(())
}

/// Takes ranges in as a node does, and returns the processor time of one entry in seconds.
fn catch_up(network: &Network, data: &Path, entries: &[Entry]) -> anyhow::Result<f64> {
    let (author, reader) = (&network.members[0], &network.members[1].contributor.member);
    let charter = Arc::new(network.charter.clone());
    let code = &author.contributor.member;
    let ranges = ranges(author, network, entries)?;
    let opened = Store::open(data, charter.clone(), reader, Check::Tail)?;
    let (done_in, done) = mpsc::channel();
    let writer = Writer::start(opened.store.clone(), move |what| {
        // The measurement has ended when nobody takes it.
        done_in.send(what).ok();
    });
    let key = author.contributor.key.clone();
    let mut replica = Replica::new(
        reader.clone(),
        key,
        Amendments::new(Charter::clone(&charter)),
        Limits::default(),
        opened.restored,
    );
    let trees = &*opened.store;
    drop(replica.handle(Time(0), Input::Connected(code.clone()), trees));
    let began = processor_time();
    for raw in ranges {
        let range = raw.verify(&charter, None)?;
        let checkpoint = range.checkpoint.clone();
        let head = HeadOf { log: code.clone(), checkpoint, cosigned: 0 };
        drop(replica.handle(Time(0), Input::Heads(code.clone(), vec![head]), trees));
        let answer = replica.handle(Time(0), Input::Range(code.clone(), range), trees);
        let outputs: Vec<_> = answer.collect();
        let ticket = outputs.into_iter().find_map(|output| {
            let Output::Persist { ticket, log, entries, checkpoint } = output else { return None };
            writer.send(Job::Persist { ticket, log, entries, checkpoint, own: false });
            Some(ticket)
        });
        let ticket: Ticket = ticket.ok_or_else(|| anyhow::anyhow!("a range was not admitted"))?;
        done.recv()?;
        drop(replica.handle(Time(0), Input::Persisted(ticket), trees));
    }
    drop(writer);
    Ok((processor_time() - began) / entries.len() as f64)
}

fn ranges(
    author: &crate::network::Member,
    network: &Network,
    entries: &[Entry],
) -> anyhow::Result<Vec<RawRange>> {
    let code = &author.contributor.member;
    let key =
        cairn_keyring::read(&author.folder.key("log"), &mut cairn_keyring::Passphrases::none())?;
    let origin = network.charter.origin(code);
    let mut log = Log::new(&network.charter, code).ok_or_else(|| anyhow::anyhow!("no member"))?;
    let mut ranges = Vec::new();
    for (number, part) in entries.chunks(RANGE).enumerate() {
        let mut bytes = Vec::new();
        for entry in part {
            log.replay(entry);
            bundle::write(&mut bytes, entry.bytes())?;
        }
        let checkpoint = Checkpoint::sign(&origin, log.head(), &key);
        ranges.push(RawRange {
            log: code.clone(),
            start: (number * RANGE) as u64,
            bundle: Bytes(bytes),
            checkpoint: Bytes(checkpoint.note().as_bytes().to_vec()),
            proof: Vec::new(),
        });
    }
    Ok(ranges)
}

/// The processor time of this process so far, in seconds.
fn processor_time() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
