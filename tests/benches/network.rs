//! Real nodes: founded in a folder, started as processes, ended with the measurement.

use crate::http::Http;
use crate::people::Contributor;
use anyhow::{Context, ensure};
use cairn_api::Status;
use cairn_ledger::card::CARD_BYTES_MAX;
use cairn_ledger::charter::{MemberKind, PendingCharter, Rules};
use cairn_ledger::statement::Timestamp;
use cairn_ledger::text::{MemberCode, Text};
use cairn_ledger::{Charter, SecretKey};
use cairn_node::commands::init_make;
use cairn_node::config::{Config, Folder, replace};
use cairn_node::net::Multiaddr;
use cairn_node::process;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(600);

/// A member whose node can be started.
pub(crate) struct Member {
    pub(crate) folder: Folder,
    pub(crate) http: SocketAddr,
    pub(crate) listen: Multiaddr,
    pub(crate) contributor: Contributor,
}

/// A network of members of the same kind.
pub(crate) struct Network {
    pub(crate) charter: Charter,
    pub(crate) members: Vec<Member>,
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A key of a member's node, which lies in the clear.
pub(crate) fn read_key(folder: &Folder, name: &str) -> anyhow::Result<SecretKey> {
    Ok(cairn_keyring::read(&folder.key(name), &mut cairn_keyring::Passphrases::none())?)
}

impl Network {
    /// Founds a network of `count` missions below `folder`. Nothing runs yet.
    pub(crate) fn found(folder: &Path, count: usize) -> anyhow::Result<Self> {
        let mut parts = Vec::new();
        for number in 0..count {
            let code = MemberCode::new(&format!("M{number}"))?;
            let data = Folder(folder.join(code.as_str()));
            init_make(
                &data,
                code.clone(),
                Text::new("a mission")?,
                MemberKind::Mission,
                None,
                &cairn_keyring::Protection::Clear,
            )?;
            parts.push((code, data));
        }
        let cards =
            parts.iter().map(|(_, data)| process::read_bounded(&data.card(), CARD_BYTES_MAX));
        let cards: Vec<_> = cards.collect::<Result<_, _>>()?;
        let rules = Rules::two_thirds_of(count);
        let mut charter =
            PendingCharter::found("bench.cairn.example".parse()?, Timestamp(0), rules, &cards)?;
        for (_, data) in &parts {
            charter.sign(&read_key(data, "root")?)?;
        }
        let charter = charter.complete()?;
        let (mut members, mut first) = (Vec::new(), None);
        for (code, data) in parts {
            fs::write(data.charter(), charter.encode())?;
            let (http, listen) = (SocketAddr::from(([127, 0, 0, 1], free_port()?)), free_port()?);
            let listen: Multiaddr = format!("/ip4/127.0.0.1/tcp/{listen}").parse()?;
            let peers = first.clone().into_iter().collect();
            first = first.or(Some(listen.clone()));
            let config = Config { listen: vec![listen.clone()], peers, http, ..Config::default() };
            replace(&data.config_file(), toml::to_string(&config)?.as_bytes())?;
            let contributor = Contributor {
                network: charter.network(),
                member: code,
                root: read_key(&data, "root")?,
                key: SecretKey::from_seed([9; 32]),
            };
            members.push(Member { folder: data, http, listen, contributor });
        }
        Ok(Self { charter, members })
    }
}

impl Member {
    /// Starts the node and waits until it answers.
    pub(crate) fn start(&self) -> anyhow::Result<Node> {
        let child = self.spawn()?;
        let began = Instant::now();
        while Http::connect(self.http).is_err() {
            ensure!(began.elapsed() < PATIENCE, "the node does not start");
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(Node { child, http: self.http })
    }

    fn spawn(&self) -> anyhow::Result<Child> {
        // The node that was built with this benchmark lies two folders above it.
        let here = std::env::current_exe()?;
        let program =
            here.parent().and_then(Path::parent).context("no target folder")?.join("cairn-node");
        ensure!(
            program.exists(),
            "{} is missing: run `cargo build --release` first",
            program.display()
        );
        let log =
            fs::File::options().create(true).append(true).open(self.folder.0.join("node.log"))?;
        let mut command = Command::new(program);
        command.args(["run", "--with-parent", "--data"]).arg(&self.folder.0);
        Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?)
    }
}

/// A running node.
pub(crate) struct Node {
    child: Child,
    pub(crate) http: SocketAddr,
}

impl Node {
    pub(crate) fn status(&self) -> anyhow::Result<Status> {
        Ok(serde_json::from_slice(&Http::connect(self.http)?.get(cairn_api::route::STATUS)?)?)
    }

    pub(crate) fn size_of(&self, log: &MemberCode) -> anyhow::Result<u64> {
        let status = self.status()?;
        Ok(status.logs.iter().find(|held| held.member == *log).map_or(0, |held| held.size))
    }

    /// Waits until it holds so many entries of a log.
    pub(crate) fn wait_for(&self, log: &MemberCode, size: u64) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.size_of(log)? < size {
            ensure!(began.elapsed() < PATIENCE, "{log} does not reach {size}");
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Waits until it has so many connections.
    pub(crate) fn wait_for_peers(&self, count: usize) -> anyhow::Result<()> {
        let began = Instant::now();
        while self.status()?.peers.iter().filter(|peer| peer.connected).count() < count {
            ensure!(began.elapsed() < PATIENCE, "the nodes do not connect");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Resident memory in MiB: now, and at most so far.
    pub(crate) fn memory(&self) -> anyhow::Result<(f64, f64)> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
            number.map(|kib| kib / 1024.0).context("no memory figures")
        };
        Ok((field("VmRSS:")?, field("VmHWM:")?))
    }

    /// The processor time that it has taken so far, in seconds.
    pub(crate) fn processor_time(&self) -> anyhow::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Its own name may have spaces; user and system time are the 12th and 13th field behind it.
        let fields = stat.rsplit(')').next().context("no process figures")?;
        let times = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
        let ticks = times.sum::<Result<u64, _>>()?;
        Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    /// Stops it cleanly.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let id = self.child.id().to_string();
        ensure!(
            Command::new("kill").args(["-TERM", &id]).status()?.success(),
            "cannot stop a node"
        );
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It has ended already where it was stopped.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
