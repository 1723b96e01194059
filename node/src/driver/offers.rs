//! Charters that clients hand in: who waits for which answer.

use super::Driver;
use crate::net::Command;
use cairn_ledger::charter::{CharterError, Learnt};
use cairn_replica::{CharterWork, Input, Token};
use std::collections::BTreeMap;
use tokio::sync::oneshot;

/// What became of a charter that was handed in.
pub type Offered = Result<Learnt, CharterError>;

/// Clients that wait until their charter is on the disk.
#[derive(Default)]
pub(super) struct Offers {
    next: u64,
    answers: BTreeMap<Token, oneshot::Sender<Offered>>,
}

impl Offers {
    pub(super) fn answer(&mut self, token: Token, offered: Offered) {
        if let Some(answer) = self.answers.remove(&token) {
            // Whoever asked may have gone.
            answer.send(offered).ok();
        }
    }
}

impl Driver {
    pub(super) async fn on_charters(&mut self, work: CharterWork) {
        match work {
            CharterWork::Keep => {
                if let Err(error) = self.store.keep_charters(self.replica.amendments()) {
                    self.failed.get_or_insert(error);
                }
            }
            CharterWork::Tell(peer) => {
                self.command(Command::TellCharters(peer, self.replica.known_charters())).await;
            }
            CharterWork::Answer(token, answer) => self.offers.answer(token, answer),
            CharterWork::BeginAnew => self.amended = true,
        }
    }

    pub(super) async fn on_offer(&mut self, charter: Vec<u8>, answer: oneshot::Sender<Offered>) {
        let token = Token(self.offers.next);
        self.offers.next = self.offers.next.saturating_add(1);
        self.offers.answers.insert(token, answer);
        self.input(Input::Offered(token, charter)).await;
    }
}
