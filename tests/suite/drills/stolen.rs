//! A thief with one of a member's keys and none of the others.

use cairn_ledger::SecretKey;
use cairn_tests::nodes::hostile::{Hostile, Seen};
use cairn_tests::nodes::{Founded, History};

/// Whoever has this transport key gets no connection with a member's node: nothing that it sends is answered.
pub(super) fn is_turned_away(founded: &Founded, transport: &SecretKey, code: &str) {
    let mut peer = Hostile::new(transport, founded.charter.network());
    peer.dial(founded.node(code).port);
    let heads = History::with_notes(founded, code, 900, 1).heads();
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
