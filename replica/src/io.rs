//! What goes into a replica and what comes out.

use crate::append::AppendError;
use crate::charters::CharterWork;
use crate::message::{KnownCharters, Range, Side};
use crate::witness::{Submission, WitnessError};
use alloc::string::String;
use alloc::vec::Vec;
use cairn_ledger::hash::{Bytes, EntryHash};
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Checkpoint, Cosigned, Entry, Fork, Log, SignedStatement};

/// Milliseconds on a clock that only goes forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Time(pub u64);

/// The caller's own number for a statement that it wants appended, or a checkpoint cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token(pub u64);

impl Token {
    /// What nobody waits for.
    pub const NOBODY: Self = Self(u64::MAX);
}

/// The replica's number for something that it wants on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What happened outside.
#[derive(Debug, Clone)]
pub enum Input {
    /// A peer's node is connected, and its transport identity is the member's.
    Connected(MemberCode),
    /// The connection ended.
    Disconnected(MemberCode),
    /// A peer told the heads that it holds: checkpoints that were verified.
    Heads(MemberCode, Vec<HeadOf>),
    /// A peer answered a fetch with a verified range.
    Range(MemberCode, Range),
    /// A peer's own log has grown, and it sent the verified range that is new.
    Pushed {
        /// Who.
        peer: MemberCode,
        /// What is new.
        range: Range,
        /// Whether it asks for a cosignature of the checkpoint.
        cosign: bool,
    },
    /// A peer told cosignatures, each of them verified.
    Cosignatures(MemberCode, Vec<(MemberCode, Cosigned)>),
    /// Our cosignature of a checkpoint of this log was made and is on the disk.
    Cosigned(MemberCode, Cosigned),
    /// A peer proved what its copy of this log has as its first so many entries.
    Side {
        /// Who.
        peer: MemberCode,
        /// Which log.
        log: MemberCode,
        /// How many entries.
        size: u64,
        /// What it proved.
        side: Side,
    },
    /// A peer was asked to prove that and did not.
    ProveFailed {
        /// Who was asked.
        peer: MemberCode,
        /// For which log.
        log: MemberCode,
        /// For how many entries.
        size: u64,
    },
    /// A peer has shown that a log is forked.
    Forked(MemberCode, Fork),
    /// A peer has this proof, or one that says more, on its disk.
    ForkNoted(MemberCode, Fork),
    /// A peer told which charters and proposals it knows.
    ChartersTold(MemberCode, KnownCharters),
    /// A peer gave charters and proposals that we did not know when we told it.
    ChartersGiven(MemberCode, Vec<Bytes>),
    /// A client hands in a charter or proposal.
    Offered(Token, Vec<u8>),
    /// Somebody who is no peer shows a checkpoint and wants it cosigned.
    Submitted(Submission),
    /// A fetch was not answered, or with nothing.
    FetchFailed {
        /// Who was asked.
        peer: MemberCode,
        /// For which log.
        log: MemberCode,
        /// From which position.
        start: u64,
    },
    /// A contributor wants a statement in this node's own log.
    Append(Token, SignedStatement),
    /// A batch is on the disk.
    Persisted(Ticket),
    /// The guard is on the disk.
    Guarded,
    /// Time passes.
    Tick,
}

/// What a node tells of a log that it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadOf {
    /// Whose log.
    pub log: MemberCode,
    /// It holds everything that this covers.
    pub checkpoint: Checkpoint,
    /// A digest of the cosignatures that it holds of the log; 0 for none.
    pub cosigned: u64,
}

/// What is to be done outside.
#[derive(Debug, Clone)]
pub enum Output {
    /// Write these entries at the end of this log, and flush them when they are our own. Answer
    /// with [`Input::Persisted`], ticket by ticket, in order.
    Persist {
        /// To be named in the answer.
        ticket: Ticket,
        /// Which log.
        log: MemberCode,
        /// The entries, from the end of what the disk holds. None where only the checkpoint is new.
        entries: Vec<Entry>,
        /// A checkpoint that covers exactly the log with these entries, where there is one.
        checkpoint: Option<Checkpoint>,
    },
    /// Write and flush our own newest checkpoint beside our log, then answer [`Input::Guarded`].
    Guard(Checkpoint),
    /// The statement stands in our log, on the disk.
    Accepted {
        /// Whose statement.
        token: Token,
        /// Where it stands.
        position: u64,
        /// The entry.
        entry: EntryHash,
    },
    /// The statement does not enter our log.
    Refused(Token, AppendError),
    /// A checkpoint is cosigned for whoever asked, and that is on the disk; or it is not.
    Witnessed(Token, Result<Cosigned, WitnessError>),
    /// Tell a peer these heads.
    SendHeads(MemberCode, Vec<HeadOf>),
    /// Flush what is held of this log, cosign the checkpoint, flush the cosignature, and answer with
    /// [`Input::Cosigned`].
    Cosign {
        /// Whose log.
        log: MemberCode,
        /// The checkpoint: all that it covers is on the disk.
        checkpoint: Checkpoint,
        /// The earliest time that the cosignature may carry: our last one's of this log.
        not_before: u64,
    },
    /// Tell these peers these cosignatures.
    SendCosigned(Vec<MemberCode>, Vec<(MemberCode, Cosigned)>),
    /// There are new cosignatures on a checkpoint of what the disk holds of this log.
    Collected {
        /// Whose log.
        log: MemberCode,
        /// The checkpoint with the cosignatures that are new, and perhaps others.
        cosigned: Cosigned,
    },
    /// Keep this: enough members stand behind it. What is kept may be lost and is told again.
    KeepConfirmed {
        /// Whose log.
        log: MemberCode,
        /// The checkpoint with its cosignatures.
        confirmed: Cosigned,
    },
    /// Enough members stand behind so many entries of a log.
    Confirmed {
        /// Whose log.
        log: MemberCode,
        /// How many entries.
        size: u64,
    },
    /// Send a peer the end of our own log from `start`, under its newest checkpoint. Telling it the
    /// checkpoint instead is as good, only slower.
    Push {
        /// Whom.
        peer: MemberCode,
        /// From which position.
        start: u64,
        /// The checkpoint that covers it all.
        checkpoint: Checkpoint,
        /// Whether the peer is asked to cosign it.
        cosign: bool,
    },
    /// Ask a peer for a range.
    Fetch {
        /// Whom.
        peer: MemberCode,
        /// Which log.
        log: MemberCode,
        /// From which position.
        start: u64,
        /// How many entries at most.
        entries_max: u32,
    },
    /// Ask a peer to prove what its copy of a log has as its first so many entries.
    Prove {
        /// Whom.
        peer: MemberCode,
        /// Which log.
        log: MemberCode,
        /// How many entries.
        size: u64,
    },
    /// Write and flush this proof in place of the one that is kept of the same log, if there is one,
    /// before anything else is done.
    KeepFork(Fork),
    /// Show a peer that a log is forked. Answer with [`Input::ForkNoted`] once it has kept that.
    SendFork(MemberCode, Fork),
    /// What is to be done about charters.
    Charters(CharterWork),
    /// A log has grown by entries that are on the disk.
    Grew {
        /// Which log.
        log: MemberCode,
        /// How many entries it had.
        from: u64,
        /// How many it has.
        to: u64,
    },
    /// End the connection with a peer: what it sent is not what an honest node sends.
    Drop(MemberCode, Fault),
    /// An operator has to know.
    Alarm(Alarm),
    /// Call again with [`Input::Tick`] at this time at the latest.
    WakeAt(Time),
}

/// Why a peer is dropped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A range that nobody asked for.
    #[error("it sent entries of {log} from {start} that were not asked for")]
    Unasked {
        /// Which log.
        log: MemberCode,
        /// From which position.
        start: u64,
    },
    /// A charter that is none.
    #[error("a charter that it gave is refused: {why}")]
    BadCharter {
        /// What is wrong.
        why: String,
    },
    /// A range whose entries do not belong together.
    #[error("the entries of {log} from {start} that it sent do not fit: {why}")]
    BadRange {
        /// Which log.
        log: MemberCode,
        /// From which position.
        start: u64,
        /// What is wrong.
        why: String,
    },
}

/// What an operator has to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alarm {
    /// The log's key has signed two histories, and there is proof. The log is frozen here; what is
    /// held stays.
    Fork {
        /// Which log.
        log: MemberCode,
        /// How many first entries both histories may share: what stands.
        position: u64,
    },
    /// Enough members have signed two successors of the charter in force. Neither has force.
    CharterFork {
        /// The version that both amend, which stays in force.
        version: u32,
    },
    /// A peer's copy does not continue ours, and the peer does not prove it. No proof of anything.
    Diverges {
        /// Which log.
        log: MemberCode,
        /// Who showed it.
        peer: MemberCode,
        /// How many entries we hold.
        size: u64,
        /// The checkpoint that was shown.
        shown: Checkpoint,
    },
    /// A peer holds more of our own log than we do: this folder was restored from an old copy, or a
    /// second node runs with our keys. Nothing is appended until ours has caught up.
    OwnLogBehind {
        /// What we hold.
        size: u64,
        /// What a peer holds, signed with our key.
        promised: u64,
    },
    /// Our own log ends in entries that no peer has: peers hold others there, signed with our key.
    /// Nothing is appended or signed, so that our key does not stand under two histories.
    OwnLogUnseen(Unseen),
    /// The author's own node shows less of its log than its key has promised. No proof of anything:
    /// it may be restored from an old copy.
    Shrank {
        /// Which log.
        log: MemberCode,
        /// What its author shows.
        told: u64,
        /// What its key has promised.
        promised: u64,
    },
    /// Nobody has given more of a log for a long while, though its key has promised more.
    Stalled {
        /// Which log.
        log: MemberCode,
        /// What we hold.
        size: u64,
        /// What its key has promised.
        promised: u64,
    },
    /// No more of a log has been confirmed for a long while, though we hold more.
    Unconfirmed {
        /// Which log.
        log: MemberCode,
        /// What we hold.
        size: u64,
        /// What enough members stand behind.
        confirmed: u64,
    },
}

/// Entries of our own log that no peer has ever seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// The position of the first of them.
    pub position: u64,
    /// What peers hold instead, signed with our key.
    pub shown: Checkpoint,
}

/// A log as the disk holds it when the node starts.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The log, every entry of which was checked.
    pub log: Log,
    /// The newest checkpoint that covers exactly `log`, or a part of it that is all on the disk.
    pub checkpoint: Option<Checkpoint>,
    /// The largest checkpoint that is known of it.
    pub promised: Option<Checkpoint>,
    /// The checkpoint that we have cosigned last.
    pub cosigned: Option<Cosigned>,
    /// The largest checkpoint of it behind which enough members are known to stand.
    pub confirmed: Option<Cosigned>,
    /// What proves that its key has signed two histories.
    pub fork: Option<Fork>,
}

impl Restored {
    /// A log of which nothing is on the disk but itself.
    #[must_use]
    pub fn new(log: Log) -> Self {
        Self { log, checkpoint: None, promised: None, cosigned: None, confirmed: None, fork: None }
    }
}
