//! What an operator sets: a file in the data folder, and options that overrule it.

use crate::net::Multiaddr;
use crate::witness::OutsideWitness;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The settings of a node, in `node.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where peers can connect.
    pub listen: Vec<Multiaddr>,
    /// Addresses to tell peers, where they differ from those above.
    pub announce: Vec<Multiaddr>,
    /// Where peers can be found to begin with.
    pub peers: Vec<Multiaddr>,
    /// Where clients connect. Beyond this machine they need TLS and a token.
    pub http: SocketAddr,
    /// The certificate for TLS, with those that lead to its root: a file in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_cert: Option<PathBuf>,
    /// Its key: a file in PEM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_key: Option<PathBuf>,
    /// Whether clients on this machine need a token as well, whatever they ask.
    pub only_users: bool,
    /// The names under which clients may reach the node, beside `localhost` and addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http_names: Vec<String>,
    /// After how many seconds without any progress a log that lacks entries, or whose entries lack
    /// confirmation, is an alarm.
    pub standstill_s: u64,
    /// How many bytes of what one member has sealed are kept at most.
    pub sealed_bytes_per_member: u64,
    /// How many bytes of what is sealed about one case are kept at most.
    pub sealed_bytes_per_case: u64,
    /// How often outside witnesses are shown what is new in our log, in seconds.
    pub witness_interval_s: u64,
    /// Witnesses outside of the network to which our log's checkpoints are shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub witness: Vec<OutsideWitness>,
}

impl Default for Config {
    fn default() -> Self {
        let any = |address: &str| address.parse().into_iter();
        Self {
            listen: any("/ip4/0.0.0.0/tcp/4201")
                .chain(any("/ip4/0.0.0.0/udp/4201/quic-v1"))
                .collect(),
            announce: Vec::new(),
            peers: Vec::new(),
            http: SocketAddr::from(([127, 0, 0, 1], 8420)),
            tls_cert: None,
            tls_key: None,
            only_users: false,
            http_names: Vec::new(),
            standstill_s: 600,
            sealed_bytes_per_member: 64 << 30,
            sealed_bytes_per_case: 16 << 30,
            witness_interval_s: 30,
            witness: Vec::new(),
        }
    }
}

/// Where things are in a data folder.
#[derive(Debug, Clone)]
pub struct Folder(pub PathBuf);

impl Folder {
    /// The member's keys.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// One key file.
    #[must_use]
    pub fn key(&self, name: &str) -> PathBuf {
        self.keys().join(format!("{name}.key"))
    }

    /// The member's signed card.
    #[must_use]
    pub fn card(&self) -> PathBuf {
        self.0.join("member.card")
    }

    /// The signed card with the new keys, until the charter in force lists it.
    #[must_use]
    pub fn new_card(&self) -> PathBuf {
        self.0.join("member.new.card")
    }

    /// The charter in force.
    #[must_use]
    pub fn charter(&self) -> PathBuf {
        self.0.join("charter")
    }

    /// Proposals to amend the charter.
    #[must_use]
    pub fn proposals(&self) -> PathBuf {
        self.0.join("proposals")
    }

    /// The settings.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.0.join("node.toml")
    }

    /// Reads the settings, or the defaults where there is no file.
    ///
    /// # Errors
    /// When the file cannot be read or has fields that do not exist.
    pub fn config(&self) -> anyhow::Result<Config> {
        let path = self.config_file();
        if !path.exists() {
            return Ok(Config::default());
        }
        let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{}", path.display()))
    }
}

/// Replaces a file: the old or the new one is there at every instant.
///
/// # Errors
/// When the disk does not take it.
pub fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let aside = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file = fs::File::create(&aside)?;
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        fs::rename(&aside, path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
