//! The demonstration as a visitor sees it: run it, type what it prints, stop it, run it again.

use cairn_tests::nodes::{SOON, Signal, command, free_ports, http, programs, until};
use rustix::process::{Pid, kill_process};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const MEMBERS: usize = 5;
/// The last line of the guide.
const GUIDE_ENDS: &str = "Ctrl-C stops all five nodes.";

/// A demonstration that runs.
struct Demo {
    child: Child,
    lines: Receiver<String>,
}

impl Demo {
    fn start(folder: &Path, port: u16, options: &[&str]) -> Self {
        let mut demo = command("cairn-node");
        demo.args(["demo", "--dir"]).arg(folder).args(["--port", &port.to_string()]);
        let mut child = demo.args(options).stdout(Stdio::piped()).spawn().expect("the demo starts");
        let (send, lines) = channel();
        let out = BufReader::new(child.stdout.take().expect("its output"));
        // Ends with the process, or with the test.
        std::thread::spawn(move || {
            out.lines().map_while(Result::ok).try_for_each(|line| send.send(line))
        });
        Self { child, lines }
    }

    /// Everything that it prints up to the end of the guide.
    fn guide(&self) -> Vec<String> {
        let mut guide = Vec::new();
        while guide.last().is_none_or(|line| line != GUIDE_ENDS) {
            let line = self.lines.recv_timeout(SOON);
            guide.push(line.unwrap_or_else(|_| panic!("no guide after {guide:#?}")));
        }
        guide
    }

    /// Types Ctrl-C, and returns the exit code and what it printed then.
    fn interrupt(mut self) -> (Option<i32>, String) {
        let id = Pid::from_raw(self.child.id().cast_signed()).expect("an id");
        kill_process(id, Signal::INT).expect("a child of ours");
        let ended = until("the demo stops", SOON, || self.child.try_wait().expect("a child"));
        (ended.code(), self.lines.iter().collect::<Vec<_>>().join("\n"))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // Its nodes end with it. It has ended already where all went well.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The commands of a guide, those that go over several lines as one.
fn commands(guide: &[String]) -> Vec<String> {
    let text = guide.join("\n").replace("\\\n", " ");
    let commands = text.lines().map(str::trim).filter(|line| line.starts_with("cairn "));
    commands.map(ToString::to_string).collect()
}

/// Types a command into a shell, and returns what it printed.
fn shell(folder: &Path, line: &str) -> String {
    let path = format!("{}:{}", programs().display(), std::env::var("PATH").unwrap_or_default());
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", line]).current_dir(folder).env("PATH", path);
    let output = bash.stdin(Stdio::null()).output().expect("a shell");
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{line}\n{out}{err}");
    out.into_owned()
}

/// How long after `since` all five nodes show so many statements about a case.
fn visible_after(port: u16, case: &str, statements: usize, since: Instant) -> Duration {
    for node in 0..MEMBERS as u16 {
        let url = format!("http://127.0.0.1:{}/v1/cases/{case}", port + node);
        until(&format!("{url} shows {statements} statements"), SOON, || {
            let (code, body) = http(&url)?;
            let case: serde_json::Value = serde_json::from_slice(&body).ok()?;
            let shown = case["timeline"].as_array().map_or(0, Vec::len);
            (code == 200 && shown >= statements).then_some(())
        });
    }
    since.elapsed()
}

fn sizes(port: u16) -> Vec<u64> {
    try_status(port).expect("a status").logs.iter().map(|log| log.size).collect()
}

/// What a node says of itself; nothing while it begins anew.
fn try_status(port: u16) -> Option<cairn_api::Status> {
    let (_, body) = http(&format!("http://127.0.0.1:{port}/v1/status"))?;
    serde_json::from_slice(&body).ok()
}

fn network_id(guide: &[String]) -> String {
    let line = guide.iter().find_map(|line| line.strip_prefix("network id "));
    line.expect("a network id").to_string()
}

#[test]
fn the_demonstration_does_what_it_prints() {
    let folder = tempfile::tempdir().expect("a folder");
    let (dir, port) = (folder.path().join("demo"), free_ports(10));
    let first = Demo::start(&dir, port, &[]);
    let guide = first.guide();
    let lines = commands(&guide);
    let find = |part: &str| {
        let found = lines.iter().find(|line| line.contains(part));
        found.unwrap_or_else(|| panic!("the guide has no \"{part}\": {lines:#?}")).clone()
    };
    for read in [" status", " case list", " case show C-"] {
        assert!(!shell(folder.path(), &find(read)).is_empty());
    }
    let opened = shell(folder.path(), &find(" case open "));
    let accepted = Instant::now();
    assert!(opened.contains("accepted as MONUSCO/"), "{opened}");
    let case = opened.split_whitespace().next().expect("a case").to_string();
    let statements = opened.lines().count();
    let took = visible_after(port, &case, statements, accepted);
    assert!(took < Duration::from_secs(1), "the case was visible on all five after {took:?}");
    // Whoever asks for it waits until as many as the charter asks for have signed that they hold it.
    let update = find(" case update CASE").replace("CASE", &case);
    let updated = shell(folder.path(), &format!("{update} --wait confirmed 2>&1"));
    assert!(updated.contains("is confirmed, cosigned by"), "{updated}");
    let dated = format!("! {update} --date 2999-01-01 2>&1");
    assert!(shell(folder.path(), &dated).contains("lies in the future"), "an odd date is refused");
    assert!(updated.contains("accepted as COD/"), "{updated}");
    let accepted = Instant::now();
    let took_again = visible_after(port, &case, statements + 1, accepted);
    assert!(took_again < Duration::from_secs(1), "the update took {took_again:?}");
    println!("visible on all five after {took:?} and {took_again:?}");
    let shown = shell(folder.path(), &find(" case show CASE").replace("CASE", &case));
    assert!(shown.contains("COD/P-1") && shown.to_uppercase().contains("DEMONSTRATION"), "{shown}");
    shell(folder.path(), &find(" export --to"));
    let verified = shell(folder.path(), &find("cairn verify "));
    assert!(verified.contains("true: 5 logs"), "{verified}");
    std::fs::remove_file(folder.path().join("exported/TZA.cairnlog")).expect("an exported log");
    let verified = shell(folder.path(), &find("cairn verify "));
    assert!(verified.contains("not here: the logs of TZA\ntrue: 4 logs"), "{verified}");
    // The folder of a running demonstration is not touched, whatever is asked for.
    let mut another = command("cairn-node");
    another.args(["demo", "--fresh", "--port", &port.to_string(), "--dir"]).arg(&dir);
    assert_eq!(another.output().expect("it runs").status.code(), Some(2));
    let held = sizes(port);
    let (code, said) = first.interrupt();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("stopped."), "{said}");
    goes_on(&dir, port, &network_id(&guide), &held);
}

/// A second run goes on where the first stopped; a fresh one founds another network.
fn goes_on(dir: &Path, port: u16, network: &str, held: &[u64]) {
    let second = Demo::start(dir, port, &[]);
    assert_eq!(network_id(&second.guide()), network);
    assert_eq!(sizes(port), held, "a second run adds nothing");
    assert_eq!(second.interrupt().0, Some(0));
    let fresh = Demo::start(dir, port, &["--fresh"]);
    assert_ne!(network_id(&fresh.guide()), network);
    assert_eq!(fresh.interrupt().0, Some(0));
}

#[test]
fn the_demonstration_removes_nothing_that_it_has_not_made() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("letter.txt"), "mine").expect("a file");
    let mut demo = command("cairn-node");
    demo.args(["demo", "--fresh", "--once", "--dir"]).arg(folder.path());
    let output = demo.args(["--port", &free_ports(10).to_string()]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(folder.path().join("letter.txt").exists());
}

/// The blocks of `docs/OPERATING.md` about the demonstration, with ports that are free here.
fn written(first: u16) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/OPERATING.md");
    let mut document = std::fs::read_to_string(path).expect("the document");
    // The demonstration takes ten ports from 8420 on, the sixth member two more. In two steps: a free
    // port may look like one that is named.
    let named = ["8420", "8425", "8430", "8431"];
    for name in named {
        document = document.replace(name, &format!("<port {name}>"));
    }
    for (name, offset) in named.into_iter().zip([0, 5, 10, 11]) {
        document = document.replace(&format!("<port {name}>"), &(first + offset).to_string());
    }
    let mut blocks = Vec::new();
    for begun in document.split("\n```sh demo").skip(1) {
        let (mark, begun) = begun.split_once('\n').expect("a block");
        let (text, _) = begun.split_once("\n```").expect("the end of a block");
        blocks.push((mark.trim().to_string(), text.to_string()));
    }
    blocks
}

#[test]
fn a_sixth_state_joins_the_running_demonstration_appends_and_is_removed_as_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_ports(12);
    let demo = Demo::start(&folder.path().join("cairn-demo"), port, &[]);
    let _ = demo.guide();
    let blocks = written(port);
    let marks: Vec<_> = blocks.iter().map(|(mark, _)| mark.as_str()).collect();
    assert_eq!(marks, ["", "join", ""]);
    shell(folder.path(), &format!("{} 2>&1", blocks[0].1));
    let path = format!("{}:{}", programs().display(), std::env::var("PATH").unwrap_or_default());
    let mut joining = Command::new("bash");
    joining.args(["-c", &format!("exec {} 2> diagnostics", blocks[1].1)]);
    joining.current_dir(folder.path()).env("PATH", path).stdin(Stdio::null());
    let mut joining = Ending(joining.spawn().expect("a sixth node"));
    until("the sixth node has caught up", SOON, || {
        let status = try_status(port + 10)?;
        let total =
            |status: &cairn_api::Status| -> u64 { status.logs.iter().map(|log| log.size).sum() };
        let (held, first) = (total(&status), total(&try_status(port)?));
        (status.logs.len() == 6 && held >= first).then_some(())
    });
    // A block as it stands, but that what it prints to either side is shown.
    let said = shell(folder.path(), &format!("exec 2>&1\n{}", blocks[2].1));
    assert!(said.contains("is confirmed, cosigned by"), "{said}");
    until("all five know that it has left", SOON, || {
        // A node says nothing for a moment while it begins anew.
        let version = |node| try_status(port + node).map(|status| status.charter);
        let left = (0..MEMBERS as u16).all(|node| version(node) == Some(3));
        left.then_some(())
    });
    let verify = format!(
        "cairn export --to kept --node http://127.0.0.1:{port} && cairn audit kept --network {}",
        network(port)
    );
    let audited = shell(folder.path(), &verify);
    assert!(audited.contains("RWA"), "{audited}");
    joining.0.kill().ok();
    assert_eq!(demo.interrupt().0, Some(0));
}

/// A process that ends with the test.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn network(port: u16) -> String {
    try_status(port).expect("a status").network.to_string()
}
