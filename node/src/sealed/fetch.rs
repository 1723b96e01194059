//! Fetches what we may have and do not hold, and destroys what is erased: one task beside the driver.

use super::opened::{AskOpened, Questions};
use super::wants::{Wants, id_of};
use super::{Sealed, SealedError, State, lock};
use crate::driver::{Ask, Client};
use crate::net::Command;
use crate::store::{Content, Part, PartId};
use cairn_ledger::MemberCode;
use cairn_replica::message::{OpenedRecord, SealedWanted};
use cairn_sealing::{Manifest, OpenError};
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinSet, spawn_blocking};

/// How often the logs are looked at for new parts.
const TICK: Duration = Duration::from_millis(250);

/// What the driver passes on of the network. There is one for each request under way, which are few, and
/// for each connection.
#[derive(Debug)]
pub enum FromPeers {
    /// A member's node is connected.
    Connected(MemberCode),
    /// It is not any more.
    Disconnected(MemberCode),
    /// Something that was asked for came.
    Came(MemberCode, SealedWanted, Vec<u8>),
    /// Something that was asked for does not come.
    Failed(SealedWanted),
    /// Who has opened a part of ours at a member's node; nothing where it does not say.
    Opened(MemberCode, SealedWanted, Option<Vec<OpenedRecord>>),
}

/// What became of something that came.
type Taken = (MemberCode, SealedWanted, Result<(), SealedError>);

struct Task {
    sealed: Arc<Sealed>,
    commands: mpsc::Sender<Command>,
    client: Client,
    wants: Wants,
    taking: JoinSet<Taken>,
    began: Instant,
    /// Parts that are erased and not destroyed yet.
    erased: BTreeSet<PartId>,
    questions: Questions,
}

/// Runs until `stop` changes.
pub async fn run(
    sealed: Arc<Sealed>,
    commands: mpsc::Sender<Command>,
    client: Client,
    mut peers: mpsc::UnboundedReceiver<FromPeers>,
    mut asked: mpsc::Receiver<AskOpened>,
    mut stop: watch::Receiver<bool>,
) {
    let (wants, taking, began) = (Wants::default(), JoinSet::new(), Instant::now());
    let (erased, questions) = (BTreeSet::new(), Questions::default());
    let mut task = Task { sealed, commands, client, wants, taking, began, erased, questions };
    let mut tick = tokio::time::interval(TICK);
    loop {
        tokio::select! {
            Some(event) = peers.recv() => task.on_peer(event),
            Some(ask) = asked.recv() => task.on_question(ask).await,
            Some(taken) = task.taking.join_next() => {
                if let Ok(taken) = taken {
                    task.on_taken(taken).await;
                }
            }
            _ = tick.tick() => task.look().await,
            _ = stop.changed() => return,
        }
        task.ask().await;
    }
}

impl Task {
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn on_peer(&mut self, event: FromPeers) {
        match event {
            FromPeers::Connected(member) => self.wants.connected(member),
            FromPeers::Disconnected(member) => self.wants.disconnected(&member),
            FromPeers::Came(peer, wanted, bytes) => {
                let sealed = self.sealed.clone();
                self.taking.spawn_blocking(move || {
                    let taken = sealed.take(&wanted, &bytes);
                    (peer, wanted, taken)
                });
            }
            FromPeers::Opened(peer, wanted, records) => {
                self.questions.take(&peer, &wanted, records.as_deref());
            }
            FromPeers::Failed(wanted) => {
                let now = self.now();
                self.wants.failed(&wanted, now);
            }
        }
    }

    async fn on_taken(&mut self, (peer, wanted, taken): Taken) {
        match taken {
            Ok(()) => {
                self.wants.kept(&wanted);
                if wanted.piece.is_none() || self.is_whole(&wanted) {
                    self.consider(id_of(&wanted)).await;
                }
            }
            Err(SealedError::Limit(why)) => {
                self.wants.kept(&wanted);
                self.sealed.refuse(&id_of(&wanted), why);
                self.wants.settle(&id_of(&wanted));
            }
            Err(SealedError::Open(OpenError::NotForUs)) => {
                let why = "it is sealed to a key that is not here: ask its member for a grant";
                self.wants.kept(&wanted);
                self.sealed.refuse(&id_of(&wanted), why.into());
                self.wants.settle(&id_of(&wanted));
            }
            Err(SealedError::Open(OpenError::Undecryptable)) => {
                // Its author may have wrapped something else for us than for whoever has sent it.
                let (id, now) = (id_of(&wanted), self.now());
                tracing::warn!(%peer, part = %id, "a sealed part does not decrypt");
                self.wants.failed(&wanted, now);
            }
            Err(SealedError::Open(why)) => {
                let now = self.now();
                self.wants.failed(&wanted, now);
                let why = format!("{}: {why}", id_of(&wanted));
                self.client.ask(|answer| Ask::Drop(peer, why, answer)).await.ok();
            }
            Err(
                why @ (SealedError::Disk(_)
                | SealedError::Unknown(_)
                | SealedError::NotForUs { .. }
                | SealedError::Missing(_)
                | SealedError::Erased { .. }),
            ) => {
                let now = self.now();
                tracing::warn!(%why, part = %id_of(&wanted), "a sealed part was not kept");
                self.wants.failed(&wanted, now);
            }
        }
    }

    fn is_whole(&self, wanted: &SealedWanted) -> bool {
        !self.wants.lacks_pieces(&id_of(wanted))
    }

    async fn on_question(&mut self, ask: AskOpened) {
        let (wanted, readers) = (ask.wanted.clone(), ask.readers.clone());
        self.questions.add(ask);
        for reader in readers {
            self.commands.send(Command::AskOpened(reader, wanted.clone())).await.ok();
        }
    }

    /// Looks at what the logs tell of that is new.
    async fn look(&mut self) {
        let changed = {
            let store = &self.sealed.store;
            let mut index = store.index().write().unwrap_or_else(PoisonError::into_inner);
            index.parts_mut().take_changed()
        };
        self.questions.settle();
        for id in changed {
            self.consider(id).await;
        }
        for id in self.erased.clone() {
            self.destroy(id).await;
        }
    }

    /// Decides whether something is wanted of a part, or it is to be destroyed.
    async fn consider(&mut self, id: PartId) {
        let sealed = self.sealed.clone();
        let Ok(part) = sealed.part(&id) else { return };
        if part.erased.is_some() {
            self.wants.settle(&id);
            self.erased.insert(id);
            return;
        }
        if !part.may_have(&sealed.me) || (part.vault && id.member != sealed.me) {
            return;
        }
        let (holders, look) = (holders(&sealed.me, &id.member, part.readers()), id.clone());
        let state = spawn_blocking(move || {
            let state = sealed.state(&look, &part)?;
            Ok::<_, std::io::Error>((state, sealed.missing_pieces(&look, &part)?))
        });
        match state.await {
            Ok(Ok((State::Whole, _))) => {
                self.wants.settle(&id);
                lock(&self.sealed.refused).remove(&id);
                self.wake_granted(&id).await;
            }
            Ok(Ok((State::Missing, _))) => self.wants.want(id, holders, None),
            Ok(Ok((State::Pieces(..), missing))) => {
                self.wants.want(id, holders, Some(missing.into_iter().collect()));
            }
            Ok(Err(error)) => tracing::error!(%error, part = %id, "cannot read a sealed part"),
            Err(_) => {}
        }
    }

    /// A grant that has come lets us read what was granted: it is asked for again.
    async fn wake_granted(&mut self, id: &PartId) {
        if let Ok(part) = self.sealed.part(id)
            && let Content::Grant { of } = part.content
            && let Ok(granted) = self.sealed.part(&of)
            && matches!(self.sealed.state(&of, &granted), Ok(State::Missing))
            && granted.may_have(&self.sealed.me)
        {
            lock(&self.sealed.refused).remove(&of);
            let holders = holders(&self.sealed.me, &of.member, granted.readers());
            self.wants.want(of, holders, None);
        }
    }

    async fn destroy(&mut self, id: PartId) {
        let (sealed, look) = (self.sealed.clone(), id.clone());
        match spawn_blocking(move || sealed.destroy(&look)).await {
            Ok(Ok(None)) => {
                self.erased.remove(&id);
            }
            Ok(Ok(Some(said))) => {
                tracing::info!(part = %id, "destroyed");
                // It is looked at again until the log says it.
                let asked = self.client.ask(|answer| Ask::Append(Box::new(said), answer)).await;
                if let Ok(outcome) = asked {
                    tracing::debug!(?outcome, part = %id, "said that it is destroyed");
                }
            }
            Ok(Err(error)) => tracing::error!(%error, part = %id, "cannot destroy a sealed part"),
            Err(_) => {}
        }
    }

    async fn ask(&mut self) {
        let now = self.now();
        for (peer, wanted) in self.wants.next(now) {
            self.commands.send(Command::FetchSealed(peer, wanted)).await.ok();
        }
    }
}

/// Whom to ask, the statement's member first.
fn holders(me: &MemberCode, member: &MemberCode, readers: Vec<MemberCode>) -> Vec<MemberCode> {
    let others = readers.into_iter().filter(|one| one != member);
    [member.clone()].into_iter().chain(others).filter(|one| one != me).collect()
}

impl Sealed {
    /// Keeps what a peer has sent, if it is what it has to be.
    fn take(&self, wanted: &SealedWanted, bytes: &[u8]) -> Result<(), SealedError> {
        let (id, me) = (id_of(wanted), &self.me);
        let part = self.part(&id)?;
        if let Some(by) = part.erased {
            return Err(SealedError::Erased { id, by });
        }
        if !part.may_have(me) {
            return Err(SealedError::Unknown(id));
        }
        match wanted.piece {
            Some(number) => self.take_piece(&id, &part, number, bytes)?,
            None => self.take_payload(&id, &part, bytes)?,
        }
        // It may have been erased while it was written.
        match self.part(&id)?.erased {
            Some(by) => {
                self.shelf.destroy(&self.place(&id, &part))?;
                Err(SealedError::Erased { id, by })
            }
            None => Ok(()),
        }
    }

    fn take_payload(&self, id: &PartId, part: &Part, bytes: &[u8]) -> Result<(), SealedError> {
        let opening = self.check(id, part, bytes)?;
        if part.content == Content::File {
            Manifest::decode(opening.content()).map_err(OpenError::from)?;
        }
        let more = self.weight(id, part, bytes);
        // Nobody else may take the room between the look and the writing.
        let _one_at_a_time = lock(&self.taking);
        self.check_room(&id.member, part.case.as_ref(), more)?;
        self.shelf.keep_payload(&self.place(id, part), bytes)?;
        lock(&self.used).add(&id.member, part.case.as_ref(), more);
        Ok(())
    }
}
