//! The rules of the house that a program can check: layout, imports, walls, first lines, links.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which of our crates a crate may import, by folder.
const MAY_IMPORT: [(&str, &[&str]); 11] = [
    ("ledger", &[]),
    ("keyring", &["ledger", "sealing"]),
    ("sealing", &["ledger"]),
    ("replica", &["ledger"]),
    ("casebook", &["ledger"]),
    ("database", &["ledger", "casebook"]),
    ("report", &["casebook", "database"]),
    ("api", &["ledger", "casebook"]),
    ("node", &["ledger", "keyring", "sealing", "replica", "casebook", "database", "report", "api"]),
    ("cli", &["ledger", "keyring", "sealing", "casebook", "api", "database", "report"]),
    (
        "tests",
        &[
            "ledger", "keyring", "sealing", "replica", "casebook", "database", "report", "api",
            "node", "cli",
        ],
    ),
];

/// Where a library may be used.
const NAMED_ONLY_IN: [(&str, &str); 4] = [
    ("libp2p", "node/src/net/"),
    ("sled", "node/src/store/"),
    ("bincode", "ledger/src/codec.rs"),
    ("hpke", "sealing/src/"),
];

/// Older versions have faults that were published.
const AT_LEAST: [(&str, [u32; 3]); 9] = [
    ("libp2p", [0, 57, 1]),
    ("libp2p-gossipsub", [0, 50, 1]),
    ("libp2p-quic", [0, 13, 1]),
    ("yamux", [0, 13, 10]),
    ("quinn-proto", [0, 11, 15]),
    ("hickory-proto", [0, 26, 1]),
    ("hickory-resolver", [0, 26, 1]),
    ("tracing-subscriber", [0, 3, 20]),
    ("ed25519-dalek", [2, 0, 0]),
];

/// The wall for files.
const FILES_LINES_MAX: usize = 500;

fn root() -> PathBuf {
    fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap()
}

/// Every file of the project whose name ends so, with its text and its path from the top.
fn files(ending: &str) -> Vec<(String, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![root()]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let shown = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !name.starts_with('.') && name != "target" && !is_ignored(&shown) {
                folders.push(path);
            } else if name.ends_with(ending) {
                found.push((shown, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no files end in {ending}");
    found
}

fn is_ignored(shown: &str) -> bool {
    let ignored = fs::read_to_string(root().join(".gitignore")).unwrap();
    ignored.lines().any(|line| line.trim_matches('/') == shown)
}

/// Fails with everything that was found, so that one run shows it all.
fn expect_none(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

#[test]
fn the_top_level_holds_what_the_house_says() {
    let files = [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "CHANGELOG.md",
        "rustfmt.toml",
        "clippy.toml",
        "deny.toml",
        "docs",
    ];
    let is_ours = |name: &str| {
        let is_crate = MAY_IMPORT.iter().any(|(folder, _)| *folder == name);
        let is_licence = name.starts_with("LICENSE");
        is_crate || is_licence || files.contains(&name) || name.starts_with('.') || is_ignored(name)
    };
    let names = fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    let strangers: Vec<_> = names.filter(|name| !is_ours(name)).collect();
    expect_none("these do not belong on the top level", &strangers);
}

#[test]
fn no_crate_imports_what_it_may_not_know() {
    let mut wrong = Vec::new();
    for (folder, allowed) in MAY_IMPORT {
        let path = root().join(folder).join("Cargo.toml");
        let Ok(manifest) = fs::read_to_string(path) else { continue };
        let mut section = "";
        for line in manifest.lines() {
            if line.starts_with('[') {
                section = line;
            }
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            let ours = if name == "cairn" { Some("cli") } else { name.strip_prefix("cairn-") };
            if let Some(ours) = ours.filter(|_| section.contains("dependencies"))
                && !allowed.contains(&ours)
            {
                wrong.push(format!("{folder} imports {ours}"));
            }
        }
    }
    expect_none("the table of imports forbids", &wrong);
}

#[test]
fn each_library_is_named_in_its_own_folder_only() {
    let mut wrong = Vec::new();
    for (path, text) in files(".rs").iter().filter(|(path, _)| !path.starts_with("tests/")) {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let names = |library: &str| {
                code.contains(&format!("{library}::")) || code.contains(&format!("use {library};"))
            };
            let stray = NAMED_ONLY_IN
                .iter()
                .find(|(library, place)| !path.starts_with(place) && names(library));
            if let Some((library, place)) = stray {
                wrong.push(format!(
                    "{path}:{} names {library}, which belongs to {place}",
                    number + 1
                ));
            }
        }
    }
    expect_none("a library has strayed", &wrong);
}

#[test]
fn no_file_hits_the_wall_and_each_says_first_what_it_is_for() {
    let mut wrong = Vec::new();
    for (path, text) in files(".rs") {
        let lines = text.lines().count();
        if lines > FILES_LINES_MAX {
            wrong.push(format!("{path} has {lines} lines, the wall is {FILES_LINES_MAX}"));
        }
        let first = text.lines().next().unwrap_or_default();
        if first.strip_prefix("//! ").is_none_or(|sentence| sentence.len() <= 10) {
            wrong.push(format!("{path} does not begin with a sentence that says what it is for"));
        }
    }
    expect_none("files", &wrong);
}

#[test]
fn nothing_is_left_undone_or_skipped() {
    let marks =
        ["#[ignore", concat!("to", "do!("), concat!("unimple", "mented!("), concat!("dbg", "!(")];
    let mut wrong = Vec::new();
    for (path, text) in files(".rs").iter().filter(|(path, _)| path != "tests/suite/tidy.rs") {
        for (number, line) in text.lines().enumerate() {
            if let Some(mark) = marks.iter().find(|mark| line.contains(**mark)) {
                wrong.push(format!("{path}:{}: {mark}", number + 1));
            }
        }
    }
    expect_none("left undone", &wrong);
}

#[test]
fn every_link_between_our_pages_leads_somewhere() {
    let mut wrong = Vec::new();
    for (path, text) in files(".md") {
        let mut fenced = false;
        for (number, line) in text.lines().enumerate() {
            fenced ^= line.trim_start().starts_with("```");
            for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let file = target.split(['#', ' ']).next().unwrap_or_default();
                let elsewhere =
                    file.is_empty() || file.contains("://") || file.starts_with("mailto:");
                let folder = root().join(&path).parent().unwrap().to_path_buf();
                if !fenced && !elsewhere && !folder.join(file).exists() {
                    wrong.push(format!("{path}:{}: {target}", number + 1));
                }
            }
        }
    }
    expect_none("links that lead nowhere", &wrong);
}

#[test]
fn no_library_is_older_than_its_last_published_fault() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let mut wrong = Vec::new();
    for package in lock.split("[[package]]") {
        let field = |name: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(name));
            line.map(|value| value.trim_matches(['"', '=', ' '])).unwrap_or_default()
        };
        let (name, version) = (field("name = "), field("version = "));
        let numbers = version.split(['.', '-', '+']).take(3).filter_map(|part| part.parse().ok());
        let numbers: Vec<u32> = numbers.collect();
        let least = AT_LEAST.iter().find(|(library, _)| *library == name);
        if let Some((_, least)) = least.filter(|(_, least)| numbers.as_slice() < least.as_slice()) {
            wrong.push(format!("{name} {version}, at least {least:?}"));
        }
    }
    expect_none("libraries with published faults", &wrong);
}

#[test]
fn everything_is_formatted() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let fmt = |arguments: &[&str]| {
        Command::new(&cargo).arg("fmt").args(arguments).current_dir(root()).output()
    };
    // A machine without the formatter cannot tell; the check of the whole project has it.
    if !fmt(&["--version"]).is_ok_and(|output| output.status.success()) {
        return;
    }
    let output = fmt(&["--all", "--check", "--", "--files-with-diff"]).unwrap();
    let diff = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "not formatted (run cargo fmt):\n{diff}");
}
