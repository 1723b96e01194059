//! Amending the charter of a running network, as operators do: drafted at one node, signed with root keys.

use super::{Founded, Node, SOON, Said, cairn, free_ports, until};
use std::path::PathBuf;

impl Founded {
    /// Types `cairn` at the node of a member.
    ///
    /// # Panics
    /// When there is no such member, or the program cannot be run.
    pub fn at(&self, code: &str, args: &[&str]) -> Said {
        let url = self.node(code).url();
        cairn(&self.path("nobody"), [args, &["--node", &url]].concat())
    }

    /// Where a member keeps its root key.
    #[must_use]
    pub fn root_key(&self, code: &str) -> PathBuf {
        self.path(code).join("keys/root.key")
    }

    /// Drafts an amendment at the node of a member, and writes it to a file of this name.
    ///
    /// # Panics
    /// When the command fails.
    pub fn propose(&self, at: &str, file: &str, what: &[&str]) {
        let out = self.path(file).display().to_string();
        let _ = self.at(at, &[&["charter", "propose", "--out", &out], what].concat()).yes();
    }

    /// Signs an amendment with the root keys of members, each time handing it in at the node of one.
    ///
    /// # Panics
    /// When a command fails.
    pub fn sign(&self, at: &str, file: &str, by: &[&str]) {
        let file = self.path(file).display().to_string();
        for code in by {
            let key = self.root_key(code).display().to_string();
            let _ = self.at(at, &["charter", "sign", &file, "--yes", "--root-key", &key]).yes();
        }
    }

    /// Starts the node of a new member, whose folder is named after it, with the charter in this file.
    ///
    /// # Panics
    /// When it does not start.
    pub fn add(&mut self, code: &str, file: &str) {
        let mut node = Node::new(code, self.path(code), self.path(file), free_ports(2));
        node.peers.extend(self.nodes.first().map(|first| first.port));
        node.start();
        self.nodes.push(node);
    }

    /// The next start of a member's node is given the charter in this file.
    ///
    /// # Panics
    /// When there is no such member.
    pub fn give(&mut self, code: &str, file: &str) {
        let file = self.path(file);
        self.node_mut(code).charter = file;
    }

    /// Waits until these nodes run under a version of the charter.
    ///
    /// # Panics
    /// When that takes too long.
    pub fn under(&self, version: u32, codes: &[&str]) {
        for code in codes {
            let what = format!("{code} runs under version {version} of the charter");
            until(&what, SOON, || {
                self.node(code).try_status().filter(|status| status.charter == version)
            });
        }
    }
}
