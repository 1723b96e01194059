//! The running node: store, network, driver and HTTP server, from start to clean stop.

use crate::config::{Config, Folder};
use crate::driver::{Driver, Ended};
use crate::sealed::{self, Sealed};
use crate::store::{Check, Found, Opened, Store, charters};
use crate::witness::Witnesses;
use crate::{http, net};
use anyhow::{Context, anyhow, bail, ensure};
use cairn_keyring::{MemberKeys, NodeSecrets, Passphrases};
use cairn_ledger::card::{CARD_BYTES_MAX, Card, PendingCard};
use cairn_ledger::charter::{Amendments, CHARTERS_BYTES_MAX};
use cairn_ledger::{Charter, MemberCode, SecretKey};
use cairn_replica::{Limits, Replica};
use cairn_sealing::SealingSecret;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};

/// How long after a start statements wait at most for the other members to say how much of our log
/// they hold. A folder that was restored from an old copy learns in this time that it was.
const SETTLE_MS: u64 = 2_000;

/// How long a node that begins anew waits for what still reads its folder.
const RELEASE: Duration = Duration::from_secs(30);
/// How long the answers that are under way may take then.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// Runs the node of a data folder until it is told to stop. Where another version of the charter gets
/// force it begins anew from the disk, in the same process; clients that connect meanwhile wait.
///
/// # Errors
/// When it cannot start, or the disk fails.
pub async fn run(
    folder: &Folder,
    config: Config,
    check: Check,
    keys: MemberKeys,
    passphrases: Passphrases,
) -> anyhow::Result<()> {
    // From the first moment on: a signal that came before would end the process without a word.
    let mut signals = Signals::listen()?;
    let listener = std::net::TcpListener::bind(config.http)
        .with_context(|| format!("cannot listen on {} for clients", config.http))?;
    listener.set_nonblocking(true)?;
    let (mut check, mut patience) = (check, Duration::ZERO);
    let mut secrets = Secrets { keys, passphrases };
    while once(folder, &config, check, &listener, &mut signals, &mut secrets, patience).await?
        == Ended::Amended
    {
        tracing::info!("another version of the charter has force: beginning anew under it");
        (check, patience) = (Check::Tail, RELEASE);
        // New keys may have been made since the start.
        secrets.keys = MemberKeys::open(&folder.keys(), &mut secrets.passphrases)?;
    }
    tracing::info!("stopped; everything acknowledged is on the disk");
    Ok(())
}

/// The keys of the folder, and what opens those that are not open yet.
struct Secrets {
    keys: MemberKeys,
    passphrases: Passphrases,
}

impl Secrets {
    /// Those that belong to a card. Old ones come back where the version that had replaced them has lost
    /// its force.
    fn matching(&mut self, card: &Card) -> anyhow::Result<NodeSecrets> {
        self.keys.bring_back(card, &mut self.passphrases)?;
        Ok(self.keys.matching(card)?)
    }
}

/// One run under one version of the charter.
async fn once(
    folder: &Folder,
    config: &Config,
    check: Check,
    listener: &std::net::TcpListener,
    signals: &mut Signals,
    secrets: &mut Secrets,
    patience: Duration,
) -> anyhow::Result<Ended> {
    let card = own_card(folder)?;
    let amendments = charters::read(folder)?;
    let charter = Arc::new(amendments.charter().clone());
    let me = card.code;
    let listed = charter.log(&me).cloned();
    let card = listed.ok_or_else(|| anyhow!("the charter does not list {me}"))?;
    if charter.fork().is_none() {
        // Before the disk is read: whoever lacks a key shall hear of it at once.
        secrets.matching(&card)?;
    }
    let (version, name) = (charter.version(), charter.name());
    tracing::info!(member = %me, network = %charter.network(), %name, version, "starting");
    let witnesses = Witnesses::open(config, folder, &charter, &me)?;
    let opened = open(folder, &charter, &me, check).await?;
    let card = with_the_logs_key(card, &charter, &opened);
    let NodeSecrets { log, cosign, transport, seal } = secrets.matching(&card)?;
    put_new_keys_in_use(folder, &card, &mut secrets.keys)?;
    let listener = TcpListener::from_std(listener.try_clone()?)?;
    let (ends, net) = net::start(net::Config {
        transport,
        me: me.clone(),
        charter: charter.clone(),
        listen: config.listen.clone(),
        patience,
        peers: config.peers.clone(),
        announce: config.announce.clone(),
    })
    .await?;
    let standstill_ms = config.standstill_s.saturating_mul(1000);
    let limits = Limits { settle_ms: SETTLE_MS, standstill_ms, ..Limits::default() };
    let (sealed, asked) = open_sealed(folder, config, &opened.store, &me, seal, log.clone())?;
    let replica = Replica::new(me, log, amendments, limits, opened.restored);
    let store = Arc::downgrade(&opened.store);
    let (to_sealed, from_peers) = mpsc::unbounded_channel();
    let commands = ends.commands.clone();
    let parts = (sealed.clone(), to_sealed);
    let (driver, client) =
        Driver::new(replica, cosign, opened.store, witnesses.clone(), parts, ends);
    tracing::info!(address = %listener.local_addr()?, "answering clients");
    let (stop, stopped) = watch::channel(false);
    witnesses.start(&client, &stopped);
    let fetching =
        sealed::run(sealed, commands, client.clone(), from_peers, asked, stopped.clone());
    let fetching = tokio::spawn(fetching);
    let web = tokio::spawn(http::serve(listener, client, reach(config)?, stopped.clone()));
    let driver = tokio::spawn(driver.run(stopped));
    drop(witnesses);
    let ended = supervise(driver, web, signals, &stop).await?;
    fetching.await.ok();
    net.await.ok();
    if ended == Ended::Amended {
        released(&store).await?;
    }
    Ok(ended)
}

/// How clients reach the node.
fn reach(config: &Config) -> anyhow::Result<http::Reach> {
    let remote = !config.http.ip().is_loopback();
    let tls = match (&config.tls_cert, &config.tls_key) {
        (Some(certificate), Some(key)) => Some(http::tls::acceptor(certificate, key)?),
        (None, None) if !remote => None,
        _ => bail!(
            "tls_cert and tls_key go together in node.toml, and beyond loopback both are needed"
        ),
    };
    let remote = remote || config.only_users;
    Ok(http::Reach { tls, remote, names: Arc::new(config.http_names.clone()) })
}

fn open_sealed(
    folder: &Folder,
    config: &Config,
    store: &Arc<Store>,
    me: &MemberCode,
    keys: Vec<SealingSecret>,
    log: SecretKey,
) -> anyhow::Result<(Arc<Sealed>, mpsc::Receiver<sealed::AskOpened>)> {
    if keys.is_empty() {
        let hint = "nothing can be sealed for this member: `cairn-node key new seal` makes a key";
        tracing::warn!(hint, "the member card has no sealing key");
    }
    let limits = sealed::Limits {
        bytes_per_member: config.sealed_bytes_per_member,
        bytes_per_case: config.sealed_bytes_per_case,
    };
    let opened = Sealed::open(&folder.0, store.clone(), me.clone(), keys, log, limits);
    opened.context("cannot open what is sealed")
}

/// The card with the key that signs the log's checkpoints: that of the version which the log has adopted,
/// also where this one has lost its force meanwhile (`05:23`).
fn with_the_logs_key(mut card: Card, charter: &Charter, opened: &Opened) -> Card {
    let own = opened.restored.iter().find(|restored| *restored.log.member() == card.code);
    let adopted = own.map(|own| own.log.version());
    let ahead = adopted.filter(|version| version.version() > charter.version());
    if let Some(listed) = ahead.and_then(|version| version.member(&card.code)) {
        card.keys.log = listed.keys.log;
    }
    card
}

/// Waits until nothing reads or writes the folder any more.
async fn released(store: &Weak<Store>) -> anyhow::Result<()> {
    let until = Instant::now() + RELEASE;
    while store.strong_count() > 0 {
        ensure!(Instant::now() < until, "something still reads the data folder: restart the node");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// The signals that tell a node to stop.
struct Signals(Signal, Signal);

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
    }

    async fn recv(&mut self) {
        tokio::select! {
            _ = self.0.recv() => tracing::info!("interrupted: stopping"),
            _ = self.1.recv() => tracing::info!("told to stop: stopping"),
        }
    }
}

/// Waits for a signal, another charter or a failure, then stops everything in order.
async fn supervise(
    mut driver: tokio::task::JoinHandle<anyhow::Result<Ended>>,
    mut web: tokio::task::JoinHandle<()>,
    signals: &mut Signals,
    stop: &watch::Sender<bool>,
) -> anyhow::Result<Ended> {
    let ended = tokio::select! {
        ended = &mut driver => Some(ended?.context("the node stops: restart it to read the disk fresh")?),
        ended = &mut web => bail!("the HTTP server ended: {ended:?}"),
        () = signals.recv() => None,
    };
    stop.send_replace(true);
    let ended = match ended {
        Some(ended) => ended,
        None => driver.await??,
    };
    // Whoever has asked is still told that the node is stopping. Clients that listen to events would
    // keep the server for ever.
    let patience = if ended == Ended::Amended { LAST_ANSWERS } else { Duration::ZERO };
    if tokio::time::timeout(patience, &mut web).await.is_err() {
        web.abort();
        web.await.ok();
    }
    Ok(ended)
}

async fn open(
    folder: &Folder,
    charter: &Arc<Charter>,
    me: &MemberCode,
    check: Check,
) -> anyhow::Result<Opened> {
    let (path, charter, me) = (folder.0.clone(), charter.clone(), me.clone());
    let began = std::time::Instant::now();
    let opened =
        tokio::task::spawn_blocking(move || Store::open(&path, charter, &me, check)).await??;
    let entries: u64 = opened.found.iter().map(|log| log.size).sum();
    let signatures = if check == Check::Everything { "all" } else { "the last of each log" };
    tracing::info!(
        logs = opened.found.len(),
        entries,
        signatures,
        ms = began.elapsed().as_millis(),
        "verified what is on the disk"
    );
    opened.found.iter().for_each(say_what_was_found);
    Ok(opened)
}

fn say_what_was_found(found: &Found) {
    let Found { member, size, covered, repaired, recovered, cut } = found;
    for fault in repaired {
        tracing::warn!(%member, %fault, "repaired");
    }
    if *recovered > 0 {
        tracing::warn!(%member, recovered, "entries came back from the second copy");
    }
    if let Some(fault) = cut {
        if *covered {
            let what = "what was being written when it stopped is set aside; everything up to the last signed checkpoint is here";
            tracing::warn!(%member, %fault, size, what);
        } else {
            tracing::error!(%member, %fault, size, "neither copy is sound: the rest is set aside");
        }
    }
    if !covered {
        tracing::warn!(%member, size, "the log ends before its last signed checkpoint");
    }
}

/// The member card of a data folder.
///
/// # Errors
/// When `cairn-node init` has not made one, or it is damaged.
pub fn own_card(folder: &Folder) -> anyhow::Result<Card> {
    let path = folder.card();
    let bytes = read_bounded(&path, CARD_BYTES_MAX).with_context(|| {
        format!("{} is no data folder yet: run `cairn-node init` first", folder.0.display())
    })?;
    match new_card_in_force(folder)? {
        Some(card) => Ok(card),
        None => Card::verify(&bytes).with_context(|| format!("{}", path.display())),
    }
}

/// The card with the new keys, if there is one and the charter lists it.
fn new_card_in_force(folder: &Folder) -> anyhow::Result<Option<Card>> {
    let (path, charter) = (folder.new_card(), folder.charter());
    if !path.exists() || !charter.exists() {
        return Ok(None);
    }
    let pending = PendingCard::decode(&read_bounded(&path, CARD_BYTES_MAX)?)
        .with_context(|| format!("{}", path.display()))?;
    let charter = Charter::verify(&read_bounded(&charter, CHARTERS_BYTES_MAX)?, None)?;
    let new = pending.card();
    Ok(charter.member(&new.code).filter(|listed| *listed == new).cloned())
}

/// Once the charter lists the new keys, gives them and their card the names of those in use.
///
/// # Errors
/// When a file cannot be moved.
pub fn put_new_keys_in_use(
    folder: &Folder,
    card: &Card,
    keys: &mut MemberKeys,
) -> anyhow::Result<()> {
    for role in keys.settle(card)? {
        tracing::info!(%role, "the new key is in use; the one before it is kept as {role}.old.key");
    }
    if new_card_in_force(folder)?.is_some_and(|new| new == *card) {
        fs::rename(folder.new_card(), folder.card()).context("cannot replace the member card")?;
    }
    Ok(())
}

/// The charter of a data folder, which has to list, or have listed, the member.
///
/// # Errors
/// When there is none, or it does not.
pub fn own_charter(folder: &Folder, card: &Card) -> anyhow::Result<Charter> {
    let charter = charters::read(folder)?.charter().clone();
    charter.log(&card.code).ok_or_else(|| anyhow!("the charter does not list {}", card.code))?;
    Ok(charter)
}

/// Takes a charter over into the data folder, with whatever newer versions and proposals the file has;
/// refuses one of another network.
///
/// # Errors
/// When it is not complete, or of another network than the one that the folder has.
pub fn adopt_charter(folder: &Folder, file: &Path) -> anyhow::Result<()> {
    let bytes = read_bounded(file, CHARTERS_BYTES_MAX)?;
    if !folder.charter().exists() {
        let charter =
            Charter::verify(&bytes, None).with_context(|| format!("{}", file.display()))?;
        return charters::keep(folder, &Amendments::new(charter));
    }
    let mut held = charters::read(folder)?;
    if let Ok(other) = Charter::verify(&bytes, None) {
        ensure!(
            held.charter().network() == other.network(),
            "this data folder belongs to network {}, the charter founds {}",
            held.charter().network(),
            other.network()
        );
    }
    let new = held.offer_file(&bytes).with_context(|| format!("{}", file.display()))?;
    if new > 0 { charters::keep(folder, &held) } else { Ok(()) }
}

/// Reads a file that must not be larger than its format allows.
///
/// # Errors
/// When it cannot be read or is larger.
pub fn read_bounded(path: &Path, limit: usize) -> anyhow::Result<Vec<u8>> {
    use std::io::Read;
    let file = fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() <= limit, "{} is larger than {limit} bytes", path.display());
    Ok(bytes)
}
