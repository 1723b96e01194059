//! Sealed parts: what a node holds of them, what it opens for a user, and who has opened what.

use cairn_ledger::MemberCode;
use cairn_ledger::hash::Commitment;
use cairn_ledger::statement::{Audience, SealedPart, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Parts of statements that are sealed, of one case or of all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SealedList {
    /// By member, position and part.
    pub parts: Vec<SealedView>,
}

/// A sealed part, as this node knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SealedView {
    /// Whose statement it belongs to.
    #[schema(value_type = String)]
    pub member: MemberCode,
    /// Where that stands.
    pub position: u64,
    /// Which part of it.
    pub part: u16,
    /// Who may read it: the statement's member, those whom it lists, and those whom it granted access.
    #[schema(value_type = Vec<String>)]
    pub readers: Vec<MemberCode>,
    /// Whether it never leaves its member's vault.
    pub vault: bool,
    /// Its content has at most 2 to this power bytes.
    pub size_class: u8,
    /// By which it is asked for.
    #[schema(value_type = String)]
    pub commitment: Commitment,
    /// What is here of it.
    pub state: SealedState,
    /// Members that have said in their logs that they have destroyed it.
    #[schema(value_type = Vec<String>)]
    pub destroyed_by: Vec<MemberCode>,
}

/// A sealed part as its entry names it, for everybody to see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SealedNamed {
    /// Which part.
    pub part: u16,
    /// Whom it lists; nobody for the vault.
    #[schema(value_type = Vec<String>)]
    pub audience: Vec<MemberCode>,
    /// Its content has at most 2 to this power bytes.
    pub size_class: u8,
    /// The salted commitment to it.
    #[schema(value_type = String)]
    pub commitment: Commitment,
}

impl From<&SealedPart> for SealedNamed {
    fn from(sealed: &SealedPart) -> Self {
        let audience = match &sealed.audience {
            Audience::Members(members) => members.clone(),
            Audience::Holder | Audience::Concerned => Vec::new(),
        };
        let (part, size_class, commitment) = (sealed.part, sealed.size_class, sealed.commitment);
        Self { part, audience, size_class, commitment }
    }
}

/// What a node holds of a sealed part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SealedState {
    /// It is for others.
    NotForUs,
    /// Nobody who has it could be asked yet.
    Missing,
    /// So many of the pieces of its file are here.
    Fetching {
        /// Pieces that are here.
        held: u32,
        /// Pieces that there are.
        pieces: u32,
    },
    /// All of it is here.
    Held,
    /// It is not fetched because of a limit.
    Refused {
        /// Which limit, in words.
        why: String,
    },
    /// It was erased by the statement at this position of the same log.
    Erased {
        /// The position.
        by: u64,
    },
}

/// What a node holds of a part that is handed in. What has arrived is never sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Pieces {
    /// Whether its payload is here.
    pub held: bool,
    /// How many pieces there are, where some are missing.
    pub pieces: u32,
    /// Those that are not here, in ascending order.
    pub missing: Vec<u32>,
}

/// What a sealed part says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Opened {
    /// A text.
    Text(String),
    /// A file, whose bytes are beside it, at `…/file`.
    File(FileView),
    /// The key of another part: what was granted.
    Grant,
}

/// What a sealed file is. Name, type and source are what its acquirer says, and never trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FileView {
    /// What its acquirer called it.
    pub name: String,
    /// What its acquirer says that it is.
    pub media_type: String,
    /// Its bytes.
    pub size: u64,
    /// SHA-256 of the whole, as it was acquired, in hexadecimal.
    pub sha256: String,
    /// When it was acquired.
    #[schema(value_type = i64)]
    pub acquired_at: Timestamp,
    /// By whom.
    pub acquired_by: String,
    /// From where and how.
    pub source: String,
}

/// Who has opened a sealed part, as far as the nodes that could be asked have recorded it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccessList {
    /// In order of time.
    pub records: Vec<Access>,
    /// Members that may have opened it and could not be asked.
    #[schema(value_type = Vec<String>)]
    pub not_reached: Vec<MemberCode>,
}

/// One opening.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Access {
    /// When, by the node's clock: seconds since 1970.
    pub at: u64,
    /// At whose node.
    #[schema(value_type = String)]
    pub member: MemberCode,
    /// The name under which the node knows its user.
    pub user: String,
    /// What was taken.
    pub what: AccessKind,
}

/// What somebody took of a sealed part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessKind {
    /// The content.
    Opened,
    /// The bytes of its file.
    File,
    /// The content with the proof that it is what was committed to.
    Opening,
    /// The key of its content, to grant it to others.
    Key,
}
