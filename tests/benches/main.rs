//! What Cairn costs, as ratios to what this machine can do at most, measured in the same run.
//!
//! `cargo bench -p cairn-tests` runs everything with real nodes on loopback;
//! `cargo bench -p cairn-tests -- catch-up slope` runs the rows that are named.

mod append;
mod attachment;
mod audit;
mod authors;
mod catch_up;
mod cosigning;
mod http;
mod limits;
mod network;
mod people;
mod receipts;
mod slope;
mod table;

use table::Table;

/// Rows that start no node.
const WITHOUT_NODES: [&str; 2] = ["audit", "slope"];

fn main() -> anyhow::Result<()> {
    let names: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    if names.is_empty() || names.iter().any(|name| !WITHOUT_NODES.contains(&name.as_str())) {
        // The nodes that are measured are the ones that users run.
        let cargo = std::process::Command::new(env!("CARGO"))
            .args(["build", "--release", "--quiet", "-p", "cairn-node"])
            .status()?;
        anyhow::ensure!(cargo.success(), "cairn-node does not build");
    }
    let folder =
        tempfile::Builder::new().prefix("cairn-bench").tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let limits = limits::measure(folder.path())?;
    println!("{limits}");
    let mut table = Table::default();
    if wanted("append") {
        append::one_by_one(folder.path(), &mut table)?;
    }
    if wanted("submitters") {
        append::many_submitters(folder.path(), &limits, &mut table)?;
    }
    if wanted("visible") {
        append::visible(folder.path(), &limits, &mut table)?;
    }
    if wanted("catch-up") {
        catch_up::run(folder.path(), &limits, &mut table)?;
    }
    if wanted("cosigning") {
        cosigning::run(folder.path(), &mut table)?;
    }
    if wanted("slope") {
        slope::run(folder.path(), &mut table)?;
    }
    if wanted("receipts") {
        receipts::run(folder.path(), &limits, &mut table)?;
    }
    if wanted("audit") {
        audit::run(folder.path(), &mut table)?;
    }
    if wanted("attachment") {
        attachment::run(folder.path(), &mut table)?;
    }
    println!("{table}");
    Ok(())
}
