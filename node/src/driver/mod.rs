//! The one loop of the node: what happens outside becomes `Input`, `Output` is carried out.

mod alarms;
mod ask;
mod carry_out;
mod from_peers;
mod offers;
mod reviews;
mod serve;
mod submissions;

pub use ask::{Ask, Client, Judged, Stopping};
pub use offers::Offered;
pub use reviews::Decided;
pub use submissions::{OwnHead, Shown, Witnessed};

use crate::net;
use crate::sealed::{FromPeers, Sealed};
use crate::store::{Done, Store, StoreError, Writer};
use crate::witness::Witnesses;
use anyhow::Context as _;
use ask::Waiting;
use cairn_api::Event;
use cairn_ledger::checkpoint::CheckpointError;
use cairn_ledger::fork::ForkError;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Cosigned, Fork, SecretKey};
use cairn_replica::{Input, Output, Range, RefusedRange, Replica, Side, Time};
use offers::Offers;
use reviews::Reviews;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use submissions::Submitters;
use tokio::sync::{Semaphore, broadcast, mpsc, watch};

/// How many questions of clients wait for the driver. They push back on the HTTP server.
const ASKS: usize = 1024;
/// How much of what was verified waits. The replica asks for fewer ranges than this at once.
const VERIFIED: usize = 32;
/// How many events a slow listener may be behind before it is told that it missed some.
const EVENTS: usize = 1024;
/// How many ranges are read for peers at once.
const SERVING: usize = 4;
/// How many inputs are taken in a row before the clock is looked at again.
const INPUTS_AT_ONCE: usize = 256;
/// The longest the driver sleeps.
const NAP: Duration = Duration::from_secs(1);

/// Why a range came.
enum Expected {
    /// We asked for it.
    Asked(net::Wanted),
    /// Its author's log has grown, and it may ask for a cosignature; it waits for the answer before it
    /// sends more.
    Pushed(bool, net::ReplyTo),
}

/// What a peer sent, checked on the other cores.
enum Verified {
    /// A range whose entries and checkpoint were checked.
    Range(MemberCode, Expected, Result<Range, RefusedRange>),
    /// What a peer's copy has as its first entries, checked.
    Side(MemberCode, net::Beginning, Result<Box<Side>, ForkError>),
    /// The proof of a fork, checked.
    Forked(MemberCode, net::ReplyTo, Result<Box<Fork>, ForkError>),
    /// Checkpoints whose cosignatures were checked.
    Cosigned(MemberCode, net::ReplyTo, Result<Vec<(MemberCode, Cosigned)>, CheckpointError>),
}

/// Drives one replica.
pub struct Driver {
    replica: Replica,
    store: Arc<Store>,
    witnesses: Arc<Witnesses>,
    sealed: Arc<Sealed>,
    /// What peers say of sealed parts goes to whoever fetches them.
    to_sealed: mpsc::UnboundedSender<FromPeers>,
    writer: Writer,
    done: mpsc::UnboundedReceiver<Done>,
    net: net::Ends,
    asks: mpsc::Receiver<Ask>,
    cosign_key: SecretKey,
    verified: (mpsc::Sender<Verified>, mpsc::Receiver<Verified>),
    events: broadcast::Sender<Event>,
    serving: Arc<Semaphore>,
    waiting: Waiting,
    submitters: Submitters,
    peers: BTreeMap<MemberCode, PeerNotes>,
    /// Alarms that do not end by themselves, beside those that the replica can tell of at any time.
    alarms: Vec<String>,
    /// The alarm that peers hold more of our own log than we do: over once we have caught up.
    behind: Option<String>,
    offers: Offers,
    /// What waits for a second person.
    reviews: Reviews,
    /// What has failed while an output was carried out.
    failed: Option<StoreError>,
    /// Whether another version of the charter has force than the one under which this began.
    amended: bool,
    began: Instant,
    wake_at: Time,
}

/// Why a driver has ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was told to stop.
    Stopped,
    /// Another version of the charter has force: everything begins anew under it.
    Amended,
}

/// What is worth telling of a peer beyond what the replica needs.
#[derive(Debug, Clone, Default)]
struct PeerNotes {
    address: Option<String>,
    dropped: Option<String>,
    drops: u64,
}

impl Driver {
    /// A driver and the handle through which clients ask it.
    #[must_use]
    pub fn new(
        replica: Replica,
        cosign_key: SecretKey,
        store: Arc<Store>,
        witnesses: Arc<Witnesses>,
        (sealed, to_sealed): (Arc<Sealed>, mpsc::UnboundedSender<FromPeers>),
        net: net::Ends,
    ) -> (Self, Client) {
        // Without a bound of its own: there is one answer for each write under way, and those are
        // bounded. A full channel would make the writers wait for the driver that waits for them.
        let (done_in, done) = mpsc::unbounded_channel();
        let on_done = move |what| {
            // The receiver goes away only when the node stops.
            done_in.send(what).ok();
        };
        let writer = Writer::start(store.clone(), on_done);
        let (asks_in, asks) = mpsc::channel(ASKS);
        let (events, _) = broadcast::channel(EVENTS);
        let client =
            Client::new(asks_in, events.clone(), store.clone(), witnesses.clone(), sealed.clone());
        let driver = Self {
            replica,
            store,
            witnesses,
            sealed,
            to_sealed,
            writer,
            done,
            net,
            asks,
            cosign_key,
            verified: mpsc::channel(VERIFIED),
            events,
            serving: Arc::new(Semaphore::new(SERVING)),
            waiting: Waiting::default(),
            submitters: Submitters::default(),
            peers: BTreeMap::new(),
            alarms: Vec::new(),
            behind: None,
            offers: Offers::default(),
            reviews: Reviews::default(),
            failed: None,
            amended: false,
            began: Instant::now(),
            wake_at: Time(0),
        };
        (driver, client)
    }

    /// Runs until `stop` changes or the disk fails; then everything handed over is on the disk.
    ///
    /// # Errors
    /// When the disk fails: nothing is known about it then, and the next start reads it fresh.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) -> anyhow::Result<Ended> {
        self.load_reviews().context("cannot read what waits for a second person")?;
        self.input(Input::Tick).await;
        loop {
            let sleep = Duration::from_millis(self.wake_at.0.saturating_sub(self.now().0)).min(NAP);
            tokio::select! {
                Some(done) = self.done.recv() => {
                    self.on_done(done).await?;
                    for _ in 0..INPUTS_AT_ONCE {
                        let Ok(done) = self.done.try_recv() else { break };
                        self.on_done(done).await?;
                    }
                }
                Some(ask) = self.asks.recv() => {
                    self.on_ask(ask).await;
                    for _ in 0..INPUTS_AT_ONCE {
                        let Ok(ask) = self.asks.try_recv() else { break };
                        self.on_ask(ask).await;
                    }
                }
                Some(verified) = self.verified.1.recv() => self.on_verified(verified).await,
                event = self.net.events.recv() => match event {
                    Some(event) => self.on_net(event).await,
                    None => anyhow::bail!("the network task has ended"),
                },
                () = tokio::time::sleep(sleep) => self.input(Input::Tick).await,
                _ = stop.changed() => return Ok(Ended::Stopped),
            }
            if let Some(error) = self.failed.take() {
                return Err(anyhow::Error::new(error).context("the disk failed"));
            }
            if self.amended {
                return Ok(Ended::Amended);
            }
        }
    }

    fn now(&self) -> Time {
        Time(u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// Gives the replica one input and carries out what it wants.
    async fn input(&mut self, input: Input) {
        let now = self.now();
        if matches!(input, Input::Tick) {
            self.wake_at = Time(now.0.saturating_add(1000));
        }
        let outputs: Vec<Output> = self.replica.handle(now, input, &*self.store).collect();
        for output in outputs {
            self.carry_out(output).await;
        }
    }

    async fn on_done(&mut self, done: Done) -> anyhow::Result<()> {
        match done {
            Done::Persisted(ticket) => self.input(Input::Persisted(ticket)).await,
            Done::Guarded => self.input(Input::Guarded).await,
            Done::Cosigned(log, cosigned) => self.input(Input::Cosigned(log, cosigned)).await,
            Done::Failed(error) => return Err(anyhow::Error::new(error).context("the disk failed")),
        }
        Ok(())
    }

    fn tell(&self, event: Event) {
        // Nobody may be listening.
        self.events.send(event).ok();
    }
}
