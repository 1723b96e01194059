//! Shows our log's checkpoints to outside witnesses, again and again while it grows.

use super::kept::{self, Kept};
use super::settings::Witness;
use super::talk::{self, Answer};
use super::{State, Trouble, Witnesses, alarm};
use crate::config::replace;
use crate::driver::{Ask, Client, OwnHead, Stopping};
use crate::store::StoreError;
use cairn_ledger::note::{Algorithm, verifier_key};
use cairn_ledger::{Cosigned, RawAddCheckpoint};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};
use tokio::time::MissedTickBehavior;

/// A witness that fails is asked after twice the time, and so on, up to this.
const PAUSE_MAX: Duration = Duration::from_secs(900);
/// How often a witness may tell another size in one turn: others may show it our log as well.
const TRIES: usize = 3;

/// When a witness is asked next.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn {
    failures: u32,
    not_before: Option<Instant>,
}

impl Turn {
    fn is_due(&self) -> bool {
        self.not_before.is_none_or(|at| at <= Instant::now())
    }

    fn failed(&mut self, interval: Duration) {
        let pause = interval.saturating_mul(2_u32.saturating_pow(self.failures.min(20)));
        let pause = pause.min(PAUSE_MAX.max(interval));
        self.failures = self.failures.saturating_add(1);
        self.not_before = Instant::now().checked_add(pause);
    }
}

impl Witnesses {
    /// Shows what is new to all of them, until `stop` changes. Each has its own rounds: a slow one
    /// keeps nobody else waiting.
    pub fn start(self: &Arc<Self>, client: &Client, stop: &watch::Receiver<bool>) {
        for index in 0..self.list.len() {
            tokio::spawn(self.clone().rounds(index, client.clone(), stop.clone()));
        }
    }

    async fn rounds(
        self: Arc<Self>,
        index: usize,
        client: Client,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut rounds = tokio::time::interval(self.interval);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let round = async {
                rounds.tick().await;
                self.round(index, &client).await
            };
            tokio::select! {
                ended = round => if ended.is_err() { return },
                _ = stop.changed() => return,
            }
        }
    }

    async fn round(self: &Arc<Self>, index: usize, client: &Client) -> Result<(), Stopping> {
        let own = client.ask(Ask::OwnHead).await?;
        let Some(own) = own.filter(|own| self.is_due(index, own)) else { return Ok(()) };
        let (all, asking, (done, outcome)) = (self.clone(), client.clone(), oneshot::channel());
        // A thread of its own, which nobody waits for when the node stops.
        std::thread::spawn(move || done.send(all.turn(index, &asking, &own)).ok());
        // A turn that ends without an outcome has panicked, and is over.
        if let Ok(Some(outcome)) = outcome.await {
            self.note(index, outcome, client);
        }
        Ok(())
    }

    fn is_due(&self, index: usize, own: &OwnHead) -> bool {
        let states = self.states.read().unwrap_or_else(PoisonError::into_inner);
        states.get(index).is_some_and(|state| {
            let size = state.newest.as_ref().map(Kept::size);
            let next = at_least(own, size.unwrap_or(0));
            let grown = next.is_some_and(|next| Some(next.checkpoint().size()) > size);
            state.turn.is_due() && grown
        })
    }

    /// Shows our log to one witness, and keeps what it cosigns.
    fn turn(&self, index: usize, client: &Client, own: &OwnHead) -> Option<Result<Kept, Trouble>> {
        let witness = self.list.get(index)?;
        let kept = {
            let states = self.states.read().unwrap_or_else(PoisonError::into_inner);
            states.get(index).and_then(|state| state.newest.as_ref().map(Kept::size))
        };
        let outcome = self.ask(witness, kept.unwrap_or(0), client, own);
        if let Ok(kept) = &outcome {
            let (name, size) = (&witness.name, kept.size());
            tracing::debug!(witness = %name, size, "cosigned by an outside witness");
            let file = kept::file(&self.folder, &self.me, &witness.key);
            let note = kept.encode(&self.charter, &witness.key);
            if let Err(error) = replace(&file, note.as_bytes()) {
                tracing::error!(%error, witness = %name, "cannot keep a witness's cosignature");
            }
        }
        Some(outcome)
    }

    /// Asks a witness, which may know of another size than we do.
    fn ask(
        &self,
        witness: &Witness,
        mut old: u64,
        client: &Client,
        own: &OwnHead,
    ) -> Result<Kept, Trouble> {
        for _ in 0..TRIES {
            let next = at_least(own, old).ok_or_else(|| self.ahead(old, client))?;
            let request = self.request(client, old, next);
            let request =
                request.map_err(|why| failing(format!("our own log cannot be read: {why}")))?;
            let answer = talk::show(&self.agent, &witness.url, &request);
            match &answer {
                Answer::Conflict(told) if *told != old => old = *told,
                Answer::Conflict(_)
                | Answer::Cosigned(_)
                | Answer::Inconsistent(_)
                | Answer::Unknown(_)
                | Answer::Failed(_) => return self.conclude(witness, answer, old, next),
            }
        }
        Err(failing("it tells another size every time"))
    }

    fn request(
        &self,
        client: &Client,
        old: u64,
        next: &Cosigned,
    ) -> Result<RawAddCheckpoint, StoreError> {
        let log = client.store.log(&self.me).ok_or_else(|| StoreError::no_log(&self.me))?;
        let proof = log.consistency(old, next.checkpoint().size())?;
        Ok(RawAddCheckpoint { old, proof, note: next.checkpoint().note().to_string() })
    }

    fn conclude(
        &self,
        witness: &Witness,
        answer: Answer,
        old: u64,
        next: &Cosigned,
    ) -> Result<Kept, Trouble> {
        let size = next.checkpoint().size();
        Err(match answer {
            Answer::Cosigned(lines) => {
                return Kept::of_answer(&lines, next.clone(), &witness.key).map_err(failing);
            }
            // Older witnesses say so of one size with two roots.
            Answer::Conflict(told) if told == size => {
                refuses(format!("it has cosigned another checkpoint of {size} entries"))
            }
            Answer::Conflict(told) => failing(format!("it asks for the size {told}, and gets it")),
            Answer::Inconsistent(why) => refuses(format!(
                "it was shown a history that ours, from {old} to {size} entries, does not continue ({why})"
            )),
            Answer::Unknown(why) => failing(format!(
                "it does not take our log ({why}): its operator needs the key {}",
                self.own_key()
            )),
            Answer::Failed(why) => failing(why),
        })
    }

    /// It has cosigned more than it was shown by us.
    fn ahead(&self, told: u64, client: &Client) -> Trouble {
        let size = client.store.log(&self.me).map_or(0, |log| log.size().0);
        if told <= size {
            // Somebody else has shown it what has come meanwhile.
            return failing(format!("it has cosigned {told} entries before they were shown to it"));
        }
        refuses(format!(
            "it has cosigned {told} entries, this folder holds {size}: it was restored from an old copy, or a second node runs with our keys"
        ))
    }

    /// The key of our log as tools of the ecosystem read it.
    fn own_key(&self) -> String {
        let card = self.charter.member(&self.me);
        let origin = self.charter.origin(&self.me);
        let key = |key| verifier_key(&origin, Algorithm::Ed25519, key);
        card.map_or_else(String::new, |card| key(&card.keys.log))
    }

    /// Takes note of what came of a turn.
    fn note(&self, index: usize, outcome: Result<Kept, Trouble>, client: &Client) {
        let Some(witness) = self.list.get(index) else { return };
        let mut states = self.states.write().unwrap_or_else(PoisonError::into_inner);
        let Some(state) = states.get_mut(index) else { return };
        let trouble = match outcome {
            Ok(kept) => {
                *state = State { newest: Some(kept), ..State::default() };
                return;
            }
            Err(trouble) => trouble,
        };
        state.turn.failed(self.interval);
        if state.trouble.as_ref() == Some(&trouble) {
            return;
        }
        match &trouble {
            Trouble::Refuses(why) => client.alarm(alarm(&witness.name, why)),
            Trouble::Failing(why) => {
                tracing::warn!(witness = %witness.name, why, "an outside witness does not cosign");
                // What somebody has to look at stays until the witness cosigns again.
                if matches!(state.trouble, Some(Trouble::Refuses(_))) {
                    return;
                }
            }
        }
        state.trouble = Some(trouble);
    }
}

/// The checkpoint to show to a witness that has cosigned so many entries: a confirmed one, if the
/// members have confirmed so much already.
fn at_least(own: &OwnHead, old: u64) -> Option<&Cosigned> {
    let size = |one: &&Cosigned| one.checkpoint().size() >= old;
    own.confirmed.as_ref().filter(size).or_else(|| Some(&own.newest).filter(size))
}

fn failing(why: impl Into<String>) -> Trouble {
    Trouble::Failing(why.into())
}

fn refuses(why: String) -> Trouble {
    Trouble::Refuses(why)
}
