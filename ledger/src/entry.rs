//! A statement at one position of one member's log, linked to the entry before it.
//!
//! Source: `docs/spec/03-entry-and-log.md`.

use crate::codec::{self, DecodeError};
use crate::hash::{Bytes, EntryHash, NetworkId, StatementId, TreeHash, derive};
use crate::key::{CheckedKey, KeyError, PublicKey, Purpose};
use crate::statement::{
    ContributorSignature, RawStatement, SignedStatement, Statement, check_signature_list,
};
use crate::tree;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The format version that this program reads and writes.
pub const ENTRY_FORMAT: u16 = 1;
/// The most bytes of an entry: C2SP entry bundles carry its length in two bytes.
pub const ENTRY_BYTES_MAX: usize = 65_535;
/// How many decompressed keys a verifier remembers before it starts anew.
const KEYS_REMEMBERED_MAX: usize = 1024;

/// Why something in the right format is not true.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It belongs to another network.
    #[error("it belongs to network {found}, expected {expected}")]
    WrongNetwork {
        /// The network it names.
        found: NetworkId,
        /// The network in which it was shown.
        expected: NetworkId,
    },
    /// A key in it cannot be used.
    #[error("key {key}: {why}")]
    BadKey {
        /// The key.
        key: PublicKey,
        /// What is wrong with it.
        why: KeyError,
    },
    /// A signature is not one.
    #[error("the signature of key {key} does not match")]
    BadSignature {
        /// Whose it claims to be.
        key: PublicKey,
    },
}

/// Checks statements of one network, and remembers the keys it has met.
#[derive(Debug)]
pub struct Verifier {
    network: NetworkId,
    keys: BTreeMap<PublicKey, CheckedKey>,
}

impl Verifier {
    /// A verifier for `network`.
    #[must_use]
    pub fn new(network: NetworkId) -> Self {
        Self { network, keys: BTreeMap::new() }
    }

    pub(crate) fn check_statement(
        &mut self,
        statement: &Statement,
        id: &StatementId,
        signatures: &[ContributorSignature],
    ) -> Result<(), VerifyError> {
        if statement.network != self.network {
            let (found, expected) = (statement.network, self.network);
            return Err(VerifyError::WrongNetwork { found, expected });
        }
        for ContributorSignature { key, signature } in signatures {
            self.checked(key)?
                .verify(Purpose::Statement, &id.0, signature)
                .map_err(|_| VerifyError::BadSignature { key: *key })?;
        }
        Ok(())
    }

    fn checked(&mut self, key: &PublicKey) -> Result<CheckedKey, VerifyError> {
        if let Some(checked) = self.keys.get(key) {
            return Ok(*checked);
        }
        let checked = key.check().map_err(|why| VerifyError::BadKey { key: *key, why })?;
        if self.keys.len() >= KEYS_REMEMBERED_MAX {
            self.keys.clear();
        }
        self.keys.insert(*key, checked);
        Ok(checked)
    }
}

/// The stored form.
#[derive(Serialize, Deserialize)]
struct Stored {
    format: u16,
    position: u64,
    previous: EntryHash,
    statement: Bytes,
    signatures: Vec<ContributorSignature>,
}

/// An entry in the right format. Nothing is known of its truth yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEntry {
    position: u64,
    previous: EntryHash,
    statement: RawStatement,
    bytes: Vec<u8>,
}

impl RawEntry {
    /// The entry of stored bytes.
    ///
    /// # Errors
    /// When the bytes are not in this format version.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        const WHAT: &str = "an entry";
        codec::check_version(WHAT, bytes, ENTRY_FORMAT)?;
        let stored: Stored = codec::decode(WHAT, bytes, ENTRY_BYTES_MAX)?;
        check_signature_list(WHAT, &stored.signatures)?;
        let statement = Statement::decode(&stored.statement.0)?;
        let Stored { position, previous, signatures, .. } = stored;
        let statement = RawStatement { statement, bytes: stored.statement.0, signatures };
        Ok(Self { position, previous, statement, bytes: bytes.to_vec() })
    }

    /// Checks network and signatures.
    ///
    /// # Errors
    /// When the entry belongs to another network or a signature is not one.
    pub fn verify(self, verifier: &mut Verifier) -> Result<Entry, VerifyError> {
        let id = Statement::id_of(&self.statement.bytes);
        verifier.check_statement(&self.statement.statement, &id, &self.statement.signatures)?;
        Ok(self.into_entry(id))
    }

    /// Takes an entry from the caller's own store: its signatures were verified before it was
    /// stored, and the caller checks chain, tree and checkpoint over what it reads back.
    #[must_use]
    pub fn from_store(self) -> Entry {
        let id = Statement::id_of(&self.statement.bytes);
        self.into_entry(id)
    }

    /// The position it claims.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The entry that it names as the one before it.
    #[must_use]
    pub fn previous(&self) -> EntryHash {
        self.previous
    }

    fn into_entry(self, id: StatementId) -> Entry {
        let Self { position, previous, statement, bytes } = self;
        let (hash, leaf) = (EntryHash::of(&bytes), tree::leaf_hash(&bytes));
        let statement = SignedStatement::from_verified(statement, id);
        Entry { position, previous, statement, bytes, hash, leaf }
    }
}

impl EntryHash {
    /// The hash of an entry's stored bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(derive("cairn 2026-11 entry v1", bytes))
    }
}

/// An entry whose signatures were verified. Holding this type is the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    position: u64,
    previous: EntryHash,
    statement: SignedStatement,
    bytes: Vec<u8>,
    hash: EntryHash,
    leaf: TreeHash,
}

impl Entry {
    /// Places a verified statement behind `previous`, at `position`.
    #[must_use]
    pub fn place(position: u64, previous: EntryHash, statement: SignedStatement) -> Self {
        let bytes = codec::encode(&Stored {
            format: ENTRY_FORMAT,
            position,
            previous,
            statement: Bytes(statement.bytes().to_vec()),
            signatures: statement.signatures().to_vec(),
        });
        let (hash, leaf) = (EntryHash::of(&bytes), tree::leaf_hash(&bytes));
        Self { position, previous, statement, bytes, hash, leaf }
    }

    /// Its position in the log, from 0.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The hash of the entry before it.
    #[must_use]
    pub fn previous(&self) -> EntryHash {
        self.previous
    }

    /// The statement.
    #[must_use]
    pub fn statement(&self) -> &Statement {
        self.statement.statement()
    }

    /// The statement with its signatures.
    #[must_use]
    pub fn signed(&self) -> &SignedStatement {
        &self.statement
    }

    /// The stored bytes: the leaf of the tree.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The hash that the next entry names.
    #[must_use]
    pub fn hash(&self) -> EntryHash {
        self.hash
    }

    /// The leaf hash in the log's tree.
    #[must_use]
    pub fn leaf(&self) -> TreeHash {
        self.leaf
    }
}
