//! A network founded by the real commands, in a temporary folder.

use super::{
    Contributor, Node, SOON, cairn, cairn_node, copy_folder, entries_file, free_ports,
    read_entries, until,
};
use cairn_ledger::charter::{PendingCharter, Rules};
use cairn_ledger::statement::{Kind, Timestamp};
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Charter, EntryHash, SecretKey};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The members of a network, their folders and their nodes. Everything goes when this is dropped.
#[derive(Debug)]
pub struct Founded {
    /// The nodes, in the order in which they were named.
    pub nodes: Vec<Node>,
    /// The charter that all have signed.
    pub charter: Charter,
    folder: TempDir,
}

impl Founded {
    /// Founds a network: every member makes its keys and card, and signs the charter. The first
    /// member is the Secretariat; every node is told where the first is. No node runs yet.
    ///
    /// # Panics
    /// When a command fails.
    #[must_use]
    pub fn of(codes: &[&str]) -> Self {
        Self::with_two_people(codes, &[])
    }

    /// The same, under a charter by which these kinds of statement need two people.
    ///
    /// # Panics
    /// When a command fails.
    #[must_use]
    pub fn with_two_people(codes: &[&str], kinds: &[Kind]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let charter = folder.path().join("charter");
        let mut nodes: Vec<Node> = Vec::new();
        for code in codes {
            let data = folder.path().join(code);
            let kind = if nodes.is_empty() { "secretariat" } else { "state" };
            let name = format!("Invented member {code}");
            let init = ["init", "--no-passphrase", "--code", code, "--name", &name, "--kind", kind];
            let init = init.into_iter().chain(["--data"]);
            let _ = cairn_node(init.map(Into::into).chain([data.clone().into_os_string()])).yes();
            let mut node = Node::new(code, data, charter.clone(), free_ports(2));
            node.peers = nodes.first().map(|first: &Node| first.port).into_iter().collect();
            nodes.push(node);
        }
        Self::found("invented.example/tests", folder, nodes, kinds)
    }

    /// Another network of the same members with the same keys, in folders of their own, under another
    /// name. No node runs yet.
    ///
    /// # Panics
    /// When a command fails.
    #[must_use]
    pub fn again(&self, name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut nodes: Vec<Node> = Vec::new();
        for Node { code, .. } in &self.nodes {
            let data = folder.path().join(code);
            fs::create_dir(&data).expect("a folder");
            copy_folder(&self.path(code).join("keys"), &data.join("keys"));
            fs::copy(self.path(code).join("member.card"), data.join("member.card"))
                .expect("a card");
            nodes.push(Node::new(code, data, folder.path().join("charter"), free_ports(2)));
        }
        Self::found(name, folder, nodes, &[])
    }

    /// Drafts the charter of these members, and has all of them sign it.
    fn found(name: &str, folder: TempDir, nodes: Vec<Node>, two_people: &[Kind]) -> Self {
        let charter = folder.path().join("charter");
        let text = |path: &Path| path.to_str().expect("a plain path").to_string();
        let draft = ["charter", "draft", "--name", name, "--out"];
        let mut draft: Vec<_> = draft.map(String::from).into();
        draft.push(text(&charter));
        draft.extend(nodes.iter().map(|node| text(&node.folder.join("member.card"))));
        let _ = cairn_node(draft).yes();
        if !two_people.is_empty() {
            let card = |node: &Node| fs::read(node.folder.join("member.card")).expect("a card");
            let cards: Vec<_> = nodes.iter().map(card).collect();
            let two_people = two_people.to_vec();
            let rules = Rules { two_people, ..Rules::two_thirds_of(cards.len()) };
            let name = name.parse().expect("a name");
            let pending = PendingCharter::found(name, Timestamp(1_795_000_000), rules, &cards);
            fs::write(&charter, pending.expect("a charter").encode()).expect("a file");
        }
        for node in &nodes {
            let sign = ["charter", "sign", &text(&charter), "--data", &text(&node.folder)];
            let _ = cairn_node(sign).yes();
        }
        let bytes = fs::read(&charter).expect("a charter");
        let charter = Charter::verify(&bytes, None).expect("a charter that all have signed");
        Self { nodes, charter, folder }
    }

    /// The same, with all nodes running and connected to the first.
    ///
    /// # Panics
    /// When a node does not start.
    #[must_use]
    pub fn running(codes: &[&str]) -> Self {
        let mut founded = Self::of(codes);
        founded.nodes.iter_mut().for_each(|node| node.spawn(&[]));
        founded.nodes.iter_mut().for_each(Node::answers);
        let (first, rest) = founded.nodes.split_first().expect("at least one node");
        rest.iter().for_each(|node| first.meets(&node.code));
        founded
    }

    /// A place for files of the test.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A member's node.
    ///
    /// # Panics
    /// When there is no such member.
    #[must_use]
    pub fn node(&self, code: &str) -> &Node {
        self.nodes.iter().find(|node| node.code == code).expect("a member")
    }

    /// A member's node, to be started and stopped.
    ///
    /// # Panics
    /// When there is no such member.
    #[must_use]
    pub fn node_mut(&mut self, code: &str) -> &mut Node {
        self.nodes.iter_mut().find(|node| node.code == code).expect("a member")
    }

    /// One of a member's secret keys, from its file.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn secret(&self, code: &str, which: &str) -> SecretKey {
        read_key(&self.path(code).join("keys").join(format!("{which}.key")))
    }

    /// The secret key in a file.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn key(&self, path: &Path) -> SecretKey {
        read_key(path)
    }

    /// The home of a member's contributor.
    #[must_use]
    pub fn home(&self, code: &str) -> PathBuf {
        self.path(&format!("{code}-desk"))
    }

    /// Makes a contributor with `cairn init` and has the running node authorise it.
    ///
    /// # Panics
    /// When a command fails.
    #[must_use]
    pub fn contributor(&self, code: &str) -> Contributor {
        let (node, home) = (self.node(code), self.home(code));
        let init = ["init", "--no-passphrase", "--member", code, "--node"];
        let _ = cairn(&home, init.into_iter().chain([node.url().as_str()])).yes();
        let speaker =
            Contributor { key: read_key(&home.join("contributor.key")), ..self.invented(code) };
        let (key, folder) = (speaker.key.public().to_string(), node.folder.display().to_string());
        let authorise = ["authorise", "--data", &folder, "--node", &node.url(), "--key", &key];
        let _ = cairn_node(authorise.into_iter().chain(["--office", "Focal point"])).yes();
        speaker
    }

    /// A contributor that nobody has authorised; the same one every time.
    ///
    /// # Panics
    /// When the code is none.
    #[must_use]
    pub fn invented(&self, code: &str) -> Contributor {
        let member = MemberCode::new(code).expect("a code");
        Contributor {
            network: self.charter.network(),
            member,
            key: SecretKey::from_seed([0x5a; 32]),
        }
    }

    /// Waits until all running nodes hold the same of every log.
    ///
    /// # Panics
    /// When that takes too long.
    pub fn agree(&self) {
        let running = || self.nodes.iter().filter(|node| node.runs());
        until("all nodes hold the same", SOON, || {
            let held: Option<Vec<_>> =
                running().map(|node| Some(node.try_status()?.logs)).collect();
            let same = |logs: &[_]| {
                let [one, other] = logs else { return true };
                let head = |logs: &Vec<cairn_api::LogStatus>| {
                    logs.iter().map(|log| (log.size, log.root)).collect::<Vec<_>>()
                };
                head(one) == head(other)
            };
            held?.windows(2).all(same).then_some(())
        });
    }

    /// Compares the log files of all members in all data folders byte for byte, and returns the
    /// hashes of one member's entries.
    ///
    /// # Panics
    /// When two differ.
    pub fn identical(&self, member: &str) -> Vec<EntryHash> {
        let (first, rest) = self.nodes.split_first().expect("at least one node");
        for log in &self.nodes {
            let one = fs::read(entries_file(&first.folder, &log.code)).expect("a log file");
            for node in rest {
                let other = fs::read(entries_file(&node.folder, &log.code)).expect("a log file");
                let (size, length) = (one.len(), other.len());
                let at = one.iter().zip(&other).position(|(a, b)| a != b);
                assert!(
                    one == other,
                    "the log of {}: {size} bytes at {}, {length} at {}, first difference {at:?}",
                    log.code,
                    first.code,
                    node.code
                );
            }
        }
        read_entries(&first.folder, member)
    }
}

fn read_key(path: &Path) -> SecretKey {
    let text = fs::read_to_string(path).expect("a key file");
    let line = text.lines().find(|line| !line.starts_with('#')).expect("a key");
    let mut seed = [0; 32];
    hex::decode_to_slice(line, &mut seed).expect("64 digits");
    SecretKey::from_seed(seed)
}
