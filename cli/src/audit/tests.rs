//! What is true is believed; every lie in an archive, and between two of them, is told for what it is.

use super::{Archive, Audited, CHARTER, Change, Gap, LogCopy, Part, audit, prove};
use crate::failure::Answer;
use crate::verify::Reason;
use crate::verify::tests::Village;
use cairn_ledger::fork::RawFork;
use cairn_ledger::{Cosigner, NetworkId};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;

const MEMBERS: [&str; 3] = ["COD", "RWA", "TZA"];
const SOME_DAY: u64 = 1_790_000_000;

fn village(author: &str, statements: u16) -> Village {
    Village::among(&MEMBERS, author, 10, statements)
}

fn network() -> NetworkId {
    village("COD", 0).charter.network()
}

/// Writes what `cairn export` writes of one log; the cosigned checkpoint may be that of a smaller one.
fn write(folder: &Path, village: &Village, cosigned: Option<&Village>) {
    fs::write(folder.join(CHARTER), village.charter.encode()).unwrap();
    let file = |ending: &str| folder.join(format!("{}.{ending}", village.code()));
    fs::write(file("cairnlog"), village.file()).unwrap();
    if let Some(cosigned) = cosigned {
        let note = cosigned.cosigned(2, SOME_DAY).note(&village.charter);
        fs::write(file("cosigned"), note).unwrap();
    }
}

fn archive_of(logs: &[&Village]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    logs.iter().for_each(|village| write(folder.path(), village, Some(village)));
    folder
}

fn audited(folders: &[&Path]) -> Vec<Audited> {
    let open = |folder: &&Path| Archive::open(folder, network()).unwrap();
    let archives: Vec<_> = folders.iter().map(open).collect();
    audit(&archives, &|_| {})
}

/// What was found of COD in one archive.
fn cod(folder: &TempDir) -> Audited {
    audited(&[folder.path()]).remove(0)
}

fn copy(audited: &Audited) -> &LogCopy {
    &audited.copies[0]
}

#[test]
fn a_true_archive_is_believed_and_says_who_stands_behind_it() {
    let (cod, rwa, smaller) = (village("COD", 40), village("RWA", 3), village("COD", 20));
    let folder = archive_of(&[&rwa]);
    write(folder.path(), &cod, Some(&smaller));
    let archive = Archive::open(folder.path(), network()).unwrap();
    assert_eq!(archive.missing(), ["TZA".parse().unwrap()]);
    let read = AtomicU64::new(0);
    let archives = [archive];
    let found = audit(&archives, &|bytes| {
        read.fetch_add(bytes, Ordering::Relaxed);
    });
    assert_eq!(read.into_inner(), archives[0].bytes());
    let sizes: Vec<_> = found.iter().map(|one| copy(one).size()).collect();
    assert_eq!(sizes, [Some(41), Some(4), Some(0)]);
    assert!(found.iter().all(|one| one.contradictions.is_empty() && copy(one).gap().is_none()));
    let cosigned = copy(&found[0]).cosigned.held().unwrap();
    assert_eq!((cosigned.checkpoint().size(), cosigned.members(cod.code())), (21, 3));
    assert!(copy(&found[2]).log.is_missing());
}

#[test]
fn an_archive_without_its_charter_takes_the_one_in_a_log_and_another_network_is_refused() {
    let folder = archive_of(&[&village("COD", 2)]);
    fs::remove_file(folder.path().join(CHARTER)).unwrap();
    assert!(cod(&folder).copies[0].log.held().is_some());
    let refused = Archive::open(folder.path(), NetworkId([7; 32])).unwrap_err();
    assert_eq!(refused.answer, Answer::Unknown);
    fs::write(folder.path().join(CHARTER), Village::new(9, 0).charter.encode()).unwrap();
    assert_eq!(Archive::open(folder.path(), network()).unwrap_err().answer, Answer::No);
}

#[test]
fn an_altered_note_is_refuted_or_says_the_same_of_fewer() {
    let cod_log = village("COD", 5);
    let folder = archive_of(&[&cod_log]);
    let path = folder.path().join("COD.cosigned");
    let right = fs::read(&path).unwrap();
    let text = String::from_utf8(right.clone()).unwrap();
    for at in 0..right.len() {
        let mut altered = right.clone();
        altered[at] ^= 1;
        fs::write(&path, &altered).unwrap();
        match &copy(&cod(&folder)).cosigned {
            Part::Refuted(_) => {}
            // A line under another name or key id is nobody's.
            Part::True(cosigned) => {
                assert_eq!(cosigned.checkpoint(), &cod_log.checkpoint(), "byte {at}");
                assert_eq!(cosigned.cosignatures().len(), 1, "byte {at}");
            }
            Part::Missing | Part::Unreadable(_) => panic!("byte {at}"),
        }
    }
    // One and the same signature under another time.
    let line = text.lines().last().unwrap();
    let (name, blob) = line.rsplit_once(' ').unwrap();
    let later = format!("{name} {}{}\n", &blob[..10], blob[10..].replacen(&blob[10..12], "zz", 1));
    fs::write(&path, text.replace(&format!("{line}\n"), &later)).unwrap();
    assert!(matches!(copy(&cod(&folder)).cosigned, Part::Refuted(_)));
}

#[test]
fn a_cosigned_checkpoint_of_another_history_is_a_fork_with_its_proof() {
    let (here, mut there) = (village("COD", 9), village("COD", 4));
    there.say(99);
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &here, Some(&there));
    let found = cod(&folder);
    let contradiction = found.contradiction().unwrap();
    assert_eq!(contradiction.size, 6);
    let fork = prove(contradiction, &found.member, &here.charter).unwrap();
    let fork = RawFork::decode(&fork.encode()).unwrap().verify(&here.charter).unwrap();
    assert_eq!((fork.log(), fork.position()), (here.code(), 5));
    assert_eq!(fork.cosigners_of_both(), []);
}

#[test]
fn two_histories_in_two_archives_are_proven_to_the_entry_and_convict_their_cosigners() {
    // Entries 0 to 50 are the same; the proof names the place though both logs go on.
    for (old_more, new_more) in [(1, 1), (30, 7), (7, 5_000), (5_000, 0)] {
        let (mut old, mut new) = (village("COD", 50), village("COD", 50));
        (0..old_more).for_each(|n| old.say(10_000 + n));
        (0..=new_more).for_each(|n| new.say(20_000 + n));
        let (one, other) = (archive_of(&[&old]), archive_of(&[&new]));
        let found = audited(&[one.path(), other.path()]).remove(0);
        assert_eq!(found.change(), Some(Change::PastChanged));
        let fork = prove(found.contradiction().unwrap(), &found.member, &old.charter).unwrap();
        assert_eq!(fork.position(), 51);
        let both = ["RWA", "TZA"].map(|code| Cosigner::Member(code.parse().unwrap()));
        assert_eq!(fork.cosigners_of_both(), both);
        RawFork::decode(&fork.encode()).unwrap().verify(&old.charter).unwrap();
    }
}

#[test]
fn what_has_become_of_a_log_is_told() {
    let (short, long, empty) =
        (village("COD", 5), village("COD", 900), tempfile::tempdir().unwrap());
    fs::write(empty.path().join(CHARTER), short.charter.encode()).unwrap();
    let (short, long) = (archive_of(&[&short]), archive_of(&[&long]));
    let change = |old: &TempDir, new: &TempDir| audited(&[old.path(), new.path()])[0].change();
    assert_eq!(change(&short, &short), Some(Change::Same));
    assert_eq!(change(&short, &long), Some(Change::Grew));
    assert_eq!(change(&long, &short), Some(Change::Shorter));
    assert_eq!(change(&empty, &long), Some(Change::Began));
    assert_eq!(change(&long, &empty), Some(Change::Gone));
    assert_eq!(change(&empty, &empty), Some(Change::Nothing));
    assert_eq!(cod(&short).change(), None);
    fs::write(short.path().join("COD.cairnlog"), "not a log").unwrap();
    assert_eq!(change(&short, &long), Some(Change::Unknown));
}

/// A log that is kept back leaves its checkpoint, and that convicts too.
#[test]
fn an_older_cosigned_checkpoint_alone_is_compared_with_the_newer_log() {
    let (old, mut changed) = (village("COD", 5), village("COD", 4));
    (0..9).for_each(|n| changed.say(300 + n));
    let folder = archive_of(&[&old]);
    fs::remove_file(folder.path().join("COD.cairnlog")).unwrap();
    let change = |new: &TempDir| audited(&[folder.path(), new.path()])[0].change();
    assert_eq!(change(&archive_of(&[&changed])), Some(Change::PastChanged));
    assert_eq!(change(&archive_of(&[&village("COD", 8)])), Some(Change::Grew));
    assert_eq!(change(&archive_of(&[&village("COD", 3)])), Some(Change::Shorter));
}

#[test]
fn what_an_archive_promises_and_does_not_hold_is_a_gap() {
    let (short, long) = (village("COD", 5), village("COD", 7));
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &short, Some(&long));
    assert_eq!(copy(&cod(&folder)).gap(), Some(Gap::Short { found: 6, promised: 8 }));
    fs::remove_file(folder.path().join("COD.cairnlog")).unwrap();
    assert_eq!(copy(&cod(&folder)).gap(), Some(Gap::NoLog { promised: 8 }));
}

#[test]
fn a_tampered_entry_is_refuted_with_its_position_though_both_ends_are_kept() {
    let log = village("COD", 500);
    let folder = archive_of(&[&log]);
    let path = folder.path().join("COD.cairnlog");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let found = cod(&folder);
    let Part::Refuted(refuted) = &copy(&found).log else { panic!("believed") };
    assert!(refuted.position.is_some_and(|position| (200..300).contains(&position)), "{refuted}");
    assert!(refuted.offset.abs_diff(middle as u64) < 1_000, "{refuted}");
}

#[test]
fn a_file_under_another_name_is_refuted_or_left_out() {
    let (cod_log, rwa) = (village("COD", 5), village("RWA", 5));
    let folder = archive_of(&[&cod_log, &rwa]);
    let path = |name: &str| folder.path().join(name);
    fs::copy(path("RWA.cairnlog"), path("COD.cairnlog")).unwrap();
    fs::copy(path("RWA.cairnlog"), path("XYZ.cairnlog")).unwrap();
    fs::copy(path("RWA.cairnlog"), path("a b.cairnlog")).unwrap();
    fs::write(path("notes.txt"), "mine").unwrap();
    let strangers = Archive::open(folder.path(), network()).unwrap().strangers;
    assert_eq!(strangers, [path("XYZ.cairnlog"), path("a b.cairnlog")]);
    let found = cod(&folder);
    let Part::Refuted(refuted) = &copy(&found).log else { panic!("believed") };
    assert!(matches!(refuted.reason, Reason::OtherMember { .. }), "{refuted}");
}

#[test]
fn a_fork_proof_convicts_its_own_log_and_no_other() {
    let (here, mut there) = (village("COD", 9), village("COD", 4));
    (0..7).for_each(|n| there.say(99 + n));
    let (one, other) = (archive_of(&[&here]), archive_of(&[&there]));
    let found = audited(&[one.path(), other.path()]).remove(0);
    let proof = prove(found.contradiction().unwrap(), &found.member, &here.charter).unwrap();
    fs::write(one.path().join("COD.fork"), proof.encode()).unwrap();
    fs::write(one.path().join("RWA.fork"), proof.encode()).unwrap();
    let mut flipped = proof.encode();
    flipped[60] ^= 1;
    fs::write(one.path().join("TZA.fork"), flipped).unwrap();
    let found = audited(&[one.path()]);
    let forks: Vec<_> = found.iter().map(|one| &copy(one).fork).collect();
    assert!(matches!(forks[..], [Part::True(_), Part::Refuted(_), Part::Refuted(_)]), "{forks:?}");
    assert!(copy(&found[0]).log.held().is_some(), "what stands before the fork is true");
}

#[test]
fn what_cannot_be_read_is_told_as_such() {
    let folder = archive_of(&[&village("COD", 5)]);
    for name in ["COD.cairnlog", "COD.cosigned"] {
        fs::remove_file(folder.path().join(name)).unwrap();
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let found = cod(&folder);
    assert!(matches!(copy(&found).log, Part::Unreadable(_)));
    assert!(matches!(copy(&found).cosigned, Part::Unreadable(_)));
}
