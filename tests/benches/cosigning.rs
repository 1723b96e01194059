//! One node that cosigns 200 logs, each of which shows it a new checkpoint ten times a second.

use crate::authors::{Author, Heard};
use crate::network::{Network, Node};
use crate::table::Table;
use cairn_ledger::SecretKey;
use cairn_ledger::key::Purpose;
use cairn_node::net::Multiaddr;
use std::fs;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// The node's own log is one of them.
const LOGS: usize = 200;
/// How often each log shows a checkpoint, with one new entry.
const INTERVAL: Duration = Duration::from_millis(100);
/// More entries than any log shows in the time that is measured.
const ENTRIES: u64 = 200;
/// Everybody connects before the first checkpoint is shown.
const CONNECTING: Duration = Duration::from_secs(6);
/// What is measured begins when the load has lasted a while.
const WARM_UP: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(10);
/// What was shown before it is over is told after it.
const LATE: Duration = Duration::from_secs(1);

/// What a checkpoint went through: when it was shown, and when its author heard that it is cosigned.
type Told = (Instant, Option<Instant>);

pub(crate) fn run(folder: &Path, table: &mut Table) -> anyhow::Result<()> {
    let network = Network::found(&folder.join("cosigning"), LOGS)?;
    let others = network.members.iter().skip(1);
    let authors = others.map(|member| Ok(Arc::new(Author::new(&network, member, ENTRIES)?)));
    let authors: Vec<_> = authors.collect::<anyhow::Result<_>>()?;
    let alone = alone(folder)?;
    let member = &network.members[0];
    let node = member.start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let first = Instant::now() + CONNECTING;
    let heard = play(&runtime, &authors, &member.listen, first);
    node.wait_for_peers(authors.len())?;
    anyhow::ensure!(Instant::now() < first, "connecting took too long");
    let from = first + WARM_UP;
    let (nodes_time, ours_time) = times(&node, from)?;
    std::thread::sleep(LATE);
    runtime.shutdown_background();
    node.stop()?;
    let all: Vec<_> = heard.iter().flat_map(|heard| heard.all()).collect();
    report(&all, from, [nodes_time, ours_time, alone], table);
    Ok(())
}

/// Lets all authors show their logs to a node, not all at the same moment.
fn play(
    runtime: &Runtime,
    authors: &[Arc<Author>],
    node: &Multiaddr,
    first: Instant,
) -> Vec<Arc<Heard>> {
    let started = (0..).zip(authors).map(|(number, author)| {
        let (heard, first) = (Arc::<Heard>::default(), first + INTERVAL * number / LOGS as u32);
        let plays = author.clone().play(node.clone(), first, INTERVAL, heard.clone());
        runtime.spawn(async move {
            if let Err(error) = plays.await {
                eprintln!("an author has ended: {error:#}");
            }
        });
        heard
    });
    started.collect()
}

/// The processor time that the node and this process take in the time that is measured, in seconds.
fn times(node: &Node, from: Instant) -> anyhow::Result<(f64, f64)> {
    std::thread::sleep(from - Instant::now());
    let before = (node.processor_time()?, processor_time());
    std::thread::sleep(from + MEASURED - Instant::now());
    Ok((node.processor_time()? - before.0, processor_time() - before.1))
}

fn report(all: &[Told], from: Instant, times: [f64; 3], table: &mut Table) {
    let within = |at: &Instant| (from..from + MEASURED).contains(at);
    let told = all.iter().filter(|(_, told)| told.as_ref().is_some_and(within)).count() as f64;
    let shown: Vec<_> = all.iter().filter(|(shown, _)| within(shown)).collect();
    let took = |(shown, told): &&Told| Some(told.as_ref()?.duration_since(*shown).as_secs_f64());
    let mut took: Vec<_> = shown.iter().filter_map(took).collect();
    took.sort_by(f64::total_cmp);
    let ms = |part| took.get(took.len() * part / 100).copied().unwrap_or(f64::NAN) * 1e3;
    let [node, ours, alone] = times;
    let (seconds, cost) = (MEASURED.as_secs_f64(), node / told);
    table.row(
        "cosigning 200 logs at 10 checkpoints a second",
        format!(
            "{:.0}/s, {} of {} shown; p50 {:.0} ms, p99 {:.0} ms; cores: {:.2} the node, {:.2} the authors",
            told / seconds,
            took.len(),
            shown.len(),
            ms(50),
            ms(99),
            node / seconds,
            ours / seconds,
        ),
        format!(
            "{:.2} of its checks, signature and flushes alone ({:.0} us against {:.0})",
            cost / alone,
            cost * 1e6,
            alone * 1e6,
        ),
        "all of them",
    );
}

/// The processor time of what no cosignature can do without: two checks with keys that are ready, a
/// signature, an entry and a note, each written and flushed.
fn alone(folder: &Path) -> anyhow::Result<f64> {
    const TIMES: u32 = 4000;
    let key = SecretKey::from_seed([1; 32]);
    let (hash, checked) = ([2; 32], key.public().check()?);
    let signature = key.sign(Purpose::Statement, &hash);
    let (entries, note) = (folder.join("alone-entries"), folder.join("alone-note"));
    let mut entries = fs::File::create(entries)?;
    let note = fs::File::create(note)?;
    let began = processor_time();
    for _ in 0..TIMES {
        for _ in 0..2 {
            checked.verify(Purpose::Statement, &hash, &signature)?;
        }
        std::hint::black_box(key.sign(Purpose::Statement, &hash));
        entries.write_all(&[7; 514])?;
        entries.sync_data()?;
        note.write_all_at(&[7; 4096], 0)?;
        note.sync_data()?;
    }
    Ok((processor_time() - began) / f64::from(TIMES))
}

/// The processor time of this process so far, in seconds.
fn processor_time() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
