//! One node as a real process: started, asked, told to stop, killed by its id.

use super::statements::http;
use super::{SOON, command, until};
use cairn_api::{LogStatus, PeerStatus, Status, route};
use rustix::process::{Pid, kill_process};
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};

pub use rustix::process::Signal;

/// A member's node, running or not. A running one is killed when this is dropped.
#[derive(Debug)]
pub struct Node {
    /// Whose node.
    pub code: String,
    /// Its data folder.
    pub folder: PathBuf,
    /// Where clients connect.
    pub http: u16,
    /// Where peers connect.
    pub port: u16,
    /// Where it finds peers to begin with.
    pub peers: Vec<u16>,
    pub(super) charter: PathBuf,
    child: Option<Child>,
}

impl Node {
    pub(super) fn new(code: &str, folder: PathBuf, charter: PathBuf, first: u16) -> Self {
        let code = code.to_string();
        Self { code, folder, http: first, port: first + 1, peers: Vec::new(), charter, child: None }
    }

    /// Starts the process and waits until it answers.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(&mut self) {
        self.spawn(&[]);
        self.answers();
    }

    /// Starts the process, with more options, and does not wait.
    ///
    /// # Panics
    /// When it cannot be started or runs already.
    pub fn spawn(&mut self, options: &[&str]) {
        assert!(self.child.is_none(), "the node of {} runs already", self.code);
        let open = File::options().create(true).append(true).open(self.diagnostics_file());
        let mut node = command("cairn-node");
        node.arg("run").arg("--data").arg(&self.folder).arg("--charter").arg(&self.charter);
        node.args(["--listen", &format!("/ip4/127.0.0.1/tcp/{}", self.port)]);
        node.args(["--http", &format!("127.0.0.1:{}", self.http)]);
        for port in &self.peers {
            node.args(["--peer", &format!("/ip4/127.0.0.1/tcp/{port}")]);
        }
        node.args(options).stdout(Stdio::null()).stderr(open.expect("a file for diagnostics"));
        self.child = Some(node.spawn().expect("the node starts"));
    }

    /// Waits until the process answers.
    ///
    /// # Panics
    /// When it does not, or ends.
    pub fn answers(&mut self) {
        until(&format!("the node of {} answers", self.code), SOON, || {
            if let Some(child) = &mut self.child
                && let Ok(Some(ended)) = child.try_wait()
            {
                panic!("the node of {} ended: {ended}\n{}", self.code, self.diagnostics());
            }
            self.try_status()
        });
    }

    /// Whether a process that was started has ended by itself.
    #[must_use]
    pub fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| !matches!(child.try_wait(), Ok(None)))
    }

    /// Whether a process was started and not stopped.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.child.is_some()
    }

    /// Ends the process at once, as a power cut would, apart from the disk.
    ///
    /// # Panics
    /// When the system does not let us.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("a child of ours");
            child.wait().expect("it ends");
        }
    }

    /// Asks the process to stop, and returns its exit code.
    ///
    /// # Panics
    /// When it does not stop in time.
    pub fn stop(&mut self, signal: Signal) -> Option<i32> {
        let mut child = self.child.take().expect("a running node");
        let id = Pid::from_raw(child.id().cast_signed()).expect("an id");
        kill_process(id, signal).expect("a child of ours");
        let what = format!("the node of {} stops", self.code);
        until(&what, SOON, || child.try_wait().expect("a child of ours")).code()
    }

    /// Sends the process a signal and lets it run, or not: STOP and CONT.
    ///
    /// # Panics
    /// When it does not run.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).expect("a child of ours");
    }

    /// The process.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn id(&self) -> Pid {
        let child = self.child.as_ref().expect("a running node");
        Pid::from_raw(child.id().cast_signed()).expect("an id")
    }

    /// Waits for a process that ends by itself, and returns its exit code.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn ends(&mut self) -> Option<i32> {
        let mut child = self.child.take().expect("a running node");
        let what = format!("the node of {} ends", self.code);
        until(&what, SOON, || child.try_wait().expect("a child of ours")).code()
    }

    /// What it says of itself, if it answers.
    #[must_use]
    pub fn try_status(&self) -> Option<Status> {
        let (code, body) = http(&format!("{}{}", self.url(), route::STATUS))?;
        (code == 200).then(|| serde_json::from_slice(&body).ok()).flatten()
    }

    /// What it says of itself.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn status(&self) -> Status {
        let what = || format!("the node of {} does not answer", self.code);
        self.try_status().unwrap_or_else(|| panic!("{}\n{}", what(), self.diagnostics()))
    }

    /// What it holds of one member's log.
    ///
    /// # Panics
    /// When it does not answer or there is no such member.
    #[must_use]
    pub fn log(&self, member: &str) -> LogStatus {
        let found = self.status().logs.into_iter().find(|log| log.member.as_str() == member);
        found.expect("a log of every member")
    }

    /// Waits until it calls so many entries of one member's log confirmed, whether it begins anew meanwhile or not.
    ///
    /// # Panics
    /// When that takes too long.
    pub fn confirms(&self, member: &str, size: u64) {
        until(&format!("{} confirms {size} entries of {member}", self.code), SOON, || {
            let logs = self.try_status()?.logs;
            let log = logs.into_iter().find(|log| log.member.as_str() == member)?;
            (log.confirmed >= size).then_some(())
        });
    }

    /// What it knows of one peer.
    ///
    /// # Panics
    /// When it does not answer or there is no such member.
    #[must_use]
    pub fn peer(&self, member: &str) -> PeerStatus {
        let found = self.status().peers.into_iter().find(|peer| peer.member.as_str() == member);
        found.expect("a status of every other member")
    }

    /// Waits until it holds so many entries of one member's log.
    ///
    /// # Panics
    /// When that takes too long.
    pub fn holds(&self, member: &str, size: u64) {
        until(&format!("{} holds {size} entries of {member}", self.code), SOON, || {
            self.try_status()?
                .logs
                .into_iter()
                .find(|log| log.member.as_str() == member && log.size >= size)
        });
    }

    /// Waits until it is connected with another member's node.
    ///
    /// # Panics
    /// When that takes too long.
    pub fn meets(&self, member: &str) {
        until(&format!("{} is connected with {member}", self.code), SOON, || {
            let peers = self.try_status()?.peers;
            peers.into_iter().find(|peer| peer.member.as_str() == member && peer.connected)
        });
    }

    /// How many KiB of memory it uses.
    ///
    /// # Panics
    /// When it does not run, or the system does not tell.
    #[must_use]
    pub fn memory_kib(&self) -> u64 {
        let child = self.child.as_ref().expect("a running node");
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("a process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.expect("its resident memory")
    }

    /// Where clients find it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// What it has written for its operator since it was founded.
    #[must_use]
    pub fn diagnostics(&self) -> String {
        fs::read_to_string(self.diagnostics_file()).unwrap_or_default()
    }

    fn diagnostics_file(&self) -> PathBuf {
        self.folder.with_extension("diagnostics")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}
