//! One archive's copy of one member's log, with what was cosigned of it and what convicts it.

use super::archive::{Files, open_file, read_bounded};
use crate::verify::{self, Against, Failure, Reason, Refutation, Verified};
use cairn_ledger::checkpoint::CheckpointError;
use cairn_ledger::fork::{FORK_BYTES_MAX, ForkError, RawFork};
use cairn_ledger::note::NOTE_BYTES_MAX;
use cairn_ledger::{Charter, Cosigned, Fork, MemberCode};
use std::collections::BTreeSet;
use std::io::{self, BufReader};
use std::path::PathBuf;

/// Reading in large pieces costs nothing beside checking signatures.
const BUFFER_BYTES: usize = 1 << 20;

/// What came of one file.
#[derive(Debug)]
pub enum Part<T, R> {
    /// There is none.
    Missing,
    /// Everything in it was checked.
    True(T),
    /// Something in it is not true.
    Refuted(R),
    /// It could not be read, so nothing is known.
    Unreadable(io::Error),
}

impl<T, R> Part<T, R> {
    /// What was checked, if it is true.
    #[must_use]
    pub fn held(&self) -> Option<&T> {
        match self {
            Self::True(held) => Some(held),
            Self::Missing | Self::Refuted(_) | Self::Unreadable(_) => None,
        }
    }

    /// True when there is no file.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }
}

/// Why a fork proof's file is refused.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// It is no proof.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// It convicts somebody else.
    #[error("the file is named for {expected} and is about the log of {found}")]
    OtherMember {
        /// Whose log it is about.
        found: MemberCode,
        /// Whose name it has.
        expected: MemberCode,
    },
}

/// What an archive holds of one member, checked.
#[derive(Debug)]
pub struct LogCopy {
    /// Where it lies.
    pub files: Files,
    /// The log.
    pub log: Part<Verified, Refutation>,
    /// A checkpoint with cosignatures, each of them verified.
    pub cosigned: Part<Cosigned, CheckpointError>,
    /// Evidence that the log's key has signed two histories.
    pub fork: Part<Fork, EvidenceError>,
}

impl LogCopy {
    /// Checks the small files, and looks at what the log's header promises. The log itself is
    /// checked by [`Self::check_log`].
    pub(super) fn of(member: &MemberCode, files: &Files, charter: &Charter) -> Self {
        let cosigned = read(files.cosigned.as_ref(), NOTE_BYTES_MAX, |bytes| {
            Cosigned::verify(bytes, charter, member, None)
        });
        let fork = read(files.fork.as_ref(), FORK_BYTES_MAX, |bytes| {
            let fork = RawFork::decode(bytes).map_err(ForkError::from)?.verify(charter)?;
            if fork.log() == member {
                return Ok(fork);
            }
            let (found, expected) = (fork.log().clone(), member.clone());
            Err(EvidenceError::OtherMember { found, expected })
        });
        Self { files: files.clone(), log: Part::Missing, cosigned, fork }
    }

    /// The sizes at which another copy of the log can be compared with this one.
    pub(super) fn sizes(&self, against: &Against) -> impl Iterator<Item = u64> {
        let cosigned = self.cosigned.held().map(|cosigned| cosigned.checkpoint().size());
        let file = self.files.log.as_ref().and_then(|path| open_file(path).ok());
        // What cannot be believed here is told when the whole file is checked.
        let peek = file.and_then(|file| verify::peek(BufReader::new(file), against).ok());
        cosigned.into_iter().chain(peek.map(|peek| peek.size))
    }

    /// Checks the log. `on_bytes` is told how many bytes were read since it was told last.
    pub(super) fn check_log(
        &mut self,
        member: &MemberCode,
        against: &Against,
        sizes: &BTreeSet<u64>,
        on_bytes: impl Fn(u64),
    ) {
        let Some(path) = &self.files.log else { return };
        let mut told = 0;
        let result = open_file(path).map_err(Failure::from).and_then(|file| {
            let reader = BufReader::with_capacity(BUFFER_BYTES, file);
            verify::verify(reader, against, sizes, |progress| {
                on_bytes(progress.bytes.saturating_sub(told));
                told = progress.bytes;
            })
        });
        self.log = match result {
            Ok(log) if log.member == *member => Part::True(log),
            Ok(log) => {
                let (found, expected) = (log.member, member.clone());
                let reason = Reason::OtherMember { found, expected };
                Part::Refuted(Refutation { position: None, offset: 0, reason })
            }
            Err(Failure::Refuted(refuted)) => Part::Refuted(refuted),
            Err(Failure::Unreadable(error)) => Part::Unreadable(error),
        };
    }
}

fn read<T, R>(
    path: Option<&PathBuf>,
    limit: usize,
    check: impl FnOnce(&[u8]) -> Result<T, R>,
) -> Part<T, R> {
    let Some(path) = path else { return Part::Missing };
    match read_bounded(path, limit).map(|bytes| check(&bytes)) {
        Ok(Ok(held)) => Part::True(held),
        Ok(Err(why)) => Part::Refuted(why),
        Err(error) => Part::Unreadable(error),
    }
}
