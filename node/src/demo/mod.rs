//! A network of five members on this machine, as five real processes, with demonstration cases.

mod cases;
mod found;
mod nodes;

use anyhow::{Context, bail, ensure};
use clap::Args;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The name of the demonstration network: no one can take it for a real one.
const NETWORK: &str = "demonstration.cairn.example/peacekeepers";
/// The file that marks a folder as ours to remove.
const MARKER: &str = "THIS-IS-A-DEMONSTRATION";
/// How long five nodes may take to hold the same.
const AGREE_TIMEOUT: Duration = Duration::from_secs(60);

/// Found a demonstration network of five members on this machine and run it.
#[derive(Args)]
pub struct Demo {
    /// Where to keep it. A second run continues where the first stopped.
    #[arg(long, value_name = "DIR", default_value = "cairn-demo")]
    dir: PathBuf,
    /// Begin anew: remove what an earlier demonstration left there.
    #[arg(long)]
    fresh: bool,
    /// The first of ten ports on loopback: five for clients, five for peers.
    #[arg(long, default_value_t = 8420)]
    port: u16,
    /// Stop as soon as all five agree, instead of waiting for Ctrl-C.
    #[arg(long)]
    once: bool,
}

impl Demo {
    pub(crate) fn execute(self) -> anyhow::Result<()> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(self.run())
    }

    async fn run(self) -> anyhow::Result<()> {
        let began = Instant::now();
        nodes::check_ports(self.port)?;
        prepare(&self.dir, self.fresh)?;
        let dir = self.dir.canonicalize()?;
        let members = found::found(&dir, self.port)?;
        say!("DEMONSTRATION network {NETWORK}");
        say!("network id {}", members.network);
        let mut nodes = nodes::Nodes::start(&members).await?;
        let loaded = async {
            let cases = cases::load(&members).await?;
            nodes.agree(&members, AGREE_TIMEOUT).await?;
            Ok::<_, anyhow::Error>(cases)
        };
        let outcome = tokio::select! {
            loaded = loaded => loaded.map(Some),
            () = interrupted() => Ok(None),
        };
        match outcome {
            Ok(Some(loaded)) => {
                print_guide(&members, &loaded, began.elapsed());
                if !self.once {
                    let ended = tokio::select! {
                        () = interrupted() => None,
                        code = nodes.one_ended() => Some(code),
                    };
                    if let Some(code) = ended {
                        nodes.stop().await?;
                        bail!(
                            "the node of {code} has ended, and the other four were stopped: see its node.log"
                        );
                    }
                }
            }
            Ok(None) => say!("interrupted before everything was loaded; the next run goes on"),
            Err(error) => {
                nodes.stop().await?;
                return Err(error);
            }
        }
        say!("stopping five nodes ...");
        nodes.stop().await?;
        say!("stopped. Everything is in {}; run the same command to go on.", dir.display());
        Ok(())
    }
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        // Without a handler the signal ends the process by itself.
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Makes the folder, or begins it anew. Removes nothing that a demonstration has not made.
fn prepare(dir: &Path, fresh: bool) -> anyhow::Result<()> {
    let marker = dir.join(MARKER);
    if dir.exists() {
        let empty = fs::read_dir(dir)?.next().is_none();
        ensure!(
            marker.exists() || empty,
            "{} holds something else than a demonstration: name another folder with --dir",
            dir.display()
        );
        if fresh && marker.exists() {
            fs::remove_dir_all(dir).with_context(|| format!("cannot remove {}", dir.display()))?;
        }
    }
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    fs::write(
        &marker,
        "Everything in this folder is a demonstration. No State has said any of it.\n",
    )?;
    Ok(())
}

fn print_guide(members: &found::Members, loaded: &cases::Loaded, took: Duration) {
    let seconds = took.as_secs_f32();
    say!("");
    say!(
        "Five nodes hold the same, with the project's own {} statements about {} cases ({seconds:.1} s).",
        loaded.statements,
        loaded.cases
    );
    say!("They are a DEMONSTRATION made from public reports: no State has said any of it.");
    say!("Its keys are in the clear, without a passphrase, as real ones should never be.");
    say!("");
    for member in &members.list {
        say!("  {:<8} {:<44} {}", member.code, member.name, member.url());
    }
    let home = |code: &str| {
        let path = members.dir.join(code).join("contributor").display().to_string();
        // A path that a shell would take apart is quoted.
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
        let quoted = if path.chars().all(plain) {
            path
        } else {
            format!("'{}'", path.replace('\'', "'\\''"))
        };
        format!("--home {quoted}")
    };
    say!("");
    say!(
        "Try in a second terminal (`cairn` is target/release/cairn after `cargo build --release -p cairn`):"
    );
    say!("");
    say!("  cairn {} status", home("UNSEC"));
    say!("  cairn {} case list --mission MONUSCO", home("COD"));
    say!("  cairn {} case show {}", home("COD"), loaded.example);
    say!("");
    say!("  # watch everything that happens, as South Africa's node sees it");
    say!("  cairn {} watch", home("ZAF"));
    say!("  # the mission opens a case; use the id that it prints below");
    say!(
        "  cairn {} case open --title \"Ambush near Beni\" --mission MONUSCO --host-state COD \\",
        home("MONUSCO")
    );
    say!(
        "      --date 2026-11-20 --type ambush_small_arms --offence killing --killed 1 --demonstration"
    );
    say!("  # the host State opens an investigation; any node shows it within a second");
    say!("  cairn {} case update CASE investigation --proceeding COD/P-1", home("COD"));
    say!("  cairn {} case show CASE", home("TZA"));
    say!("");
    say!("  # take all logs away and verify them with nothing but the network's id");
    say!("  cairn {} export --to exported", home("ZAF"));
    say!("  cairn verify exported --network {}", members.network);
    say!("");
    say!("Ctrl-C stops all five nodes.");
}
