//! One entry with everything that an offline verifier needs to believe it, in one file.
//!
//! The file is a C2SP tlog-proof (c2sp.org/tlog-proof, version 1) whose `extra` carries the entry and
//! the charter. Source: `docs/spec/10-receipts.md`.

use crate::charter::{CHARTER_BYTES_MAX, Charter, CharterError};
use crate::checkpoint::CheckpointError;
use crate::codec::{self, DecodeError};
use crate::cosignature::Cosigned;
use crate::entry::{ENTRY_BYTES_MAX, Entry, RawEntry, Verifier, VerifyError};
use crate::hash::{Bytes, NetworkId, TreeHash};
use crate::note::NOTE_BYTES_MAX;
use crate::proof::{PROOF_HASHES_MAX, ProofError, check_inclusion};
use crate::text::MemberCode;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Serialize};

/// The first line of the file.
pub const MAGIC: &str = "c2sp.org/tlog-proof@v1\n";
/// The most bytes of a receipt: a charter and an entry in base64, and the proof.
pub const RECEIPT_BYTES_MAX: usize = 8 << 20;
const FORMAT: u16 = 1;
const EXTRA_BYTES_MAX: usize = CHARTER_BYTES_MAX + ENTRY_BYTES_MAX + 1024;
const WHAT: &str = "a receipt";

/// Why a receipt is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Not in the format.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The charter is refused.
    #[error("the charter in the receipt is refused: {0}")]
    Charter(#[from] CharterError),
    /// The entry is not true.
    #[error("the entry is refused: {0}")]
    Entry(#[from] VerifyError),
    /// The checkpoint or a cosignature is refused.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not in the tree that the checkpoint promises.
    #[error("the entry is not shown to be in the log: {0}")]
    NotIncluded(#[from] ProofError),
    /// Nobody listed has the log.
    #[error("the charter lists no member {0}")]
    NoMember(MemberCode),
    /// The proof is for another position.
    #[error("the proof is for position {index}, the entry says that it is at {position}")]
    Misplaced {
        /// What the proof is for.
        index: u64,
        /// What the entry says.
        position: u64,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Extra {
    format: u16,
    /// Signed charters, from the first to the one in force.
    charters: Vec<Bytes>,
    entry: Bytes,
}

/// A receipt in the right format: nothing is known of its truth yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawReceipt {
    extra: Extra,
    index: u64,
    proof: Vec<TreeHash>,
    note: String,
}

/// A receipt that was verified against the id of a network. Holding this type is the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The charter in force.
    pub charter: Charter,
    /// The entry.
    pub entry: Entry,
    /// The checkpoint that covers it, with its cosignatures.
    pub cosigned: Cosigned,
}

fn malformed(why: &str) -> DecodeError {
    DecodeError::Malformed { what: WHAT, why: why.into() }
}

impl RawReceipt {
    /// Puts a receipt together.
    #[must_use]
    pub fn new(
        charter: &Charter,
        entry: &Entry,
        proof: Vec<TreeHash>,
        cosigned: &Cosigned,
    ) -> Self {
        let charters = charter.signed_versions();
        let extra = Extra { format: FORMAT, charters, entry: Bytes(entry.bytes().to_vec()) };
        Self { extra, index: entry.position(), proof, note: cosigned.note(charter) }
    }

    /// The same with the lines of witnesses that the charter does not list behind its checkpoint.
    #[must_use]
    pub fn with_lines(mut self, lines: &str) -> Self {
        self.note.push_str(lines);
        self
    }

    /// The checkpoint with all signature lines, listed or not: not yet checked.
    #[must_use]
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The file.
    #[must_use]
    pub fn encode(&self) -> String {
        let extra = BASE64.encode(codec::encode(&self.extra));
        alloc::format!("{MAGIC}extra {extra}\n{}", self.encode_proof())
    }

    /// What stands behind entry and charter: index, path, checkpoint and signatures.
    #[must_use]
    pub fn encode_proof(&self) -> String {
        let mut text = alloc::format!("index {}\n", self.index);
        for hash in &self.proof {
            text.push_str(&BASE64.encode(hash.0));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.note);
        text
    }

    /// The receipt of a file's bytes.
    ///
    /// # Errors
    /// When they are not in the format.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > RECEIPT_BYTES_MAX {
            let (found, limit) = (bytes.len(), RECEIPT_BYTES_MAX);
            return Err(DecodeError::TooLong { what: WHAT, found, limit });
        }
        let text = core::str::from_utf8(bytes).map_err(|_| malformed("not UTF-8"))?;
        let rest = text
            .strip_prefix(MAGIC)
            .ok_or_else(|| malformed("it does not begin with \"c2sp.org/tlog-proof@v1\""))?;
        let (head, note) = rest.split_once("\n\n").ok_or_else(|| malformed("no checkpoint"))?;
        if note.len() > NOTE_BYTES_MAX {
            let (found, limit) = (note.len(), NOTE_BYTES_MAX);
            return Err(DecodeError::TooLong { what: "a checkpoint", found, limit });
        }
        let mut lines = head.split('\n');
        let extra = lines.next().and_then(|line| line.strip_prefix("extra "));
        let extra = extra.ok_or_else(|| malformed("no entry: it is a proof without its leaf"))?;
        let extra = BASE64.decode(extra).map_err(|_| malformed("the extra line is not base64"))?;
        codec::check_version(WHAT, &extra, FORMAT)?;
        let extra = codec::decode(WHAT, &extra, EXTRA_BYTES_MAX)?;
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(|index| index.parse().ok());
        let index = index.ok_or_else(|| malformed("no index"))?;
        let proof: Vec<_> =
            lines.take(PROOF_HASHES_MAX.saturating_add(1)).map(hash).collect::<Result<_, _>>()?;
        let receipt = Self { extra, index, proof, note: note.to_string() };
        if receipt.encode().as_bytes() == bytes {
            Ok(receipt)
        } else {
            Err(DecodeError::NotCanonical { what: WHAT })
        }
    }

    /// Checks everything that the receipt says, with nothing but the id of the network.
    ///
    /// # Errors
    /// When one part is not what it has to be.
    pub fn verify(&self, network: NetworkId) -> Result<Receipt, ReceiptError> {
        let charter = Charter::of_versions(&self.extra.charters, Some(network))?;
        if charter.signed_versions() != self.extra.charters {
            return Err(malformed("its charters are not in order").into());
        }
        let entry = RawEntry::decode(&self.extra.entry.0)?;
        let entry = entry.verify(&mut Verifier::new(network))?;
        if entry.position() != self.index {
            let (index, position) = (self.index, entry.position());
            return Err(ReceiptError::Misplaced { index, position });
        }
        let member = &entry.statement().member;
        if charter.log(member).is_none() {
            return Err(ReceiptError::NoMember(member.clone()));
        }
        let cosigned = Cosigned::verify(self.note.as_bytes(), &charter, member, None)?;
        let head = cosigned.checkpoint().head();
        check_inclusion(entry.leaf(), self.index, head.size, head.root, &self.proof)?;
        Ok(Receipt { charter, entry, cosigned })
    }
}

impl Receipt {
    /// False for what the log of a removed member has behind the end that the charter sets it: it stands for
    /// nothing, whoever has cosigned it.
    #[must_use]
    pub fn stands(&self) -> bool {
        let ended = self.charter.ends(&self.entry.statement().member);
        ended.is_none_or(|ended| self.entry.position() < ended.size)
    }

    /// True when it stands, and so many members stand behind it as the charter asks for.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.stands() && self.cosigned.is_confirmed(&self.charter, &self.entry.statement().member)
    }
}

fn hash(line: &str) -> Result<TreeHash, DecodeError> {
    let bytes = BASE64.decode(line).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(TreeHash).ok_or_else(|| malformed("a line of the proof is not 32 bytes of base64"))
}
