//! Five real processes: started, watched, stopped.

use super::found::Members;
use anyhow::{Context, bail, ensure};
use cairn_api::{Status, route};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::process::{Child, Command};

/// How long a node may take to answer after its start.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a node may take to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// How often is looked.
const LOOK: Duration = Duration::from_millis(50);

/// The processes, in the order of the members.
pub(super) struct Nodes(Vec<(String, Child)>);

/// Makes sure of ten free ports before anything is touched.
pub(super) fn check_ports(first: u16) -> anyhow::Result<()> {
    let last = first.checked_add(9).filter(|_| first > 0);
    let last = last.context("--port needs ten ports: choose one from 1 to 65526")?;
    for port in first..=last {
        let free = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port));
        free.with_context(|| {
            format!("port {port} of this machine is in use: is a demonstration running already? Otherwise choose other ports with --port")
        })?;
    }
    Ok(())
}

impl Nodes {
    pub(super) async fn start(members: &Members) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?;
        let mut nodes = Self(Vec::new());
        for member in &members.list {
            let log = File::options()
                .create(true)
                .append(true)
                .open(members.dir.join(member.code.as_str()).join("node.log"))?;
            let child = Command::new(&program)
                .args(["run", "--with-parent", "--data"])
                .arg(&member.folder.0)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(log)
                // Ctrl-C is for this process, which then stops the nodes in order.
                .process_group(0)
                .kill_on_drop(true)
                .spawn()
                .context("cannot start a node")?;
            nodes.0.push((member.code.to_string(), child));
        }
        let began = Instant::now();
        for member in &members.list {
            while status(&member.url()).await.is_none() {
                ensure!(
                    began.elapsed() < START_TIMEOUT && nodes.ended().is_none(),
                    "the node of {} does not start: see {}/{}/node.log",
                    member.code,
                    members.dir.display(),
                    member.code
                );
                tokio::time::sleep(LOOK).await;
            }
        }
        Ok(nodes)
    }

    /// Waits until all nodes hold the same logs.
    pub(super) async fn agree(&self, members: &Members, limit: Duration) -> anyhow::Result<()> {
        let began = Instant::now();
        while began.elapsed() < limit {
            let mut logs = Vec::new();
            for member in &members.list {
                let heads = status(&member.url()).await.map(|status| {
                    status
                        .logs
                        .into_iter()
                        .map(|log| (log.member, log.size, log.root))
                        .collect::<Vec<_>>()
                });
                logs.push(heads);
            }
            let same = logs.windows(2).all(|pair| pair[0] == pair[1]);
            if same && logs.iter().all(Option::is_some) {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        bail!("the nodes do not agree after {} s: see the node.log files", limit.as_secs())
    }

    fn ended(&mut self) -> Option<String> {
        let ended = |(code, child): &mut (String, Child)| {
            matches!(child.try_wait(), Ok(Some(_)) | Err(_)).then(|| code.clone())
        };
        self.0.iter_mut().find_map(ended)
    }

    /// Waits until one of them ends by itself.
    pub(super) async fn one_ended(&mut self) -> String {
        loop {
            if let Some(code) = self.ended() {
                return code;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Asks all to stop, waits, and ends those that do not.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        for (_, child) in &self.0 {
            let id = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
            if let Some(id) = id {
                // It may have ended meanwhile.
                kill_process(id, Signal::TERM).ok();
            }
        }
        for (code, child) in &mut self.0 {
            if tokio::time::timeout(STOP_TIMEOUT, child.wait()).await.is_err() {
                eprintln!("the node of {code} does not stop: ending it");
                child.kill().await?;
            }
        }
        Ok(())
    }
}

/// What a node says of itself, if it answers.
async fn status(url: &str) -> Option<Status> {
    let url = format!("{url}{}", route::STATUS);
    let ask = move || -> Option<Status> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(2)))
            .build()
            .into();
        let text = agent.get(&url).call().ok()?.body_mut().read_to_string().ok()?;
        serde_json::from_str(&text).ok()
    };
    tokio::task::spawn_blocking(ask).await.ok().flatten()
}
