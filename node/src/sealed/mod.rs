//! Sealed parts: kept apart from the logs, handed on to those who may read them, and destroyed when
//! they are erased.
//!
//! Only this folder and the crate `sealing` know payloads. What is decrypted here never reaches a disk,
//! a diagnostic or an error.

mod destroy;
mod fetch;
mod files;
mod limits;
mod opened;
mod shelf;
mod stage;
mod wants;

pub use fetch::{FromPeers, run};
pub use files::SealedFile;
pub use limits::Limits;
pub use opened::AskOpened;
pub use stage::Staged;

use crate::store::{Content, Part, PartId, Store};
use crate::users::access::AccessRecord;
use cairn_ledger::{MemberCode, NetworkId, SecretKey};
use cairn_replica::message::SealedWanted;
use cairn_sealing::{ContentKey, Manifest, OpenError, Opening, Payload, Place, SealingSecret};
use limits::Used;
use shelf::Shelf;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fmt, io};
use tokio::sync::mpsc;

/// Everything that is sealed and here.
pub struct Sealed {
    me: MemberCode,
    network: NetworkId,
    keys: Vec<SealingSecret>,
    log_key: SecretKey,
    shelf: Shelf,
    store: Arc<Store>,
    limits: Limits,
    used: Mutex<Used>,
    /// Held while there is room and it is taken.
    taking: Mutex<()>,
    /// Who has opened what.
    pub access: AccessRecord,
    /// Where questions to other nodes go.
    questions: mpsc::Sender<AskOpened>,
    /// Why something is not fetched that we may have.
    refused: Mutex<BTreeMap<PartId, String>>,
}

/// Why a sealed part cannot be had here.
#[derive(Debug, thiserror::Error)]
pub enum SealedError {
    /// There is no such part.
    #[error("there is no sealed {0}")]
    Unknown(PartId),
    /// It is for others.
    #[error("{id} is sealed for {readers}")]
    NotForUs {
        /// Which.
        id: PartId,
        /// For whom.
        readers: String,
    },
    /// It has not come yet.
    #[error("{0} is not here yet: it is fetched from the members that hold it")]
    Missing(PartId),
    /// It was erased.
    #[error("{id} was erased by the statement {member}/{by}", member = .id.member)]
    Erased {
        /// Which.
        id: PartId,
        /// The position of the statement that erases it.
        by: u64,
    },
    /// What came is not what was committed to.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It would go past a limit.
    #[error("{0}")]
    Limit(String),
    /// The disk.
    #[error("the disk failed: {0}")]
    Disk(#[from] io::Error),
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed(of {})", self.me)
    }
}

/// What is here of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing.
    Missing,
    /// The payload, and so many pieces of so many.
    Pieces(u32, u32),
    /// All of it.
    Whole,
}

impl Sealed {
    /// Opens the folder of sealed parts and tidies it.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn open(
        data: &Path,
        store: Arc<Store>,
        me: MemberCode,
        keys: Vec<SealingSecret>,
        log_key: SecretKey,
        limits: Limits,
    ) -> io::Result<(Arc<Self>, mpsc::Receiver<AskOpened>)> {
        let network = store.charter().network();
        let access = AccessRecord::open(data, me.clone())?;
        let (shelf, used) = (Shelf::open(data)?, Mutex::default());
        let (refused, taking) = (Mutex::default(), Mutex::default());
        let (questions, asked) = opened::questions();
        let sealed = Self {
            me,
            network,
            keys,
            log_key,
            shelf,
            store,
            limits,
            used,
            taking,
            access,
            refused,
            questions,
        };
        sealed.sweep()?;
        sealed.measure()?;
        Ok((Arc::new(sealed), asked))
    }

    fn place(&self, id: &PartId, part: &Part) -> Place {
        let (network, member) = (self.network, id.member.clone());
        Place { network, member, reference: part.reference, part: id.part }
    }

    /// A part as the logs tell of it.
    ///
    /// # Errors
    /// When there is none.
    pub fn part(&self, id: &PartId) -> Result<Part, SealedError> {
        let index = self.store.index().read().unwrap_or_else(PoisonError::into_inner);
        index.parts().get(id).cloned().ok_or_else(|| SealedError::Unknown(id.clone()))
    }

    /// What a peer may have of what is here. Nothing for everybody else, and they cannot tell why.
    #[must_use]
    pub fn serve(&self, peer: &MemberCode, wanted: &SealedWanted) -> Option<Vec<u8>> {
        let SealedWanted { log, position, part, piece } = wanted;
        let id = PartId { member: log.clone(), position: *position, part: *part };
        let part = self.part(&id).ok()?;
        if part.vault || !part.may_have(peer) {
            return None;
        }
        let place = self.place(&id, &part);
        let read = match piece {
            None => self.shelf.payload(&place),
            Some(number) if part.content == Content::File => self.shelf.piece(&place, *number),
            Some(_) => return None,
        };
        read.unwrap_or_else(|error| {
            tracing::error!(%error, part = %id, "cannot serve a sealed part");
            None
        })
    }

    /// The keys that may be that of a part's content: wrapped for us in its payload, or granted.
    fn keys(
        &self,
        id: &PartId,
        part: &Part,
        payload: &Payload,
    ) -> Result<Vec<ContentKey>, OpenError> {
        let own = payload.key(&self.me, &self.keys);
        let granted = part.grants.iter().filter(|(_, members)| members.contains(&self.me));
        let granted: Vec<_> =
            granted.filter_map(|(position, _)| self.granted(id, *position)).collect();
        match own {
            Err(refused) if granted.is_empty() => Err(refused),
            own => Ok(own.into_iter().chain(granted).collect()),
        }
    }

    /// The key that a grant hands on. It is wrapped for us: a grant of a grant is a grant of its text.
    fn granted(&self, id: &PartId, position: u64) -> Option<ContentKey> {
        let grant = PartId { position, part: cairn_casebook::fact::MAIN_PART, ..id.clone() };
        let part = self.part(&grant).ok().filter(|part| part.erased.is_none())?;
        let payload = self.shelf.payload(&self.place(&grant, &part)).ok()??;
        let payload = Payload::decode(&payload).ok()?;
        payload.check(&self.place(&grant, &part), &part.audience).ok()?;
        let key = payload.key(&self.me, &self.keys).ok()?;
        let opening = payload.open(&key, part.size_class, &part.commitment).ok()?;
        Some(ContentKey::from_bytes(opening.content().try_into().ok()?))
    }

    /// Checks that a payload is what a statement has committed to, and opens it.
    fn check(&self, id: &PartId, part: &Part, bytes: &[u8]) -> Result<Opening, SealedError> {
        let payload = Payload::decode(bytes).map_err(OpenError::from)?;
        Ok(self.open_by(id, part, &payload)?.1)
    }

    /// Opens a payload by the first key that does.
    fn open_by(
        &self,
        id: &PartId,
        part: &Part,
        payload: &Payload,
    ) -> Result<(ContentKey, Opening), OpenError> {
        payload.check(&self.place(id, part), &part.audience)?;
        let mut refused = OpenError::NotForUs;
        for key in self.keys(id, part, payload)? {
            match payload.open(&key, part.size_class, &part.commitment) {
                Ok(opening) => return Ok((key, opening)),
                Err(why) => refused = why,
            }
        }
        Err(refused)
    }

    /// The content of a part that is here, with the proof that it is what was committed to.
    ///
    /// # Errors
    /// When it is for others, not here, or erased.
    pub fn opening(&self, id: &PartId) -> Result<Opening, SealedError> {
        let part = self.part(id)?;
        if let Some(by) = part.erased {
            return Err(SealedError::Erased { id: id.clone(), by });
        }
        if !part.may_have(&self.me) {
            let readers = part.readers().iter().map(ToString::to_string).collect::<Vec<_>>();
            return Err(SealedError::NotForUs { id: id.clone(), readers: readers.join(", ") });
        }
        let payload = self.shelf.payload(&self.place(id, &part))?;
        let payload = payload.ok_or_else(|| SealedError::Missing(id.clone()))?;
        self.check(id, &part, &payload)
    }

    /// The key of a part's content, for whoever grants it.
    ///
    /// # Errors
    /// As [`Self::opening`].
    pub fn content_key(&self, id: &PartId) -> Result<ContentKey, SealedError> {
        // Whoever may not read it gets no key either.
        drop(self.opening(id)?);
        let payload = self.shelf.payload(&self.place(id, &self.part(id)?))?;
        let payload = payload.ok_or_else(|| SealedError::Missing(id.clone()))?;
        let payload = Payload::decode(&payload).map_err(OpenError::from)?;
        Ok(self.open_by(id, &self.part(id)?, &payload)?.0)
    }

    /// How many bytes a part has, or will have once all of its pieces are here.
    fn weight(&self, id: &PartId, part: &Part, payload: &[u8]) -> u64 {
        let all = payload.len() as u64;
        match part.content {
            Content::File => match self.manifest(id, part, payload) {
                Ok(manifest) => all.saturating_add(manifest.stored_bytes()),
                Err(_) => all,
            },
            Content::Text | Content::Grant { .. } => all,
        }
    }

    /// What is here of a part that we may have.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn state(&self, id: &PartId, part: &Part) -> io::Result<State> {
        let place = self.place(id, part);
        let Some(payload) = self.shelf.payload(&place)? else { return Ok(State::Missing) };
        if part.content != Content::File {
            return Ok(State::Whole);
        }
        let Ok(manifest) = self.manifest(id, part, &payload) else { return Ok(State::Missing) };
        let pieces = u32::try_from(manifest.pieces.len()).unwrap_or(u32::MAX);
        let held = self.shelf.pieces(&place)?.into_iter().filter(|number| *number < pieces);
        let held = u32::try_from(held.count()).unwrap_or(u32::MAX);
        Ok(if held == pieces { State::Whole } else { State::Pieces(held, pieces) })
    }

    fn manifest(&self, id: &PartId, part: &Part, payload: &[u8]) -> Result<Manifest, SealedError> {
        let opening = self.check(id, part, payload)?;
        Ok(Manifest::decode(opening.content()).map_err(OpenError::from)?)
    }

    /// Whether we may have a part.
    #[must_use]
    pub fn is_for_us(&self, part: &Part) -> bool {
        part.may_have(&self.me)
    }

    /// Everybody else who may have a part.
    #[must_use]
    pub fn other_readers(&self, part: &Part) -> Vec<MemberCode> {
        part.readers().into_iter().filter(|reader| *reader != self.me).collect()
    }

    /// Whether our member has sealed a part.
    #[must_use]
    pub fn is_ours(&self, id: &PartId) -> bool {
        id.member == self.me
    }

    /// Why a part is not fetched, if there is a reason.
    #[must_use]
    pub fn why_refused(&self, id: &PartId) -> Option<String> {
        lock(&self.refused).get(id).cloned()
    }

    fn refuse(&self, id: &PartId, why: String) {
        tracing::warn!(part = %id, why, "a sealed part is not fetched");
        lock(&self.refused).insert(id.clone(), why);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
