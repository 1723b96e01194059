//! `cairn-node run`: the node itself.

use crate::commands::unlock::Unlock;
use crate::config::Folder;
use crate::net::Multiaddr;
use crate::process::{self, adopt_charter};
use crate::store::Check;
use anyhow::{Context, ensure};
use cairn_keyring::MemberKeys;
use clap::Args;
use rustix::process::{Signal, set_parent_process_death_signal};
use std::net::SocketAddr;
use std::path::PathBuf;
use tracing_subscriber::EnvFilter;

/// Run the node.
#[derive(Args)]
pub(super) struct Run {
    /// The data folder that `cairn-node init` made.
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// The complete charter; needed once, at the first start.
    #[arg(long, value_name = "FILE")]
    pub charter: Option<PathBuf>,
    /// Where peers can connect, such as /ip4/0.0.0.0/tcp/4201. Overrules node.toml.
    #[arg(long, value_name = "MULTIADDR")]
    pub listen: Vec<Multiaddr>,
    /// Where a peer can be found, such as /dns/node.example.org/tcp/4201. Adds to node.toml.
    #[arg(long, value_name = "MULTIADDR")]
    pub peer: Vec<Multiaddr>,
    /// An address to tell peers, where it differs from --listen. Adds to node.toml.
    #[arg(long, value_name = "MULTIADDR")]
    pub announce: Vec<Multiaddr>,
    /// Where clients on this machine connect. Overrules node.toml.
    #[arg(long, value_name = "ADDRESS")]
    pub http: Option<SocketAddr>,
    #[command(flatten)]
    unlock: Unlock,
    /// Check every signature on the disk before starting, and the second copy entry by entry.
    #[arg(long)]
    pub verify_all: bool,
    /// Write diagnostics as JSON, a line each. What is written is set by RUST_LOG.
    #[arg(long)]
    pub log_json: bool,
    /// Stop when the process that started this one ends.
    #[arg(long, hide = true)]
    pub with_parent: bool,
}

impl Run {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        if self.with_parent {
            set_parent_process_death_signal(Some(Signal::TERM))?;
        }
        let level = EnvFilter::try_from_default_env();
        let level = level.unwrap_or_else(|_| EnvFilter::new("info,libp2p=warn"));
        let diagnostics = tracing_subscriber::fmt().with_env_filter(level);
        let diagnostics = diagnostics.with_writer(std::io::stderr).with_ansi(false);
        if self.log_json {
            diagnostics.json().init();
        } else {
            diagnostics.init();
        }
        let folder = Folder(self.data);
        if let Some(charter) = &self.charter {
            adopt_charter(&folder, charter)?;
        }
        let mut config = folder.config()?;
        if !self.listen.is_empty() {
            config.listen = self.listen;
        }
        config.peers.extend(self.peer);
        config.announce.extend(self.announce);
        config.http = self.http.unwrap_or(config.http);
        ensure!(
            config.http.ip().is_loopback() || config.tls_cert.is_some(),
            "{} is not an address of this machine alone: name tls_cert and tls_key in node.toml, or take 127.0.0.1",
            config.http
        );
        let check = if self.verify_all { Check::Everything } else { Check::Tail };
        let mut passphrases = self.unlock.passphrases();
        let keys = MemberKeys::open(&folder.keys(), &mut passphrases)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(std::thread::available_parallelism().map_or(2, Into::into).min(4))
            .enable_all()
            .build()
            .context("cannot start")?;
        runtime.block_on(process::run(&folder, config, check, keys, passphrases))
    }
}
