//! Typing commands: `cairn` with a home, `cairn-node` with a folder, and what they answer.

use super::programs;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a command answered.
#[derive(Debug, Clone)]
pub struct Said {
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
    /// The exit code.
    pub code: i32,
}

impl Said {
    /// The standard output of a command that succeeded.
    ///
    /// # Panics
    /// When it did not.
    #[must_use]
    pub fn yes(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// The same, as the JSON that it is.
    ///
    /// # Panics
    /// When it did not succeed, or is none.
    #[must_use]
    pub fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.yes()).expect("JSON")
    }
}

/// A program of ours, without the settings of whoever runs the tests.
#[must_use]
pub fn command(program: &str) -> Command {
    let mut command = Command::new(programs().join(program));
    for name in ["CAIRN_HOME", "CAIRN_NODE", "CAIRN_PASSPHRASE_FILE", "SSH_AUTH_SOCK", "RUST_LOG"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// Types `cairn` with a contributor's home.
///
/// # Panics
/// When the program cannot be run.
pub fn cairn<S: AsRef<OsStr>>(home: &Path, args: impl IntoIterator<Item = S>) -> Said {
    run(command("cairn").arg("--home").arg(home).args(args))
}

/// Types `cairn-node`.
///
/// # Panics
/// When the program cannot be run.
pub fn cairn_node<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Said {
    run(command("cairn-node").args(args))
}

/// Runs a command to its end.
///
/// # Panics
/// When it cannot be run.
pub fn run(command: &mut Command) -> Said {
    let output = command.output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap_or(-1);
    Said { out: text(&output.stdout), err: text(&output.stderr), code }
}

/// What was said, with everything that is another one every time replaced by a word for it.
#[must_use]
pub fn still(text: &str, replaced: &[(&str, &str)]) -> String {
    let mut text = text.to_string();
    for (found, word) in replaced {
        text = text.replace(found, word);
    }
    let is_time = |word: &str| word.len() >= 20 && word.starts_with("20") && word.contains('T');
    let word = |word: &str| if is_time(word) { "TIME".to_string() } else { word.to_string() };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}
