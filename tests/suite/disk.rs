//! Single faults on a node's disk: each is noticed, and nothing that was acknowledged is lost.
//!
//! 60 faults for each kind and each file, at places drawn from a seed: one flipped bit, a torn tail,
//! a zeroed block. Whatever the fault, the log that the store opens with is the one that was written.

use cairn_ledger::authority::Scope;
use cairn_ledger::{Checkpoint, Entry, Log, SecretKey};
use cairn_node::store::{Check, Done, Job, Opened, Store, Writer};
use cairn_replica::Ticket;
use cairn_tests::people::Network;
use cairn_tests::sim::rng::Rng;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

const FAULTS: u64 = 60;
const ENTRIES: usize = 150;
const BLOCK: u64 = 512;

#[derive(Debug, Clone, Copy)]
enum FaultKind {
    FlippedBit,
    TornTail,
    ZeroedBlock,
}

const KINDS: [FaultKind; 3] = [FaultKind::FlippedBit, FaultKind::TornTail, FaultKind::ZeroedBlock];

/// A folder as a node leaves it, with the bytes of its one log.
struct Written {
    network: Network,
    folder: tempfile::TempDir,
    log: Vec<u8>,
}

fn open(network: &Network, folder: &Path, check: Check) -> Opened {
    let code = &network.people[0].code;
    Store::open(folder, network.charter.clone(), code, check).expect("it opens")
}

fn write() -> Written {
    let network = Network::of(2);
    let folder = tempfile::tempdir().expect("a folder");
    let code = network.people[0].code.clone();
    let (entries, checkpoint) = history(&network);
    let opened = open(&network, folder.path(), Check::Tail);
    let (done_in, done) = mpsc::channel();
    let writer = Writer::start(opened.store.clone(), move |what: Done| {
        done_in.send(matches!(what, Done::Failed(_))).ok();
    });
    for (number, part) in (0..).zip(entries.chunks(10)) {
        let (ticket, log, entries) = (Ticket(number), code.clone(), part.to_vec());
        writer.send(Job::Persist { ticket, log, entries, checkpoint: None, own: true });
        assert!(!done.recv().expect("an answer"), "the disk failed");
    }
    writer.send(Job::Guard(code.clone(), checkpoint));
    assert!(!done.recv().expect("an answer"), "the disk failed");
    drop(writer);
    drop(opened);
    let log = fs::read(entries_file(&network, folder.path())).expect("the log");
    Written { network, folder, log }
}

fn history(network: &Network) -> (Vec<Entry>, Checkpoint) {
    let member = &network.people[0];
    let mut log = Log::new(&network.charter, &member.code).expect("a member");
    let mut entries = Vec::new();
    for number in 0..ENTRIES {
        let statement = match number {
            0 => network.authorise(0, &member.contributor, Scope::default()),
            number => network.note(0, number as u64),
        };
        let entry = Entry::place(log.size(), log.last(), statement);
        log.admit(&entry, |_| None).expect("it fits");
        entries.push(entry);
    }
    let key: &SecretKey = &member.secrets.log;
    (entries, Checkpoint::sign(&network.charter.origin(&member.code), log.head(), key))
}

fn entries_file(network: &Network, folder: &Path) -> PathBuf {
    folder.join("logs").join(network.people[0].code.as_str()).join("entries")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a copy");
        }
    }
}

fn damage(file: &Path, kind: FaultKind, rng: &mut Rng) {
    let mut bytes = fs::read(file).expect("the file");
    let length = bytes.len() as u64;
    match kind {
        FaultKind::FlippedBit => {
            bytes[rng.between(0, length - 1) as usize] ^= 1 << rng.between(0, 7)
        }
        FaultKind::TornTail => {
            bytes.truncate((length - rng.between(1, BLOCK.min(length))) as usize)
        }
        FaultKind::ZeroedBlock => {
            let block = rng.between(0, (length - 1) / BLOCK) * BLOCK;
            let end = (block + BLOCK).min(length);
            bytes[block as usize..end as usize].fill(0);
        }
    }
    fs::write(file, bytes).expect("the file");
}

/// Damages a copy of the folder in one file, opens it, and hands what was found on.
fn with_fault(
    written: &Written,
    kind: FaultKind,
    seed: u64,
    file: impl Fn(&Path) -> PathBuf,
    check: Check,
) -> (Opened, Vec<u8>, bool) {
    let folder = tempfile::tempdir().expect("a folder");
    copy(written.folder.path(), folder.path());
    let file = file(folder.path());
    let before = fs::read(&file).expect("the file");
    damage(&file, kind, &mut Rng::new(seed));
    let changed = fs::read(&file).expect("the file") != before;
    let opened = open(&written.network, folder.path(), check);
    let log = fs::read(entries_file(&written.network, folder.path())).expect("the log");
    (opened, log, changed)
}

#[test]
fn a_fault_in_a_log_file_is_located_and_repaired() {
    let written = write();
    for kind in KINDS {
        for seed in 0..FAULTS {
            let file = |folder: &Path| entries_file(&written.network, folder);
            let (opened, log, changed) = with_fault(&written, kind, seed, file, Check::Tail);
            let found = &opened.found[0];
            let noticed = !found.repaired.is_empty() || found.recovered > 0;
            assert_eq!(noticed, changed, "{kind:?} {seed}: {found:?}");
            assert!(log == written.log, "{kind:?} {seed}: the log is another one: {found:?}");
            assert_eq!(found.size, ENTRIES as u64, "{kind:?} {seed}");
        }
    }
}

#[test]
fn a_fault_in_a_guard_loses_nothing() {
    let written = write();
    let code = written.network.people[0].code.clone();
    for kind in KINDS {
        for seed in 0..FAULTS {
            let file = |folder: &Path| folder.join("logs").join(code.as_str()).join("checkpoint");
            let (opened, log, _) = with_fault(&written, kind, seed, file, Check::Tail);
            assert!(log == written.log, "{kind:?} {seed}");
            assert_eq!(opened.found[0].size, ENTRIES as u64, "{kind:?} {seed}");
        }
    }
}

#[test]
fn a_fault_in_the_second_copy_loses_nothing_and_is_repaired() {
    let written = write();
    for kind in KINDS {
        for seed in 0..FAULTS {
            let file = |folder: &Path| folder.join("second").join("db");
            let (opened, log, _) = with_fault(&written, kind, seed, file, Check::Everything);
            assert!(log == written.log, "{kind:?} {seed}");
            assert_eq!(opened.found[0].size, ENTRIES as u64, "{kind:?} {seed}");
            // Whatever the fault hit, both copies are whole now: the first may fail next.
            let folder = opened.store.folder().to_path_buf();
            let member = written.network.people[0].code.clone();
            let held = opened.store.second_copy_holds(&member).expect("it reads");
            assert_eq!(held, ENTRIES as u64, "{kind:?} {seed} in {}", folder.display());
        }
    }
}

/// Files change under a running node, too: what is read is repaired, and nothing is made worse.
#[test]
fn a_fault_under_an_open_store_is_repaired_before_it_is_read() {
    let written = write();
    let opened = open(&written.network, written.folder.path(), Check::Tail);
    let (store, code) = (opened.store, &written.network.people[0].code);
    let file = entries_file(&written.network, written.folder.path());
    let read = |start, end| store.read(code, start, end, usize::MAX).expect("it reads").bundle;
    let each: Vec<_> = (0..ENTRIES as u64).map(|position| read(position, position + 1)).collect();
    for kind in [FaultKind::FlippedBit, FaultKind::ZeroedBlock] {
        for seed in 0..FAULTS {
            damage(&file, kind, &mut Rng::new(seed));
            let position = seed * 7 % ENTRIES as u64;
            let one = read(position, position + 1);
            assert!(one == each[position as usize], "{kind:?} {seed}: entry {position}");
            assert!(read(0, ENTRIES as u64) == written.log, "{kind:?} {seed}");
            assert!(fs::read(&file).expect("the log") == written.log, "{kind:?} {seed}");
            assert!(store.faults_repaired() > seed, "{kind:?} {seed}: counted");
        }
    }
}
