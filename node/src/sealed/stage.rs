//! What a client hands in before the statement that names it: so that a statement is accepted only when
//! its sealed parts are on the disk.

use super::{Sealed, SealedError, State, lock};
use crate::store::{Content, Part, PartId};
use cairn_casebook::fact::MAIN_PART;
use cairn_casebook::{CaseId, Fact, Reading};
use cairn_ledger::hash::{Commitment, Reference};
use cairn_ledger::statement::{Audience, Statement};
use cairn_ledger::{EntryHash, MemberCode};
use cairn_sealing::piece::{PIECE_BYTES, id_of, stored};
use cairn_sealing::{OpenError, Place};
use std::collections::BTreeSet;
use std::io;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

/// How long something lies here without a statement that names it. A statement may wait for a second
/// person as long.
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// A sealed part of a statement that is still to come.
#[derive(Debug, Clone)]
pub struct Staged {
    /// The statement's reference.
    pub reference: Reference,
    /// Which of its parts.
    pub part: u16,
    /// Whom the statement will list; nobody for the vault.
    pub audience: Vec<MemberCode>,
    /// The size class.
    pub size_class: u8,
    /// What the statement will have committed to.
    pub commitment: Commitment,
    /// Whether it is the manifest of a file.
    pub file: bool,
    /// The case that it is about.
    pub case: Option<CaseId>,
}

impl Sealed {
    /// A part that is not in the log yet, as if it were.
    fn to_come(&self, staged: &Staged) -> (PartId, Part) {
        let all: BTreeSet<_> = staged.audience.iter().chain([&self.me]).cloned().collect();
        let part = Part {
            reference: staged.reference,
            entry: EntryHash::NONE,
            audience: all.into_iter().collect(),
            vault: staged.audience.is_empty(),
            size_class: staged.size_class,
            commitment: staged.commitment,
            content: if staged.file { Content::File } else { Content::Text },
            case: staged.case.clone(),
            grants: Vec::new(),
            erased: None,
        };
        let (member, position) = (self.me.clone(), u64::MAX);
        (PartId { member, position, part: staged.part }, part)
    }

    /// Keeps a payload for a statement to come.
    ///
    /// # Errors
    /// When it is not what would be committed to, not sealed for us as well, or would go past a limit.
    pub fn stage(&self, staged: &Staged, bytes: &[u8]) -> Result<(), SealedError> {
        if self.stands(staged)? {
            return Ok(());
        }
        let (id, part) = self.to_come(staged);
        let place = self.place(&id, &part);
        let opening = self.check(&id, &part, bytes)?;
        if staged.file {
            cairn_sealing::Manifest::decode(opening.content()).map_err(OpenError::from)?;
        }
        match self.shelf.payload(&place)? {
            Some(here) if here == bytes => return Ok(()),
            // Pieces of another file would stay behind under this name.
            Some(_) => {
                let why = "another part was handed in for the same statement: take a new reference";
                return Err(SealedError::Limit(why.into()));
            }
            None => {}
        }
        let more = self.weight(&id, &part, bytes);
        self.check_room(&self.me, staged.case.as_ref(), more)?;
        self.shelf.keep_payload(&place, bytes)?;
        lock(&self.used).add(&self.me, staged.case.as_ref(), more);
        Ok(())
    }

    /// Whether the statement stands in our log already: what it has committed to is changed by nobody, and
    /// what was erased does not come back.
    fn stands(&self, staged: &Staged) -> Result<bool, SealedError> {
        let index = self.store.index().read().unwrap_or_else(PoisonError::into_inner);
        let Some(position) = index.position_of(&staged.reference) else { return Ok(false) };
        let id = PartId { member: self.me.clone(), position, part: staged.part };
        match index.parts().get(&id) {
            Some(part) if part.commitment == staged.commitment => Ok(true),
            Some(_) | None => {
                let why =
                    format!("the statement stands as {}/{position}, without this part", self.me);
                Err(SealedError::Limit(why))
            }
        }
    }

    /// Keeps a piece of a file whose manifest is staged.
    ///
    /// # Errors
    /// When the manifest is not here or says otherwise.
    pub fn stage_piece(
        &self,
        staged: &Staged,
        number: u32,
        bytes: &[u8],
    ) -> Result<(), SealedError> {
        if self.stands(staged)? {
            return Ok(());
        }
        let (id, part) = self.to_come(staged);
        self.take_piece(&id, &part, number, bytes)
    }

    /// What is here of a part that is still to come.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn staged(&self, staged: &Staged) -> io::Result<(State, Vec<u32>)> {
        let (id, part) = self.to_come(staged);
        let state = self.state(&id, &part)?;
        Ok((state, self.missing_pieces(&id, &part)?))
    }

    /// Keeps a piece of a file, if it is the one that the manifest names.
    pub(super) fn take_piece(
        &self,
        id: &PartId,
        part: &Part,
        number: u32,
        bytes: &[u8],
    ) -> Result<(), SealedError> {
        let place = self.place(id, part);
        let payload = self.shelf.payload(&place)?;
        let payload = payload.ok_or_else(|| SealedError::Missing(id.clone()))?;
        let manifest = self.manifest(id, part, &payload)?;
        let named = manifest.pieces.get(number as usize);
        let right =
            named == Some(&id_of(bytes)) && bytes.len() == stored(manifest.bytes_in(number));
        if !right || manifest.bytes_in(number) > PIECE_BYTES {
            return Err(OpenError::OtherPiece(number).into());
        }
        Ok(self.shelf.keep_piece(&place, number, bytes)?)
    }

    /// The pieces of a file that are not here.
    pub(super) fn missing_pieces(&self, id: &PartId, part: &Part) -> io::Result<Vec<u32>> {
        let place = self.place(id, part);
        let Some(payload) = self.shelf.payload(&place)? else { return Ok(Vec::new()) };
        if part.content != Content::File {
            return Ok(Vec::new());
        }
        let Ok(manifest) = self.manifest(id, part, &payload) else { return Ok(Vec::new()) };
        let held = self.shelf.pieces(&place)?;
        let all = 0..u32::try_from(manifest.pieces.len()).unwrap_or(u32::MAX);
        Ok(all.filter(|number| !held.contains(number)).collect())
    }

    /// Refuses a statement of our member whose sealed parts are not all here.
    ///
    /// # Errors
    /// With the first part that is missing, and what to do.
    pub fn check_statement(&self, statement: &Statement) -> Result<(), SealedError> {
        let reading = Reading::of(statement.kind, &statement.body);
        for sealed in &statement.sealed {
            let audience = match &sealed.audience {
                Audience::Members(members) => members.clone(),
                Audience::Holder => Vec::new(),
                Audience::Concerned => {
                    let why = "a sealed part lists its audience: who is concerned may change";
                    return Err(SealedError::Limit(why.into()));
                }
            };
            let document = matches!(reading.fact(), Some(Fact::Document(_)));
            let staged = Staged {
                reference: statement.reference,
                part: sealed.part,
                audience,
                size_class: sealed.size_class,
                commitment: sealed.commitment,
                file: document && sealed.part == MAIN_PART,
                case: statement.topics.iter().find_map(CaseId::from_topic),
            };
            let (id, part) = self.to_come(&staged);
            let payload = self.shelf.payload(&self.place(&id, &part))?;
            let absent = |what: String| {
                SealedError::Limit(format!("{what}: it is handed in before the statement"))
            };
            let payload = payload
                .ok_or_else(|| absent(format!("the sealed part {} is not here", sealed.part)))?;
            self.check(&id, &part, &payload)?;
            let missing = self.missing_pieces(&id, &part)?.len();
            if missing > 0 {
                return Err(absent(format!("{missing} pieces of the file are not here")));
            }
        }
        Ok(())
    }

    /// Removes what was left by a crash, and what no statement has named for long.
    pub(super) fn sweep(&self) -> io::Result<()> {
        let index = self.store.index().read().unwrap_or_else(PoisonError::into_inner);
        let parts = index.parts().all();
        let named: BTreeSet<Place> = parts.map(|(id, part)| self.place(id, part)).collect();
        let before = SystemTime::now().checked_sub(KEPT).unwrap_or(SystemTime::UNIX_EPOCH);
        self.shelf.sweep(before, |place| !named.contains(place))
    }
}
