//! `docs/OPERATING.md` as it is written: its shell blocks found a network of three members.

use cairn_tests::nodes::{Node, SOON, Signal, free_ports, http, programs, until};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The ports that the document names.
const NAMED: [&str; 8] = ["4201", "4202", "4203", "4204", "8421", "8422", "8423", "8424"];

/// A shell block of the document and how it is marked.
struct Block {
    mark: String,
    text: String,
}

/// The blocks that are marked as the founding, in order, with ports that are free here.
fn blocks() -> (Vec<Block>, Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/OPERATING.md");
    let mut document = std::fs::read_to_string(path).expect("the document");
    let first = free_ports(8);
    let ports: Vec<_> = (first..first + 8).map(|port| port.to_string()).collect();
    // In two steps: a free port may look like one that is named.
    for (place, named) in NAMED.iter().enumerate() {
        document = document.replace(named, &format!("<port {place}>"));
    }
    for (place, port) in ports.iter().enumerate() {
        document = document.replace(&format!("<port {place}>"), port);
    }
    let mut blocks = Vec::new();
    let mut rest = document.as_str();
    while let Some((_, begun)) = rest.split_once("\n```sh founding") {
        let (mark, begun) = begun.split_once('\n').expect("a block");
        let (text, after) = begun.split_once("\n```").expect("the end of a block");
        blocks.push(Block { mark: mark.trim().to_string(), text: text.to_string() });
        rest = after;
    }
    (blocks, ports)
}

/// Processes that end with the test.
struct Running(Vec<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // It may have ended by itself.
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn bash(folder: &Path, script: &str) -> Command {
    let path = format!("{}:{}", programs().display(), std::env::var("PATH").unwrap_or_default());
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", script]).current_dir(folder).env("PATH", path);
    bash.env_remove("CAIRN_HOME")
        .env_remove("CAIRN_NODE")
        .env_remove("CAIRN_PASSPHRASE_FILE")
        .stdin(Stdio::null());
    bash
}

fn said(folder: &Path, script: &str) -> String {
    let output = bash(folder, script).output().expect("a shell");
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}\n{out}{err}");
    out.into_owned()
}

/// Starts the nodes of a block, a line each, and waits until they answer.
fn start(folder: &Path, block: &Block, web: &[String]) -> Running {
    let mut running = Running(Vec::new());
    for (number, line) in block.text.lines().enumerate() {
        let diagnostics = File::create(folder.join(format!("node-{number}.diagnostics")));
        // The shell makes way for the node, so that what is ended is the node.
        let mut node = bash(folder, &format!("exec {line}"));
        node.stderr(diagnostics.expect("a file")).stdout(Stdio::null());
        running.0.push(node.spawn().expect("a node"));
    }
    for port in web {
        until(&format!("the node at {port} answers"), SOON, || {
            http(&format!("http://127.0.0.1:{port}/v1/status")).filter(|(code, _)| *code == 200)
        });
    }
    running
}

#[test]
fn the_founding_of_a_network_works_as_it_is_documented() {
    let folder = tempfile::tempdir().expect("a folder");
    let (blocks, ports) = blocks();
    let marks: Vec<_> = blocks.iter().map(|block| block.mark.as_str()).collect();
    let joining = ["", "join", "", "", "removed"];
    assert_eq!(marks, [&["", "", "", "", "run", "", "", "last"][..], &joining].concat());
    let mut running = Vec::new();
    for block in &blocks {
        match block.mark.as_str() {
            "run" => running.push(start(folder.path(), block, &ports[4..7])),
            "join" => running.push(start(folder.path(), block, &ports[7..])),
            "removed" => {
                for line in block.text.lines() {
                    until(&format!("{line} shows the removal"), SOON, || {
                        let told = bash(folder.path(), line).output().expect("a shell");
                        let told = String::from_utf8_lossy(&told.stdout).into_owned();
                        ["RWA is removed", "REMOVED"]
                            .iter()
                            .any(|said| told.contains(said))
                            .then_some(())
                    });
                }
            }
            "last" => {
                for line in block.text.lines() {
                    until(&format!("{line} shows the case"), SOON, || {
                        said(folder.path(), line).contains("Rehearsal").then_some(())
                    });
                }
            }
            _ => drop(said(folder.path(), &block.text)),
        }
    }
    the_removed_member_is_over(folder.path());
    for member in ["unsec", "cod", "tza"] {
        let log = folder.path().join(member).join("logs/COD/entries");
        let own = folder.path().join("cod/logs/COD/entries");
        assert_eq!(std::fs::read(log).expect("a log"), std::fs::read(own).expect("a log"));
        assert!(!folder.path().join(member).join("keys/root.key").exists());
    }
}

/// Its own node takes nothing more, and its log is held and verified by the others.
fn the_removed_member_is_over(folder: &Path) {
    let open = "cairn --home kigali case open --yes --demonstration --title After --mission MONUSCO \
        --host-state COD --date 2026-11-23 --killed 0";
    let refused = until("the removed member's own node refuses", SOON, || {
        let told = bash(folder, open).output().expect("a shell");
        (!told.status.success()).then(|| String::from_utf8_lossy(&told.stderr).into_owned())
    });
    assert!(!refused.is_empty());
    let [own, other] =
        ["rwa", "tza"].map(|one| std::fs::read(folder.join(one).join("logs/RWA/entries")));
    assert_eq!(own.expect("a log"), other.expect("a log"));
}

#[test]
fn a_node_whose_network_is_another_does_not_start() {
    let mut here = cairn_tests::nodes::Founded::of(&["UNSEC", "COD"]);
    let there = cairn_tests::nodes::Founded::of(&["UNSEC", "COD"]);
    let foreign: PathBuf = there.path("charter");
    let node: &mut Node = here.node_mut("UNSEC");
    node.start();
    assert_eq!(node.stop(Signal::TERM), Some(0));
    let run = ["run", "--data"].map(PathBuf::from).into_iter();
    let run = run.chain([node.folder.clone(), "--charter".into(), foreign]);
    let said = cairn_tests::nodes::cairn_node(run);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("this data folder belongs to network"), "{}", said.err);
}

#[test]
fn a_key_that_others_can_read_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let founded = cairn_tests::nodes::Founded::of(&["UNSEC", "COD"]);
    let (charter, data) = (founded.path("charter"), founded.node("UNSEC").folder.clone());
    let key = data.join("keys/log.key");
    std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).expect("our file");
    let http = format!("127.0.0.1:{}", free_ports(1));
    let run = ["run", "--http", &http, "--listen", "/ip4/127.0.0.1/tcp/0", "--data"];
    let run = run.map(PathBuf::from).into_iter().chain([data, "--charter".into(), charter]);
    let said = cairn_tests::nodes::cairn_node(run);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("can be used by others (mode 644)"), "{}", said.err);
}
