//! Cosigning for those who are no peers: a log shows a checkpoint and names the last one that we have
//! cosigned, and gets our cosignature if both are true (c2sp.org/tlog-witness).
//!
//! One request of a log after the other, and none while a cosignature of it is on its way to the
//! disk: what is compared is what the disk holds, so two requests cannot both find the same old size.
//! Source: `docs/spec/13-witness.md`.

use crate::heads::Shown;
use crate::io::{Output, Token};
use crate::replica::Replica;
use crate::trees::Trees;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use cairn_ledger::proof::{TreeHead, check_consistency};
use cairn_ledger::text::MemberCode;
use cairn_ledger::tree::empty_root;
use cairn_ledger::{Checkpoint, Cosigned, TreeHash};

/// How many requests of one log wait at most: each costs a flush.
const WAITING_MAX: usize = 64;

/// "You have cosigned my first `old` entries; cosign this, which continues them."
#[derive(Debug, Clone)]
pub struct Submission {
    /// To be named in the answer.
    pub token: Token,
    /// Whose log.
    pub log: MemberCode,
    /// What we are said to have cosigned last: 0 for nothing.
    pub old: u64,
    /// That it is a prefix of what the checkpoint promises.
    pub proof: Vec<TreeHash>,
    /// The checkpoint, signed by the log.
    pub checkpoint: Checkpoint,
}

/// Why a checkpoint is not cosigned for one who asks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// It is our own log, or nobody's.
    #[error("this node is no witness of that log")]
    NotWitnessed,
    /// More was named as old than the checkpoint has.
    #[error("the old size {old} is larger than the {size} entries of the checkpoint")]
    OldTooLarge {
        /// What was named.
        old: u64,
        /// What the checkpoint has.
        size: u64,
    },
    /// Something else was cosigned last.
    #[error("this node has cosigned {cosigned} entries, not {old}")]
    Conflict {
        /// What was cosigned last.
        cosigned: u64,
        /// What was named.
        old: u64,
    },
    /// The checkpoint is not shown to continue what was cosigned last.
    #[error("the checkpoint is not shown to continue the {cosigned} entries cosigned here: {why}")]
    NotConsistent {
        /// What was cosigned last.
        cosigned: u64,
        /// What is wrong with the proof.
        why: cairn_ledger::proof::ProofError,
    },
    /// The checkpoint has another root than the entries that we hold.
    #[error("the first {size} entries held here have another root than the checkpoint")]
    Contradicts {
        /// How many entries the checkpoint has.
        size: u64,
    },
    /// The log has signed two histories.
    #[error("the log is frozen: its key has signed two histories")]
    Frozen,
    /// We cosign only what we hold.
    #[error("this node holds {held} entries and cosigns nothing before it holds all {size}")]
    NotHeld {
        /// What we hold.
        held: u64,
        /// What the checkpoint has.
        size: u64,
    },
    /// Too many ask at once.
    #[error("{0} requests for this log are waiting already")]
    Busy(usize),
}

/// Who waits for our cosignature on one log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Submissions {
    waiting: VecDeque<Submission>,
    /// Who gets the cosignature that is on its way to the disk.
    answering: Option<Token>,
}

impl Replica {
    /// Somebody shows a checkpoint. Whether we cosign it or not, it is one more promise of that log.
    pub(crate) fn on_submitted(&mut self, submission: Submission, trees: &dyn Trees) {
        let log = submission.log.clone();
        let before = self.logs.get(&self.me).map_or(0, crate::Held::promised_size);
        self.learn(Shown { peer: None, trees }, &log, &submission.checkpoint);
        if log == self.me {
            self.check_own_log(before);
        }
        let Some(held) = self.logs.get_mut(&log).filter(|_| log != self.me) else {
            return self.witnessed(submission.token, Err(WitnessError::NotWitnessed));
        };
        let waiting = &mut held.cosignatures.submissions.waiting;
        if waiting.len() >= WAITING_MAX {
            let busy = WitnessError::Busy(waiting.len());
            return self.witnessed(submission.token, Err(busy));
        }
        waiting.push_back(submission);
        self.answer_submissions(&log, trees);
    }

    /// Answers whoever waits for our cosignature on a log, until one is on its way to the disk.
    fn answer_submissions(&mut self, log: &MemberCode, trees: &dyn Trees) {
        while let Some(held) = self.logs.get_mut(log).filter(|it| !it.cosignatures.under_way) {
            let submissions = &mut held.cosignatures.submissions;
            let Some(Submission { token, old, proof, checkpoint, .. }) =
                submissions.waiting.pop_front()
            else {
                return;
            };
            let (_, not_before) = held.cosignatures.ours.unwrap_or_default();
            match held.judge(old, &proof, &checkpoint, trees) {
                Ok(()) => {
                    held.cosignatures.under_way = true;
                    held.cosignatures.submissions.answering = Some(token);
                    let log = log.clone();
                    self.outputs.push_back(Output::Cosign { log, checkpoint, not_before });
                }
                Err(why) => self.witnessed(token, Err(why)),
            }
        }
    }

    /// A cosignature of ours is on the disk. If somebody asked for it, that is the answer; then the
    /// others have their turn, peers first where they had to wait.
    pub(crate) fn on_cosigned_for(
        &mut self,
        log: &MemberCode,
        cosigned: &Cosigned,
        peers_wait: bool,
        trees: &dyn Trees,
    ) {
        let Some(held) = self.logs.get_mut(log) else { return };
        let asked = held.cosignatures.submissions.answering.take();
        if let Some(token) = asked {
            self.witnessed(token, Ok(cosigned.clone()));
            if peers_wait {
                self.cosign(log);
            }
        }
        self.answer_submissions(log, trees);
        if peers_wait && asked.is_none() {
            self.cosign(log);
        }
    }

    fn witnessed(&mut self, token: Token, answer: Result<Cosigned, WitnessError>) {
        self.outputs.push_back(Output::Witnessed(token, answer));
    }
}

impl crate::Held {
    /// Whether a checkpoint continues what we have cosigned last, by the proof and by what we hold.
    fn judge(
        &self,
        old: u64,
        proof: &[TreeHash],
        checkpoint: &Checkpoint,
        trees: &dyn Trees,
    ) -> Result<(), WitnessError> {
        let (new, held) = (checkpoint.head(), self.stored.size());
        let (cosigned, _) = self.cosignatures.ours.unwrap_or_default();
        if old > new.size {
            return Err(WitnessError::OldTooLarge { old, size: new.size });
        }
        if self.fork.is_some() {
            return Err(WitnessError::Frozen);
        }
        if old != cosigned {
            return Err(WitnessError::Conflict { cosigned, old });
        }
        let root = if cosigned == 0 { Some(empty_root()) } else { self.root(trees, cosigned) };
        let lost = WitnessError::NotHeld { held, size: cosigned };
        let old = TreeHead { size: cosigned, root: root.ok_or(lost)? };
        check_consistency(old, new, proof)
            .map_err(|why| WitnessError::NotConsistent { cosigned, why })?;
        if new.size > held {
            return Err(WitnessError::NotHeld { held, size: new.size });
        }
        if self.root(trees, new.size) != Some(new.root) {
            return Err(WitnessError::Contradicts { size: new.size });
        }
        Ok(())
    }
}
