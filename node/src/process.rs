//! The running node: store, network, driver and HTTP server, from start to clean stop.

use crate::config::{Config, Folder};
use crate::driver::Driver;
use crate::keys;
use crate::store::{Check, Found, Opened, Store};
use crate::witness::Witnesses;
use crate::{http, net};
use anyhow::{Context, anyhow, bail, ensure};
use cairn_ledger::card::{CARD_BYTES_MAX, Card};
use cairn_ledger::charter::CHARTER_BYTES_MAX;
use cairn_ledger::{Charter, MemberCode};
use cairn_replica::{Limits, Replica};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How long after a start statements wait at most for the other members to say how much of our log
/// they hold. A folder that was restored from an old copy learns in this time that it was.
const SETTLE_MS: u64 = 2_000;

/// Runs the node of a data folder until it is told to stop.
///
/// # Errors
/// When it cannot start, or the disk fails.
pub async fn run(folder: &Folder, config: Config, check: Check) -> anyhow::Result<()> {
    // From the first moment on: a signal that came before would end the process without a word.
    let signals = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let card = own_card(folder)?;
    let charter = Arc::new(own_charter(folder, &card)?);
    let me = card.code.clone();
    tracing::info!(member = %me, network = %charter.network(), name = %charter.name(), "starting");
    let witnesses = Witnesses::open(&config, folder, &charter, &me)?;
    let opened = open(folder, &charter, &me, check).await?;
    let listener = TcpListener::bind(config.http)
        .await
        .with_context(|| format!("cannot listen on {} for clients", config.http))?;
    let ends = net::start(net::Config {
        transport: keys::read(&folder.key("transport"))?,
        me: me.clone(),
        charter: charter.clone(),
        listen: config.listen,
        peers: config.peers,
        announce: config.announce,
    })?;
    let log_key = keys::read(&folder.key("log"))?;
    ensure!(log_key.public() == card.keys.log, "keys/log.key is not the key on the member card");
    let cosign_key = keys::read(&folder.key("cosign"))?;
    let listed = cosign_key.public() == card.keys.cosign;
    ensure!(listed, "keys/cosign.key is not the key on the member card");
    let standstill_ms = config.standstill_s.saturating_mul(1000);
    let limits = Limits { settle_ms: SETTLE_MS, standstill_ms, ..Limits::default() };
    let replica = Replica::new(me, log_key, charter.clone(), limits, opened.restored);
    let (driver, client) = Driver::new(replica, cosign_key, opened.store, witnesses.clone(), ends);
    tracing::info!(address = %listener.local_addr()?, "answering clients");
    let (stop, stopped) = watch::channel(false);
    witnesses.start(&client, &stopped);
    let web = tokio::spawn(http::serve(listener, client, stopped.clone()));
    let driver = tokio::spawn(driver.run(stopped));
    supervise(driver, web, signals, &stop).await
}

/// Waits for a signal or a failure, then stops everything in order.
async fn supervise(
    mut driver: tokio::task::JoinHandle<anyhow::Result<()>>,
    mut web: tokio::task::JoinHandle<()>,
    (mut interrupt, mut terminate): (Signal, Signal),
    stop: &watch::Sender<bool>,
) -> anyhow::Result<()> {
    tokio::select! {
        ended = &mut driver => return ended?.context("the node stops: restart it to read the disk fresh"),
        ended = &mut web => bail!("the HTTP server ended: {ended:?}"),
        _ = interrupt.recv() => tracing::info!("interrupted: stopping"),
        _ = terminate.recv() => tracing::info!("told to stop: stopping"),
    }
    stop.send_replace(true);
    driver.await??;
    // Clients that listen to events would keep the server for ever.
    web.abort();
    tracing::info!("stopped; everything acknowledged is on the disk");
    Ok(())
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
    Card::verify(&bytes).with_context(|| format!("{}", path.display()))
}

/// The charter of a data folder, in which the card has to be.
///
/// # Errors
/// When there is none, or it does not list this member with these keys.
pub fn own_charter(folder: &Folder, card: &Card) -> anyhow::Result<Charter> {
    let path = folder.charter();
    let bytes = read_bounded(&path, CHARTER_BYTES_MAX)
        .context("this node has no charter yet: start it once with --charter FILE")?;
    let charter = Charter::verify(&bytes, None).with_context(|| format!("{}", path.display()))?;
    let listed = charter.member(&card.code);
    let listed = listed.ok_or_else(|| anyhow!("the charter does not list {}", card.code))?;
    ensure!(listed == card, "the charter lists other keys for {} than this folder has", card.code);
    Ok(charter)
}

/// Takes a charter over into the data folder; refuses one of another network.
///
/// # Errors
/// When it is not complete, or the folder has another one.
pub fn adopt_charter(folder: &Folder, file: &Path) -> anyhow::Result<()> {
    let bytes = read_bounded(file, CHARTER_BYTES_MAX)?;
    let charter = Charter::verify(&bytes, None).with_context(|| format!("{}", file.display()))?;
    let held = folder.charter();
    if held.exists() {
        let held = Charter::verify(&read_bounded(&held, CHARTER_BYTES_MAX)?, None)?;
        ensure!(
            held.network() == charter.network(),
            "this data folder belongs to network {}, the charter founds {}",
            held.network(),
            charter.network()
        );
        return Ok(());
    }
    crate::config::replace(&held, &charter.encode())
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
