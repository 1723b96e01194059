//! Peers that lie over real libp2p: dropped and counted, nothing held is lost, the node goes on.

use cairn_ledger::codec;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{EntryHash, NetworkId, SecretKey};
use cairn_replica::message::{
    PUSH_BYTES_MAX, REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX, Request, Response,
};
use cairn_tests::nodes::hostile::{ABANDONED, Hostile, Seen};
use cairn_tests::nodes::{Contributor, Founded, History, SOON, grown, submit, until};

/// The honest nodes, and members whose node lies. A peer that was dropped is kept out for a while,
/// so every lie has a member of its own.
const CODES: [&str; 12] = [
    "UNSEC", "COD", "LI-0", "LI-1", "LI-2", "LI-3", "LI-4", "LI-5", "LI-6", "LI-7", "LI-8", "LI-9",
];

/// A network in which the first two nodes are honest and run.
struct Village {
    founded: Founded,
    speaker: Contributor,
    notes: u64,
    drops: u64,
}

impl Village {
    fn new() -> Self {
        let mut founded = Founded::of(&CODES);
        founded.nodes[..2].iter_mut().for_each(cairn_tests::nodes::Node::start);
        founded.nodes[0].meets("COD");
        let speaker = founded.contributor("UNSEC");
        founded.nodes[1].holds("UNSEC", 1);
        Self { founded, speaker, notes: 0, drops: 0 }
    }

    /// A peer with a liar's true transport key.
    fn liar(&self, number: usize) -> Hostile {
        let transport = self.founded.secret(CODES[2 + number], "transport");
        Hostile::new(&transport, self.founded.charter.network())
    }

    /// Waits until the honest node has dropped the liar, and checks that it says why, has counted
    /// it, holds what it held and still replicates with the other honest node.
    fn dropped(&mut self, number: usize, liar: &mut Hostile, what: &str, says: &str) {
        liar.until_closed();
        let (node, code) = (&self.founded.nodes[1], CODES[2 + number]);
        let why = until(&format!("{what}: {code} is dropped"), SOON, || node.peer(code).dropped);
        assert!(why.contains(says), "{what}: {why}");
        self.drops += 1;
        assert_eq!(node.status().peers_dropped, self.drops, "{what}");
        assert!(!node.peer(code).connected, "{what}");
        assert_eq!(node.log(code).size, 0, "{what}");
        self.goes_on(what);
    }

    /// The honest nodes still replicate.
    fn goes_on(&mut self, what: &str) {
        let [author, other, ..] = &self.founded.nodes[..] else { panic!("two honest nodes") };
        let result = submit(&author.url(), &[self.speaker.note(self.notes)]).expect(what);
        assert!(matches!(result.outcomes[0], cairn_api::Outcome::Accepted { .. }), "{result:?}");
        self.notes += 1;
        other.holds("UNSEC", 1 + self.notes);
        assert!(other.peer("UNSEC").connected, "{what}");
    }
}

#[test]
fn a_peer_that_sends_no_message_of_ours_is_dropped() {
    let mut village = Village::new();
    let code = MemberCode::new("UNSEC").expect("a code");
    let fetch = Request::Fetch { log: code.clone(), start: 0, entries_max: 1 }.encode();
    let mut trailing = fetch.clone();
    trailing.push(0);
    let lies: [(&str, Vec<u8>, &str); 7] = [
        ("garbage", (0..999_u32).map(|n| (n * 31 % 251) as u8).collect(), "not in the format"),
        ("nothing", Vec::new(), "not in the format"),
        ("truncated", fetch[..fetch.len() - 1].to_vec(), "not in the format"),
        ("trailing", trailing, "bytes follow the end of a request"),
        ("oversized", vec![0; REQUEST_BYTES_MAX + 1], "the limit is"),
        ("unknown variant", codec::encode(&(99_u32, 0_u64)), "not in the format"),
        ("a length of 2^60", codec::encode(&(0_u32, 1_u64 << 60)), "not in the format"),
    ];
    for (number, (what, bytes, says)) in lies.into_iter().enumerate() {
        let mut liar = village.liar(number);
        liar.connect(village.founded.nodes[1].port);
        liar.send(bytes);
        village.dropped(number, &mut liar, what, says);
    }
}

/// A node that was paused, or a bad link, leaves half a message behind: nobody has lied.
#[test]
fn a_message_that_was_abandoned_is_no_fault() {
    let mut village = Village::new();
    let code = MemberCode::new("UNSEC").expect("a code");
    let mut peer = village.liar(0);
    peer.connect(village.founded.nodes[1].port);
    peer.send(ABANDONED.to_vec());
    peer.until("given up", |seen| (seen == Seen::Unanswered).then_some(()));
    peer.send(Request::Fetch { log: code, start: 0, entries_max: 1 }.encode());
    let answer = |seen| if let Seen::Answered(answer) = seen { Some(answer) } else { None };
    let answer = Response::decode(&peer.until("answered", answer)).expect("an answer");
    assert!(matches!(answer, Response::Range(_)), "{answer:?}");
    let node = &village.founded.nodes[1];
    assert_eq!((node.status().peers_dropped, node.peer(CODES[2]).dropped), (0, None));
    village.goes_on("after half a message");
}

#[test]
fn a_peer_that_tells_false_heads_is_dropped() {
    let mut village = Village::new();
    let network = &village.founded;
    let (code, honest) =
        (|n: usize| MemberCode::new(CODES[n]).expect("a code"), network.secret("COD", "log"));
    let history = |n: usize| History::with_notes(network, CODES[n], 0, 2);
    let forged = history(2).checkpoint(Some(&honest)).note().to_string();
    let elsewhere = history(3).checkpoint(None).note().replace("invented.example", "other.example");
    let of_another = history(4).checkpoint(None).note().to_string();
    let altered = history(5).checkpoint(None).note().replacen("\n3\n", "\n4\n", 1);
    let stranger = MemberCode::new("ZZZ").expect("a code");
    let lies = [
        ("signed by another key", code(2), forged, "no valid signature"),
        ("of another network", code(3), elsewhere, "expected invented.example"),
        ("of another log", code(0), of_another, "is of log"),
        ("another size", code(5), altered, "no valid signature"),
        ("of no member", stranger, history(6).checkpoint(None).note().to_string(), "is no member"),
        ("no note", code(7), "not a note".to_string(), "not in the format"),
    ];
    for (number, (what, log, note, says)) in lies.into_iter().enumerate() {
        let mut liar = village.liar(number);
        liar.connect(village.founded.nodes[1].port);
        liar.tell(&[(&log, &note)]);
        village.dropped(number, &mut liar, what, says);
    }
    let many = History::with_notes(&village.founded, CODES[9], 0, 1).checkpoint(None);
    let (code, note) = (code(9), many.note().to_string());
    let mut liar = village.liar(7);
    liar.connect(village.founded.nodes[1].port);
    liar.tell(&vec![(&code, note.as_str()); CODES.len() + 1]);
    village.dropped(7, &mut liar, "too many heads", "there are fewer members");
}

#[test]
fn a_peer_that_serves_a_false_range_is_dropped() {
    let mut village = Village::new();
    let network = &village.founded;
    let (two, other) = (2, Contributor { network: NetworkId([7; 32]), ..network.invented("LI-3") });
    let code = |number: usize| CODES[2 + number];
    let honest = |number: usize| History::with_notes(network, code(number), 0, two);
    let mut flipped = honest(0).range(0);
    let length = flipped.bundle.0.len();
    flipped.bundle.0[length / 2] ^= 1;
    let mut chained = honest(1);
    chained.push_behind(EntryHash([9; 32]), network.invented(code(1)).note(50));
    let mut signed = honest(2).range(0);
    let length = signed.bundle.0.len();
    signed.bundle.0[length - 40] ^= 1;
    let mut elsewhere = honest(3);
    elsewhere.push(other.note(50));
    let mut unauthorised = honest(4);
    let stranger = Contributor { key: SecretKey::from_seed([8; 32]), ..network.invented(code(4)) };
    unauthorised.push(stranger.note(50));
    let mut unasked = honest(5).range(0);
    unasked.start = 1;
    let mut cut = honest(6).range(0);
    cut.bundle.0.pop();
    let mut tree = honest(7).range(0);
    tree.proof.push(cairn_ledger::TreeHash([1; 32]));
    let range = |range| Response::Range(range).encode();
    let fit = "that it sent do not fit";
    let lies = [
        ("bit-flipped", honest(0), range(flipped), fit),
        ("wrongly chained", chained.clone(), range(chained.range(0)), "follows 0909"),
        ("wrongly signed", honest(2), range(signed), "does not match"),
        (
            "another network",
            elsewhere.clone(),
            range(elsewhere.range(0)),
            "belongs to network 0707",
        ),
        ("not authorised", unauthorised.clone(), range(unauthorised.range(0)), "is not authorised"),
        ("unasked", honest(5), range(unasked), "that were not asked for"),
        ("truncated", honest(6), range(cut), fit),
        ("not leading to its checkpoint", honest(7), range(tree), "do not lead to"),
    ];
    let claims = (honest(8).heads(), honest(9).heads());
    for (number, (what, claim, answer, says)) in lies.into_iter().enumerate() {
        serves(&mut village, number, what, (claim.heads(), answer), says);
    }
    let noted = Response::Noted.encode();
    serves(&mut village, 8, "another answer", (claims.0, noted), "an answer of another");
    let large = vec![0; RESPONSE_BYTES_MAX + 1];
    serves(&mut village, 9, "oversized", (claims.1, large), "the limit is");
}

/// A peer claims to hold a log, is asked for it, and answers with something false.
fn serves(
    village: &mut Village,
    number: usize,
    what: &str,
    (claim, answer): (Vec<u8>, Vec<u8>),
    says: &str,
) {
    let mut liar = village.liar(number).serving(answer);
    liar.connect(village.founded.nodes[1].port);
    liar.send(claim);
    village.dropped(number, &mut liar, what, says);
}

#[test]
fn a_peer_that_sends_false_entries_unasked_is_dropped() {
    let mut village = Village::new();
    let network = &village.founded;
    let honest = |number: usize| History::with_notes(network, CODES[2 + number], 0, 2);
    let mut flipped = honest(0).range(0);
    let length = flipped.bundle.0.len();
    flipped.bundle.0[length - 40] ^= 1;
    let mut chained = honest(1);
    chained.push_behind(EntryHash([9; 32]), network.invented(CODES[3]).note(50));
    let of_another = History::with_notes(network, "UNSEC", 0, 2).range(0);
    let mut large = honest(3).range(0);
    large.bundle.0.resize(PUSH_BYTES_MAX + 1, 0);
    let mut misplaced = honest(4).range(0);
    misplaced.start = 7;
    let mut forged = honest(5).range(0);
    forged.checkpoint.0 = honest(6).checkpoint(None).note().as_bytes().to_vec();
    let lies = [
        ("wrongly signed", flipped, "does not match"),
        ("wrongly chained", chained.range(0), "follows 0909"),
        ("of another log", of_another, "that were not asked for"),
        ("too much", large, "the limit is"),
        ("misplaced", misplaced, "says that it is at 0"),
        ("under another's checkpoint", forged, "is of log"),
    ];
    // True entries that come too early are no lie: they are asked for in their order.
    let early = grown(honest(9).range(1));
    for (number, (what, range, says)) in lies.into_iter().enumerate() {
        let mut liar = village.liar(number);
        liar.connect(village.founded.nodes[1].port);
        liar.send(grown(range));
        village.dropped(number, &mut liar, what, says);
    }
    let mut hasty = village.liar(9);
    hasty.connect(village.founded.nodes[1].port);
    hasty.send(early);
    hasty.until("asked", |seen| matches!(seen, Seen::Asked(Request::Fetch { .. })).then_some(()));
    village.goes_on("too early");
    assert_eq!(village.founded.nodes[1].status().peers_dropped, village.drops);
}

#[test]
fn an_unlisted_identity_never_opens_the_protocol() {
    let mut village = Village::new();
    let node = &village.founded.nodes[1];
    let before = node.status();
    let mut stranger =
        Hostile::new(&SecretKey::from_seed([0x77; 32]), village.founded.charter.network());
    stranger.dial(node.port);
    let mut sent = false;
    let history = History::with_notes(&village.founded, "LI-0", 0, 1).heads();
    // The handshake may seem to succeed on this side; whatever is sent then is never answered.
    loop {
        match stranger.until("turned away", Some) {
            Seen::Connected => {
                stranger.send(history.clone());
                sent = true;
            }
            Seen::Closed => break,
            Seen::Unanswered if sent => {}
            seen @ (Seen::Answered(_) | Seen::Unanswered | Seen::Asked(_)) => {
                panic!("a stranger saw {seen:?}")
            }
        }
    }
    let after = village.founded.nodes[1].status();
    assert_eq!(after.peers, before.peers);
    assert_eq!(after.peers_dropped, 0);
    village.goes_on("a stranger");
}
