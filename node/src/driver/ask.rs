//! What clients ask of the driver, and the handle with which they do.

use super::{Decided, Driver, Offered, OwnHead, Shown, Witnessed};
use crate::sealed::Sealed;
use crate::store::Store;
use crate::witness::Witnesses;
use cairn_api::{
    Contributor, CosignedStatus, Event, LogStatus, MemberView, Outcome, PeerStatus, Problem,
    Review, Reviewed, Status, authority, words,
};
use cairn_casebook::Beyond;
use cairn_ledger::authority::NotAuthorised;
use cairn_ledger::hash::{Bytes, EntryHash, Reference};
use cairn_ledger::note::{Algorithm, verifier_key};
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Authority, Cosigned, Cosigner, Fork, Refusal, SignedStatement, StatementId};
use cairn_replica::{AppendError, Held, Input, Token};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError};
use tokio::sync::{broadcast, mpsc, oneshot};

/// A question to the driver.
pub enum Ask {
    /// Append this statement to our log.
    Append(Box<SignedStatement>, oneshot::Sender<Outcome>),
    /// How is it going?
    Status(oneshot::Sender<Status>),
    /// How is it going with this log?
    Log(MemberCode, oneshot::Sender<Option<LogStatus>>),
    /// Who are the members, and who speaks for them?
    Members(oneshot::Sender<Vec<MemberView>>),
    /// The newest checkpoint of which everything is on the disk, with what is held on it.
    Newest(MemberCode, oneshot::Sender<Option<Cosigned>>),
    /// By what the statements of every log are judged once they are in it.
    Judged(oneshot::Sender<BTreeMap<MemberCode, Judged>>),
    /// Who may speak for this member, as of how many entries of its log?
    Authority(MemberCode, oneshot::Sender<Option<(u64, Authority)>>),
    /// The proof that a log is forked.
    Fork(MemberCode, oneshot::Sender<Option<Fork>>),
    /// The checkpoint that covers this position of a log, and behind which most members stand.
    Cosigned(MemberCode, u64, oneshot::Sender<Option<Cosigned>>),
    /// Cosign this checkpoint of another's log, if it continues what was cosigned last.
    AddCheckpoint(Box<Shown>, oneshot::Sender<Witnessed>),
    /// The checkpoint of a log that we have cosigned last.
    Ours(MemberCode, oneshot::Sender<Option<Cosigned>>),
    /// Take this charter or proposal in.
    Offer(Vec<u8>, oneshot::Sender<Offered>),
    /// Which proposals to amend the charter wait for signatures?
    Proposals(oneshot::Sender<Vec<Bytes>>),
    /// What waits for a second person?
    Reviews(oneshot::Sender<Vec<Review>>),
    /// Have this statement wait for a second person, or take its signatures in.
    Review(Box<SignedStatement>, oneshot::Sender<Decided<Reviewed>>),
    /// A contributor refuses a statement that waits.
    Refuse(StatementId, Refusal, oneshot::Sender<Decided<Review>>),
    /// Drop this peer: it has sent what no honest node sends.
    Drop(MemberCode, String, oneshot::Sender<()>),
    /// Our own log, as we show it to others.
    OwnHead(oneshot::Sender<Option<OwnHead>>),
}

/// By what the statements of a log are judged once they are in it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// From which position on the log is forked, if it is.
    pub fork: Option<u64>,
    /// How many entries the charter lets stand of it, if its member was removed.
    pub ends: Option<u64>,
    /// What the log says of its keys.
    pub authority: Authority,
}

impl Judged {
    /// Why what is at this position stands for nothing, if it does not stand.
    #[must_use]
    pub fn beyond(&self, position: u64) -> Option<Beyond> {
        let is_behind = |end: Option<u64>| end.is_some_and(|end| position >= end);
        match (is_behind(self.fork), is_behind(self.ends)) {
            (true, _) => Some(Beyond::Fork),
            (false, true) => Some(Beyond::End),
            (false, false) => None,
        }
    }
}

/// The handle through which clients reach the driver and the store.
#[derive(Clone)]
pub struct Client {
    asks: mpsc::Sender<Ask>,
    events: broadcast::Sender<Event>,
    /// What is on the disk.
    pub store: Arc<Store>,
    /// The outside witnesses of our log.
    pub witnesses: Arc<Witnesses>,
    /// What is sealed and here.
    pub sealed: Arc<Sealed>,
}

/// The node is stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the node is stopping")]
pub struct Stopping;

impl Client {
    pub(super) fn new(
        asks: mpsc::Sender<Ask>,
        events: broadcast::Sender<Event>,
        store: Arc<Store>,
        witnesses: Arc<Witnesses>,
        sealed: Arc<Sealed>,
    ) -> Self {
        Self { asks, events, store, witnesses, sealed }
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// When the node is stopping.
    pub async fn ask<T>(
        &self,
        question: impl FnOnce(oneshot::Sender<T>) -> Ask,
    ) -> Result<T, Stopping> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(question(answer)).await.map_err(|_| Stopping)?;
        answered.await.map_err(|_| Stopping)
    }

    /// Asks, and leaves the waiting for later.
    ///
    /// # Errors
    /// When the node is stopping.
    pub async fn append(
        &self,
        statement: SignedStatement,
    ) -> Result<oneshot::Receiver<Outcome>, Stopping> {
        let (answer, answered) = oneshot::channel();
        let ask = Ask::Append(Box::new(statement), answer);
        self.asks.send(ask).await.map_err(|_| Stopping)?;
        Ok(answered)
    }

    /// Tells whoever listens what an operator has to know.
    pub fn alarm(&self, text: String) {
        tracing::error!(alarm = text, "an operator has to know");
        // Nobody may be listening.
        self.events.send(Event::Alarm { text }).ok();
    }

    /// Listens to what happens from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}

/// Statements that are on their way to the disk.
#[derive(Default)]
pub(super) struct Waiting {
    next: u64,
    answers: BTreeMap<Token, (Reference, Vec<oneshot::Sender<Outcome>>)>,
    references: HashMap<Reference, Token>,
}

impl Waiting {
    fn add(&mut self, reference: Reference, answer: oneshot::Sender<Outcome>) -> Token {
        let token = Token(self.next);
        self.next = self.next.saturating_add(1);
        self.answers.insert(token, (reference, vec![answer]));
        self.references.insert(reference, token);
        token
    }

    /// Joins those who wait for the same statement already. Gives the answer back otherwise.
    fn join(
        &mut self,
        reference: &Reference,
        answer: oneshot::Sender<Outcome>,
    ) -> Option<oneshot::Sender<Outcome>> {
        let waiting = self.references.get(reference).and_then(|token| self.answers.get_mut(token));
        match waiting {
            Some((_, answers)) => {
                answers.push(answer);
                None
            }
            None => Some(answer),
        }
    }

    pub(super) fn accepted(
        &mut self,
        token: Token,
        me: &MemberCode,
        position: u64,
        entry: EntryHash,
    ) -> Option<Reference> {
        let member = me.clone();
        let reference = self.answers.get(&token).map(|(reference, _)| *reference);
        self.answer(
            token,
            &Outcome::Accepted { member: member.clone(), position, entry },
            &Outcome::Known { member, position, entry },
        );
        reference
    }

    pub(super) fn refused(&mut self, token: Token, me: &MemberCode, why: &AppendError) {
        let refused = Outcome::Refused(problem(me, why));
        self.answer(token, &refused, &refused);
    }

    fn answer(&mut self, token: Token, first: &Outcome, rest: &Outcome) {
        let Some((reference, answers)) = self.answers.remove(&token) else { return };
        self.references.remove(&reference);
        for (index, answer) in answers.into_iter().enumerate() {
            // Whoever asked may have gone; the statement stands all the same.
            answer.send(if index == 0 { first.clone() } else { rest.clone() }).ok();
        }
    }
}

/// Why a statement does not enter our log, as clients read it.
pub(super) fn problem(me: &MemberCode, why: &AppendError) -> Problem {
    match why {
        AppendError::NotAuthorised(why) => {
            let needs_second =
                matches!(why, NotAuthorised::NeedsTwo(_) | NotAuthorised::NeedsSecond(_));
            Problem { needs_second, ..words::refusal(me, why) }
        }
        AppendError::WrongMember { .. }
        | AppendError::Busy(_)
        | AppendError::Behind { .. }
        | AppendError::Unseen { .. }
        | AppendError::Removed { .. }
        | AppendError::Frozen => Problem::new(why.to_string(), hint(why)),
    }
}

fn hint(why: &AppendError) -> Option<String> {
    let text = match why {
        AppendError::WrongMember { found, .. } => format!("submit it to the node of {found}"),
        AppendError::NotAuthorised(_) => return None,
        AppendError::Busy(_) => "submit again in a moment".into(),
        AppendError::Behind { .. } => "`cairn status` shows when it has caught up".into(),
        AppendError::Unseen { .. } => "`cairn status` shows what the operator can do".into(),
        AppendError::Frozen => "`cairn status` shows the evidence".into(),
        AppendError::Removed { .. } => "`cairn charter history` shows who has signed that".into(),
    };
    Some(text)
}

impl Driver {
    pub(super) async fn on_ask(&mut self, ask: Ask) {
        // Whoever asked may have gone meanwhile: an answer that nobody takes is dropped.
        match ask {
            Ask::Append(statement, answer) => self.on_append(*statement, answer).await,
            Ask::Status(answer) => {
                answer.send(self.status()).ok();
            }
            Ask::Log(member, answer) => {
                answer.send(self.replica.logs().get(&member).map(log_status)).ok();
            }
            Ask::Members(answer) => {
                answer.send(self.members()).ok();
            }
            Ask::Cosigned(member, position, answer) => {
                let held = self.replica.logs().get(&member);
                answer.send(held.and_then(|held| held.covering(position))).ok();
            }
            Ask::AddCheckpoint(shown, answer) => self.on_shown(*shown, answer).await,
            Ask::Ours(member, answer) => {
                let held = self.replica.logs().get(&member);
                answer.send(held.and_then(|held| held.cosignatures().ours().cloned())).ok();
            }
            Ask::Offer(charter, answer) => self.on_offer(charter, answer).await,
            Ask::Proposals(answer) => {
                let proposals = self.replica.amendments().proposals();
                answer.send(proposals.map(|one| Bytes(one.encode())).collect()).ok();
            }
            Ask::Reviews(answer) => {
                answer.send(self.reviews()).ok();
            }
            Ask::Review(statement, answer) => self.on_review(*statement, answer).await,
            Ask::Refuse(id, refusal, answer) => {
                if let Some(decided) = self.on_refusal(&id, refusal) {
                    answer.send(decided).ok();
                }
            }
            Ask::Drop(peer, why, answer) => {
                self.drop_peer(peer, why).await;
                answer.send(()).ok();
            }
            Ask::OwnHead(answer) => {
                answer.send(self.own_head()).ok();
            }
            Ask::Judged(answer) => {
                let judged = |(log, held): (&MemberCode, &Held)| {
                    let fork = held.fork().map(Fork::position);
                    let authority = held.stored().authority().clone();
                    (log.clone(), Judged { fork, ends: held.ends(), authority })
                };
                answer.send(self.replica.logs().iter().map(judged).collect()).ok();
            }
            Ask::Authority(member, answer) => {
                let log = self.replica.logs().get(&member).map(Held::stored);
                answer.send(log.map(|log| (log.size(), log.authority().clone()))).ok();
            }
            Ask::Fork(member, answer) => {
                let held = self.replica.logs().get(&member);
                answer.send(held.and_then(|held| held.fork().cloned())).ok();
            }
            Ask::Newest(member, answer) => {
                let held = self.replica.logs().get(&member);
                answer.send(held.and_then(Held::newest)).ok();
            }
        }
    }

    pub(super) async fn on_append(
        &mut self,
        statement: SignedStatement,
        answer: oneshot::Sender<Outcome>,
    ) {
        let reference = statement.statement().reference;
        if let Some(known) = self.known(&reference) {
            answer.send(known).ok();
            return;
        }
        if let Err(why) = self.judge_amended(&statement) {
            let refused = problem(self.replica.me(), &AppendError::NotAuthorised(why));
            answer.send(Outcome::Refused(refused)).ok();
            return;
        }
        let Some(answer) = self.waiting.join(&reference, answer) else { return };
        let token = self.waiting.add(reference, answer);
        self.input(Input::Append(token, statement)).await;
    }

    pub(super) fn known(&self, reference: &Reference) -> Option<Outcome> {
        let index = self.store.index().read().unwrap_or_else(PoisonError::into_inner);
        let position = index.position_of(reference)?;
        drop(index);
        let member = self.replica.me().clone();
        let entry = self.store.entry(&member, position).ok()?.hash();
        Some(Outcome::Known { member, position, entry })
    }

    fn status(&self) -> Status {
        let charter = self.replica.charter();
        let others = charter.members().iter().filter(|card| card.code != *self.replica.me());
        Status {
            network: charter.network(),
            name: charter.name().clone(),
            member: self.replica.me().clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            charter: charter.version(),
            logs: self.replica.logs().values().map(log_status).collect(),
            peers: others.map(|card| self.peer_status(&card.code)).collect(),
            alarms: self.all_alarms(),
            witnesses: self.witnesses.status(),
            faults_repaired: self.store.faults_repaired(),
            peers_dropped: self.peers.values().map(|notes| notes.drops).sum(),
        }
    }

    fn peer_status(&self, member: &MemberCode) -> PeerStatus {
        let notes = self.peers.get(member).cloned().unwrap_or_default();
        PeerStatus {
            member: member.clone(),
            connected: self.replica.connected().any(|peer| peer == member),
            address: notes.address,
            lacks: self.replica.lacks(member),
            dropped: notes.dropped,
        }
    }

    fn members(&self) -> Vec<MemberView> {
        let charter = self.replica.charter();
        let cards = charter.members().iter();
        cards
            .filter_map(|card| {
                let log = self.replica.logs().get(&card.code)?.stored();
                let contributors = log.authority().grants().map(|(key, grant)| Contributor {
                    key: *key,
                    office: grant.authorisation.office.to_string(),
                    scope: grant.authorisation.scope.clone(),
                    granted_at: grant.granted_at,
                    revoked_at: grant.revoked_at(),
                    state: authority::state(&grant.force).0,
                });
                let (cosigner, key) = charter.cosigner(&Cosigner::Member(card.code.clone()))?;
                let origin = charter.origin(&card.code);
                Some(MemberView {
                    vkey: verifier_key(&origin, Algorithm::Ed25519, &card.keys.log),
                    cosigner_vkey: verifier_key(&cosigner, Algorithm::Cosignature, &key),
                    code: card.code.clone(),
                    name: card.name.to_string(),
                    kind: card.kind,
                    keys: card.keys,
                    size: log.size(),
                    contributors: contributors.collect(),
                })
            })
            .collect()
    }
}

fn frozen(fork: &Fork) -> String {
    let both = fork.cosigners_of_both();
    let both: Vec<_> = both.iter().map(ToString::to_string).collect();
    let both = match both[..] {
        [] => String::new(),
        _ => format!("; both were cosigned by {}", both.join(", ")),
    };
    format!(
        "its key has signed two histories that part at or after position {}{both}",
        fork.position()
    )
}

fn log_status(held: &Held) -> LogStatus {
    let log = held.stored();
    let frozen = held.fork().map(frozen);
    let cosigned = held.cosignatures().newest().iter();
    let cosigned_status = |(cosigner, (size, time)): (&Cosigner, &(u64, u64))| CosignedStatus {
        cosigner: cosigner.to_string(),
        size: *size,
        time: *time,
    };
    LogStatus {
        member: log.member().clone(),
        size: log.size(),
        root: log.head().root,
        last: log.last(),
        promised: held.promised_size(),
        confirmed: held.cosignatures().confirmed_size().min(held.standing()),
        standing: held.standing(),
        ends: held.ends(),
        charter: log.version().version(),
        cosigned: cosigned.map(cosigned_status).collect(),
        frozen,
    }
}
