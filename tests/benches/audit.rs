//! A million entries audited from an archive, against what hashing and checking their signatures cost.

use crate::network::{Member, Network};
use crate::people::ENTRY_BYTES;
use crate::table::Table;
use anyhow::ensure;
use cairn_cli::audit::{Archive, CHARTER, LOG, audit};
use cairn_ledger::export::Header;
use cairn_ledger::key::{CheckedKey, Purpose};
use cairn_ledger::proof::TreeHead;
use cairn_ledger::statement::ContributorSignature;
use cairn_ledger::tree::{Frontier, leaf_hash};
use cairn_ledger::{Checkpoint, Entry, EntryHash, SignedStatement, StatementId, bundle};
use rayon::prelude::*;
use std::fs;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;
use std::time::Instant;

const ENTRIES: u64 = 1_000_000;
/// How many statements are signed at once.
const SIGNED_AT_ONCE: u64 = 50_000;
/// How often both are measured, in turn: what else the machine does then matters least in the best.
const ROUNDS: usize = 3;

/// What has to be hashed and checked of every log, ready in memory.
#[derive(Default)]
struct Work {
    bytes: Vec<u8>,
    entries: Vec<(Range<usize>, StatementId, ContributorSignature)>,
}

/// As one log, and as five of a fifth each.
pub(crate) fn run(folder: &Path, table: &mut Table) -> anyhow::Result<()> {
    for logs in [1, 5] {
        let folder = folder.join(format!("audit-{logs}"));
        measure(&folder, logs, table)?;
        fs::remove_dir_all(folder)?;
    }
    Ok(())
}

fn measure(folder: &Path, logs: usize, table: &mut Table) -> anyhow::Result<()> {
    let network = Network::found(&folder.join("network"), logs)?;
    let archive = folder.join("archive");
    fs::create_dir_all(&archive)?;
    fs::write(archive.join(CHARTER), network.charter.encode())?;
    let mut work = Work::default();
    for member in &network.members {
        fill(&archive, member, &network, ENTRIES / logs as u64, &mut work)?;
    }
    let (mut least, mut took) = (f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        hash_and_check(&work, &network)?;
        least = least.min(began.elapsed().as_secs_f64());
        let began = Instant::now();
        audit_all(&archive, &network)?;
        took = took.min(began.elapsed().as_secs_f64());
    }
    let what = if logs == 1 { "one log".to_string() } else { format!("{logs} logs") };
    table.row(
        &format!("audit of a million entries in {what}"),
        format!("{took:.1} s, {:.0}/s", ENTRIES as f64 / took),
        format!("{:.2} x hashing and checking signatures alone ({least:.1} s)", took / least),
        "1.3",
    );
    Ok(())
}

/// Writes a member's log as it is exported, and keeps what is to be hashed and checked.
fn fill(
    archive: &Path,
    member: &Member,
    network: &Network,
    entries: u64,
    work: &mut Work,
) -> anyhow::Result<()> {
    let contributor = &member.contributor;
    let (mut previous, mut tree, start) = (EntryHash::NONE, Frontier::new(), work.bytes.len());
    let mut place = |statement: SignedStatement| -> anyhow::Result<()> {
        let entry = Entry::place(tree.size(), previous, statement);
        previous = entry.hash();
        tree.push(entry.leaf());
        bundle::write(&mut work.bytes, entry.bytes())?;
        let end = work.bytes.len();
        let range = end - entry.bytes().len()..end;
        let signature = entry.signed().signatures().first().copied();
        let signature = signature.ok_or_else(|| anyhow::anyhow!("not signed"))?;
        work.entries.push((range, entry.signed().id(), signature));
        Ok(())
    };
    place(contributor.authorisation())?;
    let mut number = 0;
    while number < entries - 1 {
        let next = (entries - 1).min(number + SIGNED_AT_ONCE);
        contributor.notes(number..next).into_iter().try_for_each(&mut place)?;
        number = next;
    }
    let head = TreeHead { size: tree.size(), root: tree.root() };
    let key =
        cairn_keyring::read(&member.folder.key("log"), &mut cairn_keyring::Passphrases::none())?;
    let checkpoint = Checkpoint::sign(&network.charter.origin(&contributor.member), head, &key);
    let checkpoint = checkpoint.note().as_bytes().to_vec();
    let header = Header { charter: network.charter.encode(), checkpoint };
    let path = archive.join(format!("{}.{LOG}", contributor.member));
    let mut file = BufWriter::new(fs::File::create(path)?);
    file.write_all(&header.encode())?;
    file.write_all(&work.bytes[start..])?;
    file.into_inner()?.sync_all()?;
    ensure!(work.bytes.len() - start >= (entries - 1) as usize * ENTRY_BYTES, "short entries");
    Ok(())
}

/// The least that any audit has to do: both hashes of every entry, and the strict check of every
/// signature with keys that are ready.
fn hash_and_check(work: &Work, network: &Network) -> anyhow::Result<()> {
    let mut keys: Vec<(_, CheckedKey)> = Vec::new();
    for member in &network.members {
        let contributor = &member.contributor;
        for key in [contributor.key.public(), contributor.root.public()] {
            keys.push((key, key.check()?));
        }
    }
    let check = |(range, id, signature): &(Range<usize>, StatementId, ContributorSignature)| {
        let bytes = &work.bytes[range.clone()];
        std::hint::black_box((EntryHash::of(bytes), leaf_hash(bytes)));
        let key = keys.iter().find(|(key, _)| *key == signature.key);
        key.is_some_and(|(_, key)| {
            key.verify(Purpose::Statement, &id.0, &signature.signature).is_ok()
        })
    };
    let good =
        work.entries.par_chunks(1024).map(|part| part.iter().filter(|one| check(one)).count());
    ensure!(good.sum::<usize>() == work.entries.len(), "a signature is not one");
    Ok(())
}

fn audit_all(archive: &Path, network: &Network) -> anyhow::Result<()> {
    let opened = Archive::open(archive, network.charter.network());
    let archives = [opened.map_err(|failure| anyhow::anyhow!("{failure}"))?];
    let audited = audit(&archives, &|_| {});
    let sizes = audited.iter().filter_map(|one| one.copies.first()?.log.held());
    let total: u64 = sizes.map(|log| log.size).sum();
    ensure!(total == ENTRIES, "the archive is refuted: {audited:?}");
    Ok(())
}
