//! Founding the demonstration network: keys, cards, a charter that all five sign, contributors.

use super::NETWORK;
use crate::commands::init_make;
use crate::config::{Config, Folder, replace};
use crate::process::read_bounded;
use cairn_keyring::{Passphrases, Protection};
use cairn_ledger::card::CARD_BYTES_MAX;
use cairn_ledger::charter::{MemberKind, PendingCharter, Rules};
use cairn_ledger::statement::Timestamp;
use cairn_ledger::text::{MemberCode, Text};
use cairn_ledger::{Charter, NetworkId, SecretKey};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The members: the Secretariat, a mission, its host State, two contributing countries.
const MEMBERS: [(&str, &str, MemberKind); 5] = [
    ("UNSEC", "United Nations Secretariat", MemberKind::Secretariat),
    ("MONUSCO", "MONUSCO", MemberKind::Mission),
    ("COD", "Democratic Republic of the Congo", MemberKind::State),
    ("TZA", "United Republic of Tanzania", MemberKind::State),
    ("ZAF", "South Africa", MemberKind::State),
];

/// One member of the demonstration.
pub(super) struct DemoMember {
    pub(super) code: MemberCode,
    pub(super) name: &'static str,
    pub(super) folder: Folder,
    pub(super) http: SocketAddr,
    /// The key of its contributor.
    pub(super) contributor: SecretKey,
}

impl DemoMember {
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.http)
    }
}

/// All of them.
pub(super) struct Members {
    pub(super) dir: PathBuf,
    pub(super) network: NetworkId,
    pub(super) list: Vec<DemoMember>,
}

/// Founds the network in `dir`, or finds it there.
pub(super) fn found(dir: &Path, port: u16) -> anyhow::Result<Members> {
    let mut list = Vec::new();
    for (index, (code, name, kind)) in (0_u16..).zip(MEMBERS) {
        list.push(member(dir, code, name, kind, port.saturating_add(index))?);
    }
    let charter = charter(dir, &list)?;
    for (index, member) in (0_u16..).zip(&list) {
        if !member.folder.charter().exists() {
            replace(&member.folder.charter(), &charter.encode())?;
        }
        let own = port.saturating_add(5).saturating_add(index);
        settle(member, own, port.saturating_add(5))?;
        contributor_home(dir, member, charter.network())?;
    }
    Ok(Members { dir: dir.into(), network: charter.network(), list })
}

fn member(
    dir: &Path,
    code: &str,
    name: &'static str,
    kind: MemberKind,
    http: u16,
) -> anyhow::Result<DemoMember> {
    let home = dir.join(code);
    let (folder, code) = (Folder(home.join("node")), MemberCode::new(code)?);
    if !folder.card().exists() {
        // An interrupted founding left keys without a card: they are nobody's yet.
        fs::remove_dir_all(folder.keys()).ok();
        init_make(&folder, code.clone(), Text::new(name)?, kind, None, &Protection::Clear)?;
    }
    let key = home.join("contributor").join("contributor.key");
    if !key.exists() {
        cairn_keyring::make_folder(&home.join("contributor"))?;
        let (what, made) = ("The key of a demonstration contributor.", cairn_keyring::generate()?);
        cairn_keyring::write(&key, what, &made, &Protection::Clear)?;
    }
    let contributor = cairn_keyring::read(&key, &mut Passphrases::none())?;
    let http = SocketAddr::from(([127, 0, 0, 1], http));
    Ok(DemoMember { code, name, folder, http, contributor })
}

fn charter(dir: &Path, list: &[DemoMember]) -> anyhow::Result<Charter> {
    let path = dir.join("charter");
    if path.exists() {
        let bytes = read_bounded(&path, cairn_ledger::charter::CHARTER_BYTES_MAX)?;
        return Ok(Charter::verify(&bytes, None)?);
    }
    let cards = list.iter().map(|member| read_bounded(&member.folder.card(), CARD_BYTES_MAX));
    let cards: Vec<_> = cards.collect::<Result<_, _>>()?;
    let now = Timestamp(jiff::Timestamp::now().as_second());
    let mut rules = Rules::two_thirds_of(cards.len());
    rules.two_people.extend(cairn_casebook::rules::TWO_PEOPLE);
    let mut pending = PendingCharter::found(NETWORK.parse()?, now, rules, &cards)?;
    for member in list {
        let root = cairn_keyring::read(&member.folder.key("root"), &mut Passphrases::none())?;
        pending.sign(&root)?;
    }
    let charter = pending.complete()?;
    replace(&path, &charter.encode())?;
    Ok(charter)
}

/// Writes the node's settings: it knows one peer, the first member, and learns of the others there.
fn settle(member: &DemoMember, own: u16, first: u16) -> anyhow::Result<()> {
    let address = |port: u16| format!("/ip4/127.0.0.1/tcp/{port}").parse();
    let config = Config {
        listen: vec![address(own)?, format!("/ip4/127.0.0.1/udp/{own}/quic-v1").parse()?],
        announce: Vec::new(),
        peers: if own == first { Vec::new() } else { vec![address(first)?] },
        http: member.http,
        ..Config::default()
    };
    replace(&member.folder.config_file(), toml::to_string(&config)?.as_bytes())
}

/// Writes the settings of the member's contributor, as `cairn init` would.
fn contributor_home(dir: &Path, member: &DemoMember, network: NetworkId) -> anyhow::Result<()> {
    let (code, node) = (&member.code, member.url());
    let text = format!("member = \"{code}\"\nnetwork = \"{network}\"\nnode = \"{node}\"\n");
    let home = dir.join(code.as_str()).join("contributor");
    replace(&home.join("config.toml"), text.as_bytes())
}
