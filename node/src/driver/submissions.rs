//! Checkpoints that others show over HTTP, to be cosigned: handed to the replica, and answered.

use super::{Ask, Driver};
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Checkpoint, Cosigned, TreeHash};
use cairn_replica::{Input, Submission, Token, WitnessError};
use std::collections::BTreeMap;
use tokio::sync::oneshot;

/// What becomes of a checkpoint that somebody shows.
pub type Witnessed = Result<Cosigned, WitnessError>;

/// A checkpoint that somebody shows.
#[derive(Debug)]
pub struct Shown {
    /// Whose log.
    pub log: MemberCode,
    /// What we are said to have cosigned last.
    pub old: u64,
    /// That it is a prefix of what the checkpoint promises.
    pub proof: Vec<TreeHash>,
    /// The checkpoint.
    pub checkpoint: Checkpoint,
}

/// Our own log as we show it to others.
#[derive(Debug, Clone)]
pub struct OwnHead {
    /// The largest checkpoint behind which enough members stand.
    pub confirmed: Option<Cosigned>,
    /// The newest.
    pub newest: Cosigned,
}

/// Who waits for an answer. There are no more of them than requests under way.
#[derive(Default)]
pub(super) struct Submitters {
    next: u64,
    answers: BTreeMap<Token, oneshot::Sender<Witnessed>>,
}

impl Submitters {
    fn add(&mut self, answer: oneshot::Sender<Witnessed>) -> Token {
        let token = Token(self.next);
        self.next = self.next.saturating_add(1);
        self.answers.insert(token, answer);
        token
    }

    pub(super) fn answer(&mut self, token: Token, witnessed: Witnessed) {
        if let Some(answer) = self.answers.remove(&token) {
            // Whoever asked may have gone; the cosignature stands all the same.
            answer.send(witnessed).ok();
        }
    }
}

impl Ask {
    /// Cosign this.
    pub fn add_checkpoint(shown: Shown) -> impl FnOnce(oneshot::Sender<Witnessed>) -> Self {
        move |answer| Self::AddCheckpoint(Box::new(shown), answer)
    }
}

impl Driver {
    pub(super) async fn on_shown(&mut self, shown: Shown, answer: oneshot::Sender<Witnessed>) {
        let Shown { log, old, proof, checkpoint } = shown;
        let token = self.submitters.add(answer);
        let submission = Submission { token, log, old, proof, checkpoint };
        self.input(Input::Submitted(submission)).await;
    }

    /// What we show of our own log, unless its key is known to have signed two histories.
    pub(super) fn own_head(&self) -> Option<OwnHead> {
        let held = self.replica.logs().get(self.replica.me())?;
        let newest = held.checkpoint().filter(|_| held.fork().is_none())?;
        let newest = Cosigned::new(newest.clone());
        Some(OwnHead { confirmed: held.cosignatures().confirmed().cloned(), newest })
    }
}
