//! Keys that are gone: each of the four, and all of them with the folder. The way back is the one of
//! `docs/OPERATING.md`, sections 8 and 10.

use super::{FOUR, adopted, confirmed, goes_on, states};
use cairn_tests::nodes::{Contributor, Founded, Signal, cairn_node};
use std::fs;

/// Who signs for one that cannot.
const THREE: [&str; 3] = ["UNSEC", "RWA", "TZA"];

fn folder(founded: &Founded) -> String {
    founded.path("COD").display().to_string()
}

/// A new card of COD with another key of this role, signed by the others.
fn renews(founded: &Founded, role: &str) -> String {
    let data = folder(founded);
    let _ = cairn_node(["key", "new", "--no-passphrase", "--data", &data, role]).yes();
    let file = format!("renewal-{role}");
    founded.propose("UNSEC", &file, &["--card", &format!("{data}/member.new.card")]);
    founded.sign("UNSEC", &file, &THREE);
    file
}

/// Another contributor of COD, whom its root key authorises now.
fn authorises(founded: &Founded, seed: u8) -> Contributor {
    let key = cairn_ledger::SecretKey::from_seed([seed; 32]);
    let speaker = Contributor { key, ..founded.invented("COD") };
    let (data, url) = (folder(founded), founded.node("COD").url());
    let public = speaker.key.public().to_string();
    let authorise = ["authorise", "--data", &data, "--node", &url, "--key", &public];
    let _ = cairn_node([&authorise[..], &["--office", "Another focal point"]].concat()).yes();
    speaker
}

#[test]
fn a_node_that_has_lost_a_key_does_not_start_and_goes_on_with_another_one() {
    let mut founded = Founded::running(&FOUR);
    let speaker = founded.contributor("COD");
    goes_on(&founded, &FOUR, &speaker, 1);
    for (version, role) in (2..).zip(["transport", "cosign", "log"]) {
        let before = founded.secret("COD", role).public();
        let node = founded.node_mut("COD");
        assert_eq!(node.stop(Signal::TERM), Some(0));
        fs::remove_file(node.folder.join(format!("keys/{role}.key"))).expect("a key");
        node.spawn(&[]);
        assert_eq!(node.ends(), Some(2), "{role}");
        let says = format!("no file in keys/ has the {role} key of the member card, {before}");
        assert!(node.diagnostics().contains(&says), "{}", node.diagnostics());
        let renewal = renews(&founded, role);
        founded.give("COD", &renewal);
        founded.node_mut("COD").start();
        adopted(&founded, version, &FOUR);
        goes_on(&founded, &FOUR, &speaker, u64::from(version));
        assert_ne!(founded.secret("COD", role).public(), before, "{role}");
        cosigns(&founded, u64::from(version));
    }
}

/// What COD cosigns counts: with its voice and without that of one other enough stand behind a log.
fn cosigns(founded: &Founded, number: u64) {
    let other = match founded.home("UNSEC").exists() {
        false => founded.contributor("UNSEC"),
        true => {
            let key = founded.key(&founded.home("UNSEC").join("contributor.key"));
            Contributor { key, ..founded.invented("UNSEC") }
        }
    };
    founded.node("TZA").signal(Signal::STOP);
    let size = states(founded, &other, number) + 1;
    confirmed(founded, &["UNSEC"], "UNSEC", size);
    founded.node("TZA").signal(Signal::CONT);
    confirmed(founded, &FOUR, "UNSEC", size);
}

#[test]
fn a_member_that_has_lost_its_root_key_or_everything_gets_its_log_back_from_the_others() {
    let mut founded = Founded::running(&FOUR);
    let speaker = founded.contributor("COD");
    goes_on(&founded, &FOUR, &speaker, 1);
    // The root key: the node goes on, and says nothing new of its contributors until the others have signed.
    fs::remove_file(founded.root_key("COD")).expect("a key");
    let _ = renews(&founded, "root");
    adopted(&founded, 2, &FOUR);
    let second = authorises(&founded, 0x51);
    goes_on(&founded, &FOUR, &second, 2);
    goes_on(&founded, &FOUR, &speaker, 3);
    // All of it, with the folder.
    let held = founded.node("COD").log("COD");
    founded.node_mut("COD").kill();
    fs::rename(founded.path("COD"), founded.path("burnt")).expect("a folder");
    let card = super::newcomer(&founded, "COD");
    founded.propose("UNSEC", "renewal", &["--card", &card]);
    founded.sign("UNSEC", "renewal", &THREE);
    founded.give("COD", "renewal");
    founded.node_mut("COD").start();
    adopted(&founded, 3, &FOUR);
    let third = authorises(&founded, 0x52);
    goes_on(&founded, &FOUR, &third, 4);
    goes_on(&founded, &FOUR, &speaker, 5);
    let hashes = founded.identical("COD");
    assert_eq!(hashes[held.size as usize - 1], held.last, "what was said before is still there");
}
