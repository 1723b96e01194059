//! Who has opened what: told to the member that sealed it, and asked of the nodes of its readers.

use super::Sealed;
use super::wants::id_of;
use crate::store::{Part, PartId};
use cairn_api::{Access, AccessKind};
use cairn_ledger::MemberCode;
use cairn_ledger::text::Text;
use cairn_replica::message::{OpenedRecord, SealedWanted};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};

/// How long other nodes have to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many such questions wait.
const ASKED_MAX: usize = 64;

/// What other nodes have recorded, and who could not be asked.
pub(crate) type Gathered = (Vec<Access>, Vec<MemberCode>);

/// A question to all readers of a part.
#[derive(Debug)]
pub struct AskOpened {
    pub(super) wanted: SealedWanted,
    pub(super) readers: Vec<MemberCode>,
    answer: oneshot::Sender<Gathered>,
}

impl Sealed {
    /// Who has opened a part at the nodes of its other readers, if it is ours: nobody else is told.
    pub(crate) async fn ask_opened(&self, id: &PartId, part: &Part) -> Gathered {
        let readers = self.other_readers(part);
        if !self.is_ours(id) || part.vault {
            return (Vec::new(), readers);
        }
        let (log, position, part) = (id.member.clone(), id.position, id.part);
        let wanted = SealedWanted { log, position, part, piece: None };
        let (answer, answered) = oneshot::channel();
        let ask = AskOpened { wanted, readers: readers.clone(), answer };
        if self.questions.send(ask).await.is_err() {
            return (Vec::new(), readers);
        }
        answered.await.unwrap_or((Vec::new(), readers))
    }

    /// What a peer is told of who has opened a part here: nothing, unless it is its own.
    #[must_use]
    pub fn opened_for(
        &self,
        peer: &MemberCode,
        wanted: &SealedWanted,
    ) -> Option<Vec<OpenedRecord>> {
        let part = self.part(&id_of(wanted)).ok().filter(|_| wanted.log == *peer)?;
        let records = self.access.of(&part.commitment).ok()?;
        let record = |access: Access| {
            let (user, what) = (Text::new(&access.user).ok()?, number(access.what));
            Some(OpenedRecord { at: access.at, user, what })
        };
        Some(records.into_iter().filter_map(record).collect())
    }
}

fn number(what: AccessKind) -> u16 {
    match what {
        AccessKind::Opened => 0,
        AccessKind::File => 1,
        AccessKind::Opening => 2,
        AccessKind::Key => 3,
    }
}

fn kind(number: u16) -> AccessKind {
    match number {
        1 => AccessKind::File,
        2 => AccessKind::Opening,
        3 => AccessKind::Key,
        _ => AccessKind::Opened,
    }
}

/// The channel for questions.
pub(super) fn questions() -> (mpsc::Sender<AskOpened>, mpsc::Receiver<AskOpened>) {
    mpsc::channel(ASKED_MAX)
}

/// Questions that wait for answers.
#[derive(Default)]
pub(super) struct Questions(Vec<Waiting>);

struct Waiting {
    wanted: SealedWanted,
    open: BTreeSet<MemberCode>,
    not_reached: Vec<MemberCode>,
    records: Vec<Access>,
    until: Instant,
    answer: oneshot::Sender<Gathered>,
}

impl Questions {
    pub(super) fn add(&mut self, ask: AskOpened) {
        let AskOpened { wanted, readers, answer } = ask;
        let (not_reached, records) = (Vec::new(), Vec::new());
        let (open, until) = (readers.into_iter().collect(), Instant::now() + PATIENCE);
        self.0.push(Waiting { wanted, open, not_reached, records, until, answer });
        self.settle();
    }

    /// Takes in what one node has said.
    pub(super) fn take(
        &mut self,
        peer: &MemberCode,
        wanted: &SealedWanted,
        records: Option<&[OpenedRecord]>,
    ) {
        for waiting in self.0.iter_mut().filter(|waiting| waiting.wanted == *wanted) {
            if !waiting.open.remove(peer) {
                continue;
            }
            let Some(records) = records else {
                waiting.not_reached.push(peer.clone());
                continue;
            };
            waiting.records.extend(records.iter().map(|record| Access {
                at: record.at,
                member: peer.clone(),
                user: record.user.to_string(),
                what: kind(record.what),
            }));
        }
        self.settle();
    }

    /// Answers whatever is complete, or has waited long enough.
    pub(super) fn settle(&mut self) {
        let now = Instant::now();
        for waiting in std::mem::take(&mut self.0) {
            if !waiting.open.is_empty() && waiting.until > now {
                self.0.push(waiting);
                continue;
            }
            let Waiting { open, mut not_reached, records, answer, .. } = waiting;
            not_reached.extend(open);
            not_reached.sort();
            // Whoever asked may have gone.
            answer.send((records, not_reached)).ok();
        }
    }
}
