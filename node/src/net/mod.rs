//! Talks to peers over libp2p; the only folder that knows it.
//!
//! Only transport identities that the charter lists are let in, before any protocol starts. What
//! passes inwards is decoded and bounded; whether it is true is checked outside, before the replica
//! sees it. A peer that sends what no honest node sends is dropped, counted and kept out a while.

mod addresses;
mod behaviour;
mod codec;
mod dial;
mod reach;
mod swarm;

pub use swarm::start;

use cairn_ledger::fork::{RawFork, RawSide};
use cairn_ledger::hash::Bytes;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Charter, Fork, SecretKey};
use cairn_replica::message::{
    CosignedNote, Head, KnownCharters, OpenedRecord, RawRange, Response, SealedWanted,
};
pub use libp2p::Multiaddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How many events wait for the driver, and commands for the network. Both push back.
const QUEUE: usize = 256;

/// What the network needs to begin.
pub struct Config {
    /// The node's transport key.
    pub transport: SecretKey,
    /// Whose node it is.
    pub me: MemberCode,
    /// The charter: who may connect.
    pub charter: Arc<Charter>,
    /// Where to listen.
    pub listen: Vec<Multiaddr>,
    /// For how long it is tried to listen there.
    pub patience: Duration,
    /// Where peers can be found to begin with.
    pub peers: Vec<Multiaddr>,
    /// Addresses under which others reach this node, where they differ from those it listens on.
    pub announce: Vec<Multiaddr>,
}

/// What happened on the network.
#[derive(Debug)]
pub enum Event {
    /// The node can be reached here.
    Listening(Multiaddr),
    /// A member's node is connected.
    Connected(MemberCode, Multiaddr),
    /// The last connection with a member's node ended.
    Disconnected(MemberCode),
    /// A member's node tells what it holds.
    Heads(MemberCode, Vec<Head>),
    /// A member's node wants a range.
    Fetch(MemberCode, Wanted, ReplyTo),
    /// A range that was asked for came.
    Range(MemberCode, Wanted, RawRange),
    /// A member's own log has grown by this; it may ask for a cosignature. It sends no more until
    /// this is answered.
    Grown(MemberCode, RawRange, bool, ReplyTo),
    /// A member's node tells cosignatures. It sends few more until this is answered.
    Cosigned(MemberCode, Vec<CosignedNote>, ReplyTo),
    /// A range that was asked for does not come.
    FetchFailed(MemberCode, Wanted),
    /// A member's node wants to know what our copy has as its first entries.
    Prove(MemberCode, Beginning, ReplyTo),
    /// A member's node says what its copy has.
    Side(MemberCode, Beginning, RawSide),
    /// It does not say.
    ProveFailed(MemberCode, Beginning),
    /// A member's node shows that a log is forked, and wants to hear that this is kept.
    Forked(MemberCode, RawFork, ReplyTo),
    /// A member's node has kept that proof.
    ForkNoted(MemberCode, Box<Fork>),
    /// A member's node tells which charters it knows, and wants those that it does not.
    ChartersTold(MemberCode, KnownCharters, ReplyTo),
    /// A member's node gave charters that we did not know.
    ChartersGiven(MemberCode, Vec<Bytes>),
    /// A member's node wants a sealed part, or a piece of its file.
    SealedWanted(MemberCode, SealedWanted, ReplyTo),
    /// A sealed part or piece that was asked for came.
    Sealed(MemberCode, SealedWanted, Vec<u8>),
    /// It does not come.
    SealedFailed(MemberCode, SealedWanted),
    /// A member's node wants to know who has opened a sealed part of its own.
    OpenedAsked(MemberCode, SealedWanted, ReplyTo),
    /// Who has opened a sealed part of ours at a member's node; nothing where it does not say.
    Opened(MemberCode, SealedWanted, Option<Vec<OpenedRecord>>),
    /// A member's node sent what no honest node sends; it is being dropped.
    Misbehaved(MemberCode, String),
}

/// A range of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Which log.
    pub log: MemberCode,
    /// From which position.
    pub start: u64,
    /// How many entries at most.
    pub entries_max: u32,
}

/// The first entries of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// Which log.
    pub log: MemberCode,
    /// How many entries.
    pub size: u64,
}

/// Where the answer to a fetch goes.
#[derive(Debug)]
pub struct ReplyTo(libp2p::request_response::ResponseChannel<Vec<u8>>);

/// What the network is to do.
#[derive(Debug)]
pub enum Command {
    /// Tell a member's node what we hold.
    SendHeads(MemberCode, Vec<Head>),
    /// Send a member's node the end of our own log, asking for a cosignature or not, or its head while
    /// it is busy with the last.
    Push(MemberCode, RawRange, bool),
    /// Tell members' nodes cosignatures, but those that are busy with many: they are told again.
    SendCosigned(Vec<MemberCode>, Vec<CosignedNote>),
    /// Ask a member's node for a range.
    Fetch(MemberCode, Wanted),
    /// Ask a member's node what its copy has as its first entries.
    Prove(MemberCode, Beginning),
    /// Show a member's node that a log is forked.
    SendFork(MemberCode, Box<Fork>),
    /// Tell a member's node which charters we know.
    TellCharters(MemberCode, KnownCharters),
    /// Ask a member's node for a sealed part, or a piece of its file.
    FetchSealed(MemberCode, SealedWanted),
    /// Ask a member's node who has opened a sealed part of ours.
    AskOpened(MemberCode, SealedWanted),
    /// Answer a question.
    Reply(ReplyTo, Response),
    /// Say that what came unasked was taken in.
    Noted(ReplyTo),
    /// End the connection, and keep the peer out a while.
    Drop(MemberCode, String),
}

/// The driver's ends of the network.
pub struct Ends {
    /// Where to send commands.
    pub commands: mpsc::Sender<Command>,
    /// Where events come from.
    pub events: mpsc::Receiver<Event>,
}
