//! What a node answers.

use crate::authority::KeyState;
use crate::review::ReviewState;
use crate::sealed::SealedNamed;
use cairn_casebook::{Fact, Summary};
use cairn_ledger::authority::Scope;
use cairn_ledger::charter::{MemberKeys, MemberKind};
use cairn_ledger::hash::{EntryHash, NetworkId, Reference, StatementId, TreeHash};
use cairn_ledger::key::PublicKey;
use cairn_ledger::statement::{Kind, Timestamp};
use cairn_ledger::text::{MemberCode, NetworkName, Topic};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a node holds, who it is connected to, and whether all is well.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Status {
    /// The network's id.
    #[schema(value_type = String)]
    pub network: NetworkId,
    /// The network's name.
    #[schema(value_type = String)]
    pub name: NetworkName,
    /// Whose node this is.
    #[schema(value_type = String)]
    pub member: MemberCode,
    /// The node's version.
    pub version: String,
    /// The version of the charter under which it runs.
    #[serde(default)]
    pub charter: u32,
    /// Every log that the node holds, in order of member.
    pub logs: Vec<LogStatus>,
    /// Every other member's node.
    pub peers: Vec<PeerStatus>,
    /// What needs an operator's attention, one sentence each. Empty when all is well.
    pub alarms: Vec<String>,
    /// The witnesses outside of the network to which the node's own log is shown.
    #[serde(default)]
    pub witnesses: Vec<WitnessStatus>,
    /// Faults found on the disk since the node was founded, all of them repaired.
    pub faults_repaired: u64,
    /// Peers dropped for what they sent, since the node started.
    pub peers_dropped: u64,
}

/// One log as the node holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogStatus {
    /// Whose log.
    #[schema(value_type = String)]
    pub member: MemberCode,
    /// How many entries the node holds.
    pub size: u64,
    /// The root over them.
    #[schema(value_type = String)]
    pub root: TreeHash,
    /// The last entry.
    #[schema(value_type = String)]
    pub last: EntryHash,
    /// The largest size that the log's own node has promised to anybody we know.
    pub promised: u64,
    /// How many entries, from the first on, enough members stand behind.
    pub confirmed: u64,
    /// Where the charter says that it ends, if its member was removed.
    #[serde(default)]
    pub ends: Option<u64>,
    /// The version of the charter that it has adopted.
    #[serde(default)]
    pub charter: u32,
    /// How many entries, from the first on, stand: all that the node holds, or those before its fork.
    pub standing: u64,
    /// What others have cosigned of it.
    pub cosigned: Vec<CosignedStatus>,
    /// Why the log is frozen, if it is.
    pub frozen: Option<String>,
}

/// The newest cosignature of a member or witness on a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CosignedStatus {
    /// Who has cosigned.
    pub cosigner: String,
    /// How many entries, from the first on, it had checked.
    pub size: u64,
    /// When, by its own clock: seconds since 1970.
    pub time: u64,
}

/// A witness outside of the network, as the node knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WitnessStatus {
    /// What the node's operator calls it.
    pub name: String,
    /// Its key: `name+id+key`.
    pub key: String,
    /// Where it takes checkpoints.
    pub url: String,
    /// How many entries of the node's own log it has cosigned, if any.
    pub size: Option<u64>,
    /// When, by its own clock: seconds since 1970.
    pub time: Option<u64>,
    /// Why it has not cosigned the newest checkpoint that it was shown, if so.
    pub trouble: Option<String>,
    /// Whether it says that it was shown another history: an alarm.
    pub refuses: bool,
}

/// Another member's node, as seen from this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeerStatus {
    /// Whose node.
    #[schema(value_type = String)]
    pub member: MemberCode,
    /// Whether there is a connection now.
    pub connected: bool,
    /// The address of the connection, or the last one known.
    pub address: Option<String>,
    /// How many entries of our logs the peer has not told us it holds.
    pub lacks: u64,
    /// Why it was dropped last, if it was.
    pub dropped: Option<String>,
}

/// A member with its keys and contributors.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MemberView {
    /// The code.
    #[schema(value_type = String)]
    pub code: MemberCode,
    /// The name.
    pub name: String,
    /// State, Secretariat, mission or regional organisation.
    #[schema(value_type = String)]
    pub kind: MemberKind,
    /// The signing keys, in hexadecimal.
    #[schema(value_type = Object)]
    pub keys: MemberKeys,
    /// The log's key as other tools of the ecosystem read it: its origin, key id and key.
    pub vkey: String,
    /// The key of its cosignatures, in the same form.
    pub cosigner_vkey: String,
    /// How many entries of its log the node holds.
    pub size: u64,
    /// Who may speak for it, as of that size.
    pub contributors: Vec<Contributor>,
}

/// A key that a member's log has authorised.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Contributor {
    /// The key.
    #[schema(value_type = String)]
    pub key: PublicKey,
    /// The office.
    pub office: String,
    /// What it may state.
    #[schema(value_type = Object)]
    pub scope: Scope,
    /// Where it was authorised.
    pub granted_at: u64,
    /// Where it was revoked, if it was.
    pub revoked_at: Option<u64>,
    /// Whether the authorisation has force.
    #[serde(default)]
    pub state: KeyState,
}

/// A range of a log.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EntryList {
    /// How many entries the whole log has.
    pub size: u64,
    /// How many of them, from the first on, enough members stand behind.
    pub confirmed: u64,
    /// How many of them, from the first on, stand: fewer than all where the log is forked or has ended.
    pub standing: u64,
    /// Where the charter says that it ends, if its member was removed.
    #[serde(default)]
    pub ends: Option<u64>,
    /// What others have cosigned of it.
    pub cosigned: Vec<CosignedStatus>,
    /// The entries, in order of position.
    pub entries: Vec<EntryView>,
}

/// An entry, decoded for reading.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EntryView {
    /// Whose log.
    #[schema(value_type = String)]
    pub member: MemberCode,
    /// Where in it.
    pub position: u64,
    /// The entry's hash.
    #[schema(value_type = String)]
    pub hash: EntryHash,
    /// The hash of the entry before it.
    #[schema(value_type = String)]
    pub previous: EntryHash,
    /// The statement's id.
    #[schema(value_type = String)]
    pub statement: StatementId,
    /// The contributor's own number for the statement.
    #[schema(value_type = String)]
    pub reference: Reference,
    /// When it was made, as the contributor claims: seconds since 1970.
    #[schema(value_type = i64)]
    pub made_at: Timestamp,
    /// The number of its kind.
    #[schema(value_type = u16)]
    pub kind: Kind,
    /// The name of its kind, or "unknown kind".
    pub kind_name: String,
    /// What it is about.
    #[schema(value_type = Vec<String>)]
    pub topics: Vec<Topic>,
    /// The keys that signed it.
    #[schema(value_type = Vec<String>)]
    pub signers: Vec<PublicKey>,
    /// What it says in words, where the kind is one of the ledger's and can be read.
    #[serde(default)]
    pub words: Option<String>,
    /// What it says, where the kind is one of the casebook's and can be read.
    #[schema(value_type = Object)]
    pub fact: Option<Fact>,
    /// Its sealed parts, as everybody sees them.
    #[serde(default)]
    pub sealed: Vec<SealedNamed>,
    /// How many bytes the entry has.
    pub bytes: usize,
    /// The position of the entry of the same log by which it counts for nothing: its key was compromised
    /// before it was signed.
    #[serde(default)]
    pub compromised_by: Option<u64>,
}

/// Cases in short.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CaseList {
    /// How many cases match, on all pages.
    pub total: usize,
    /// One page of them, in order of id.
    #[schema(value_type = Vec<Object>)]
    pub cases: Vec<Summary>,
}

/// Something that happened at the node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A log has grown on this node.
    Grew {
        /// Whose log.
        #[schema(value_type = String)]
        member: MemberCode,
        /// How many entries it had.
        from: u64,
        /// How many it has now.
        to: u64,
    },
    /// Enough members stand behind so many entries of a log.
    Confirmed {
        /// Whose log.
        #[schema(value_type = String)]
        member: MemberCode,
        /// How many entries from its first on.
        size: u64,
    },
    /// A peer's node connected.
    Connected {
        /// Whose node.
        #[schema(value_type = String)]
        member: MemberCode,
    },
    /// The connection to a peer's node ended.
    Disconnected {
        /// Whose node.
        #[schema(value_type = String)]
        member: MemberCode,
    },
    /// Something happened to a statement that waits for a second person.
    Review {
        /// The statement's id.
        #[schema(value_type = String)]
        statement: StatementId,
        /// What.
        state: ReviewState,
    },
    /// Something needs an operator's attention.
    Alarm {
        /// One sentence.
        text: String,
    },
    /// The listener was too slow and missed this many events.
    Missed {
        /// How many.
        count: u64,
    },
}
