//! A thief with one of a member's keys and none of the others.

use super::removed::{colluder, promise, tells};
use super::{FOUR, adopted, confirmed, goes_on, newcomer, states};
use cairn_api::Outcome;
use cairn_ledger::charter::{PendingCharter, Rules};
use cairn_ledger::hash::{Bytes, derive};
use cairn_ledger::note::{Algorithm, SignatureLine, key_id};
use cairn_ledger::statement::Timestamp;
use cairn_ledger::{MemberCode, SecretKey, Signature, Text, codec};
use cairn_replica::message::{CosignedNote, KnownCharters, Request, Response};
use cairn_tests::nodes::hostile::{Hostile, Seen};
use cairn_tests::nodes::{
    Contributor, Founded, History, Node, SOON, Signal, cairn, cairn_node, grown, submit, until,
};
use std::fs;

/// A key that nobody in the network has.
fn unlisted() -> SecretKey {
    SecretKey::from_seed([0x66; 32])
}

/// Whoever has this transport key gets no connection with a member's node: nothing that it sends is answered,
/// be it truly signed with the log key of a member.
pub(super) fn is_turned_away(founded: &Founded, transport: &SecretKey, code: &str, log: &str) {
    let mut peer = Hostile::new(transport, founded.charter.network());
    peer.dial(founded.node(code).port);
    let heads = History::with_notes(founded, log, 900, 1).heads();
    let mut sent = false;
    // The handshake may seem to succeed on this side.
    loop {
        match peer.until("turned away", Some) {
            Seen::Connected => {
                peer.send(heads.clone());
                sent = true;
            }
            Seen::Closed => return,
            Seen::Unanswered if sent => {}
            seen @ (Seen::Answered(_) | Seen::Unanswered | Seen::Asked(_)) => {
                panic!("{code} has let it in: {seen:?}")
            }
        }
    }
}

/// The node has dropped COD for this reason, whoever that was.
fn dropped(founded: &Founded, code: &str, mut thief: Hostile, says: &str) {
    thief.until_closed();
    let node = founded.node(code);
    let why = until(&format!("{code} drops the thief"), SOON, || node.peer("COD").dropped);
    assert!(why.contains(says), "{code}: {why}");
}

/// A peer that is taken for COD.
fn thief(founded: &Founded, code: &str) -> Hostile {
    let transport = founded.secret("COD", "transport");
    let mut thief = Hostile::new(&transport, founded.charter.network());
    thief.connect(founded.node(code).port);
    thief
}

/// A line that says to be COD's cosignature: by this key, under this key's id or another one's.
fn cosignature(founded: &Founded, text: &str, by: &SecretKey, id_of: &SecretKey) -> String {
    let name = format!("{}/cosigner", founded.charter.origin(&"COD".parse().expect("a code")));
    let time = 1_800_000_000_u64;
    let signature = by.sign_bytes(format!("cosignature/v1\ntime {time}\n{text}").as_bytes());
    let signature = [&time.to_be_bytes()[..], &signature.0].concat();
    let key_id = key_id(&name, Algorithm::Cosignature, &id_of.public());
    SignatureLine { name, key_id, signature }.encode()
}

/// Cosigns in COD's name: a line by another key is nobody's, and one that says to be COD's is a lie.
fn cosigns(founded: &Founded) {
    let (log, code): (MemberCode, _) = ("UNSEC".parse().expect("a code"), "RWA");
    let true_one = promise(founded, "UNSEC");
    let note = |id_of: &SecretKey| {
        let line = cosignature(founded, true_one.text(), &unlisted(), id_of);
        let note = Bytes(format!("{}{line}", true_one.note()).into_bytes());
        Request::Cosigned(vec![CosignedNote { log: log.clone(), note }])
    };
    let before = founded.node(code).log("UNSEC").cosigned;
    let mut thief = thief(founded, code);
    tells(&mut thief, &note(&unlisted()));
    assert_eq!(founded.node(code).log("UNSEC").cosigned, before);
    thief.send(note(&founded.secret("COD", "cosign")).encode());
    dropped(founded, code, thief, "cosign");
    assert_eq!(founded.node(code).log("UNSEC").cosigned, before);
}

/// An amendment with signatures in the names of members, all made by a key of the thief.
fn forged(founded: &Founded, signers: &[&str]) -> Vec<u8> {
    let (charter, rules) =
        (&founded.charter, Rules { confirm: 1, ..founded.charter.rules().clone() });
    let cards: Vec<_> = charter.signed_cards().map(<[u8]>::to_vec).collect();
    let at = Timestamp(1_800_000_000);
    let draft = PendingCharter::amend(charter, at, rules, &cards, Vec::new(), Vec::new());
    let draft = draft.expect("an amendment");
    type Signed = (u16, Bytes, Vec<(MemberCode, Signature)>, Vec<(Text<120>, Signature)>);
    let mut signed: Signed = codec::decode("it", &draft.encode(), 1 << 20).expect("the format");
    let signature = unlisted().sign(cairn_ledger::key::Purpose::Charter, &draft.id().0);
    signed.2 = signers.iter().map(|code| (code.parse().expect("a code"), signature)).collect();
    codec::encode(&signed)
}

/// Offers charters: what nobody has signed is not kept, and what is signed in others' names is a lie.
fn amends(founded: &Founded) {
    let code = "TZA";
    let transport = founded.secret("COD", "transport");
    let offers = [forged(founded, &[]), forged(founded, &["COD", "RWA", "UNSEC"])];
    let mut asked = 0;
    let mut thief = Hostile::new(&transport, founded.charter.network()).answering({
        move |request| match request {
            Request::Charters(_) => {
                let offer = offers[asked.min(1)].clone();
                asked += 1;
                Some(Response::Charters(vec![Bytes(offer)]).encode())
            }
            Request::Fetch { .. }
            | Request::Prove { .. }
            | Request::Sealed(_)
            | Request::Opened(_) => Some(Response::Nothing.encode()),
            Request::Heads(_)
            | Request::Addresses(_)
            | Request::Grown { .. }
            | Request::Forked(_)
            | Request::Cosigned(_) => Some(Response::Noted.encode()),
        }
    });
    thief.connect(founded.node(code).port);
    // The node asks now the one and now the other of the two whom it takes for COD.
    let names = (0_u64..).map(|number| derive("invented name", &number.to_le_bytes()));
    for name in names {
        let known = KnownCharters { current: founded.charter.id(), names: vec![name] };
        thief.send(Request::Charters(known).encode());
        let answered = |seen| match seen {
            Seen::Answered(_) => Some(true),
            Seen::Closed => Some(false),
            Seen::Connected | Seen::Unanswered | Seen::Asked(_) => None,
        };
        if !thief.until("answered", answered) {
            break;
        }
    }
    let node = founded.node(code);
    let why = until("it drops the thief", SOON, || node.peer("COD").dropped);
    assert!(why.contains("the signature of COD"), "{why}");
    let shown = founded.at(code, &["charter", "show", "--json"]).yes();
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(
        (&shown["charter"]["version"], &shown["proposals"]),
        (&1.into(), &[(); 0][..].into())
    );
}

/// Says that the log of COD has grown, which its log key has not signed.
fn extends(founded: &Founded, speaker: &Contributor) {
    let mut history = History::held(founded, "COD", "UNSEC").under(unlisted());
    let size = history.entries().len() as u64;
    history.push(speaker.note(77));
    let mut thief = thief(founded, "UNSEC");
    thief.send(grown(history.range(size)));
    dropped(founded, "UNSEC", thief, "no valid signature");
}

#[test]
fn a_thief_with_the_transport_key_gets_nothing_in_and_a_new_key_locks_it_out() {
    let founded = Founded::running(&FOUR);
    let [speaker, other] = ["COD", "UNSEC"].map(|code| founded.contributor(code));
    let size = states(&founded, &speaker, 1) + 1;
    confirmed(&founded, &FOUR, "COD", size);
    let whole = states(&founded, &other, 1) + 1;
    confirmed(&founded, &FOUR, "UNSEC", whole);
    let all = |code: &str| {
        until("cosigned by all", SOON, || {
            let log = founded.node(code).log("UNSEC");
            (log.cosigned.iter().filter(|one| one.size == whole).count() >= 3).then_some(())
        })
    };
    FOUR.into_iter().for_each(all);
    extends(&founded, &speaker);
    cosigns(&founded);
    amends(&founded);
    for code in FOUR {
        let log = founded.node(code).log("COD");
        assert_eq!((log.size, log.promised, log.frozen), (size, size, None), "{code}");
    }
    // Its own node is kept out for a while, and takes statements all the same.
    let size = states(&founded, &speaker, 2) + 1;
    let data = founded.path("COD").display().to_string();
    let old = founded.secret("COD", "transport");
    let _ = cairn_node(["key", "new", "--no-passphrase", "--data", &data, "transport"]).yes();
    founded.propose("UNSEC", "renewal", &["--card", &format!("{data}/member.new.card")]);
    founded.sign("UNSEC", "renewal", &["UNSEC", "RWA", "TZA"]);
    let file = founded.path("renewal").display().to_string();
    let _ = founded.at("COD", &["charter", "submit", &file]).yes();
    founded.under(2, &FOUR);
    confirmed(&founded, &FOUR, "COD", size);
    assert_ne!(founded.secret("COD", "transport").public(), old.public());
    FOUR.into_iter().for_each(|code| is_turned_away(&founded, &old, code, "COD"));
    goes_on(&founded, &FOUR, &speaker, 3);
}

/// The log of COD as one who colludes shows it at a node, under a promise by this key.
fn shows(founded: &Founded, history: &History, key: &SecretKey, at: &str) -> Hostile {
    let history = history.clone().under(key.clone());
    let (charter, cosigned) = (founded.charter.clone(), history.cosigned(founded, &[]));
    let heads = history.heads();
    let answer = move |asked: &Request| Some(history.answer(&charter, &cosigned, asked).encode());
    let mut peer = colluder(founded, "LIAR", founded.node(at)).answering(answer);
    peer.send(heads);
    peer
}

#[test]
fn a_stolen_log_key_that_was_replaced_extends_nothing_and_still_convicts() {
    let mut founded = Founded::of(&["UNSEC", "COD", "RWA", "TZA", "LIAR"]);
    founded.nodes[..4].iter_mut().for_each(Node::start);
    let speaker = founded.contributor("COD");
    goes_on(&founded, &FOUR, &speaker, 1);
    // A thief who is no member reaches nobody.
    FOUR.into_iter().for_each(|code| is_turned_away(&founded, &unlisted(), code, "COD"));
    let old = founded.secret("COD", "log");
    assert_eq!(founded.node_mut("COD").stop(Signal::TERM), Some(0));
    let data = founded.path("COD").display().to_string();
    let _ = cairn_node(["key", "new", "--no-passphrase", "--data", &data, "log"]).yes();
    founded.propose("UNSEC", "renewal", &["--card", &format!("{data}/member.new.card")]);
    founded.sign("UNSEC", "renewal", &FOUR);
    founded.node_mut("COD").start();
    adopted(&founded, 2, &FOUR);
    goes_on(&founded, &FOUR, &speaker, 2);
    let size = founded.node("RWA").log("COD").size;
    // Even with a contributor's signature nothing is added under the old key.
    let whole = History::held(&founded, "COD", "RWA");
    let mut longer = whole.clone();
    longer.push(speaker.note(3));
    shows(&founded, &longer, &old, "RWA").until_closed();
    let why = until("who showed it is dropped", SOON, || founded.node("RWA").peer("LIAR").dropped);
    assert!(why.contains("which is not the log's there"), "{why}");
    let log = founded.node("RWA").log("COD");
    assert_eq!((log.size, log.promised, log.frozen), (size, size, None));
    goes_on(&founded, &FOUR, &speaker, 4);
    // It leaves out what the contributor has said: whoever shows that convicts the key.
    let mut without = History::new(&founded, "COD");
    let left = |(position, _): &(usize, _)| *position != 1;
    let entries = whole.entries().iter().enumerate().filter(left);
    entries.for_each(|(_, entry)| without.push(entry.signed().clone()));
    let colluder = shows(&founded, &without, &old, "TZA").live();
    for code in FOUR {
        until(&format!("{code} has the proof"), SOON, || {
            founded.node(code).try_status()?.logs.into_iter().find(|log| {
                log.member.as_str() == "COD" && log.frozen.is_some() && log.standing == 1
            })
        });
    }
    drop(colluder);
    let refused = submit(&founded.node("COD").url(), &[speaker.note(5)]).expect("an answer");
    let [Outcome::Refused(problem)] = &refused.outcomes[..] else { panic!("{refused:?}") };
    assert!(problem.error.contains("signed two histories"), "{problem:?}");
    is_handed_out(&founded);
    joins_again(&mut founded);
}

/// The proof is a file that convicts without any node.
fn is_handed_out(founded: &Founded) {
    let to = founded.path("proven").display().to_string();
    let _ = founded.at("RWA", &["export", "--to", &to]).yes();
    let (proof, id) = (format!("{to}/COD.fork"), founded.charter.network().to_string());
    let proven = cairn(&founded.path("nobody"), ["verify", &proof, "--network", &id]).yes();
    assert!(proven.contains("two histories"), "{proven}");
}

/// The documented way on: the member leaves, its log ends where it is forked, and it joins under another code.
fn joins_again(founded: &mut Founded) {
    let card = newcomer(founded, "COD-2");
    founded.propose("UNSEC", "again", &["--remove", "COD", "--card", &card]);
    founded.sign("UNSEC", "again", &FOUR);
    let three = ["UNSEC", "RWA", "TZA"];
    adopted(founded, 3, &three);
    assert_eq!(founded.node("TZA").log("COD").ends, Some(1));
    founded.node_mut("COD").kill();
    founded.add("COD-2", "again");
    adopted(founded, 3, &["COD-2"]);
    let speaker = founded.contributor("COD-2");
    goes_on(founded, &["UNSEC", "RWA", "TZA", "COD-2"], &speaker, 1);
    assert!(fs::exists(founded.path("COD-2/logs/COD/entries")).expect("a folder"));
}
