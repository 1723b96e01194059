//! `cairn status`: one screen that answers "is any log forked?" and "is it replicating?".

use super::{Context, witness};
use crate::failure::{Answer, Outcome};
use crate::print::{self, Rows};
use cairn_api::{LogStatus, PeerStatus, Status};

pub(super) fn run(context: &Context) -> Outcome {
    let status = context.client()?.status()?;
    let answer = if is_healthy(&status) { Answer::Yes } else { Answer::No };
    if context.json {
        print::json(&status);
        return Ok(answer);
    }
    let Status { network, name, member, version, .. } = &status;
    print::line(format!("node of {member} in {name} (version {version})"));
    print::line(format!("network {network}"));
    print::line(format!("forked?       {}", forked(&status.logs)));
    print::line(format!("replicating?  {}", replicating(&status)));
    for alarm in &status.alarms {
        print::banner(format!("ALARM: {alarm}"));
    }
    print::line("");
    logs(&status.logs);
    print::line("");
    peers(&status.peers);
    print::line("");
    if !status.witnesses.is_empty() {
        witness::table(&status.witnesses);
        print::line("");
    }
    let Status { faults_repaired, peers_dropped, .. } = status;
    print::line(format!("disk faults repaired: {faults_repaired}; peers dropped: {peers_dropped}"));
    Ok(answer)
}

/// Alarms, a frozen log, or nobody to replicate with: somebody has to look.
fn is_healthy(status: &Status) -> bool {
    let frozen = status.logs.iter().any(|log| log.frozen.is_some());
    status.alarms.is_empty() && !frozen && !is_alone(&status.peers)
}

/// True when there are other members and none of their nodes is connected.
fn is_alone(peers: &[PeerStatus]) -> bool {
    !peers.is_empty() && !peers.iter().any(|peer| peer.connected)
}

fn forked(logs: &[LogStatus]) -> String {
    let frozen: Vec<_> = logs
        .iter()
        .filter_map(|log| Some(format!("{}: {}", log.member, log.frozen.as_ref()?)))
        .collect();
    if frozen.is_empty() { "no".into() } else { format!("YES: {}", frozen.join("; ")) }
}

fn replicating(status: &Status) -> String {
    let connected = status.peers.iter().filter(|peer| peer.connected).count();
    let peers = format!("{connected} of {} other nodes connected", status.peers.len());
    // Of a frozen log nothing more comes.
    let growing = status.logs.iter().filter(|log| log.frozen.is_none());
    let behind = growing.map(|log| log.promised.saturating_sub(log.size)).sum::<u64>();
    let lacking = status.peers.iter().filter(|peer| peer.lacks > 0).count();
    if is_alone(&status.peers) {
        return format!("NO: {peers}");
    }
    match (behind, lacking) {
        (0, 0) => format!("yes, {peers}, all hold the same"),
        (0, _) => {
            format!("yes, {peers}; {lacking} of them have not said yet that they hold everything")
        }
        (_, _) => format!("yes, {peers}; {behind} entries are still to come here"),
    }
}

fn logs(logs: &[LogStatus]) {
    let mut rows = Rows::new(&["LOG", "ENTRIES", "PROMISED", "CONFIRMED", "ROOT", "STATE"]);
    for log in logs {
        let state = match (&log.frozen, log.size < log.promised) {
            (Some(why), _) => format!("frozen: {why}"),
            (None, true) => "catching up".into(),
            (None, false) => "whole".into(),
        };
        let root: String = log.root.to_string().chars().take(16).collect();
        rows.push([
            log.member.to_string(),
            log.size.to_string(),
            log.promised.to_string(),
            log.confirmed.to_string(),
            root,
            state,
        ]);
    }
    rows.print();
}

fn peers(peers: &[PeerStatus]) {
    let mut rows = Rows::new(&["PEER", "CONNECTED", "ADDRESS", "LACKS", "DROPPED"]);
    for peer in peers {
        let connected = if peer.connected { "yes" } else { "no" };
        let address = peer.address.as_deref().unwrap_or("-").to_owned();
        let dropped = peer.dropped.as_deref().unwrap_or("-").to_owned();
        rows.push([
            peer.member.to_string(),
            connected.into(),
            address,
            peer.lacks.to_string(),
            dropped,
        ]);
    }
    rows.print();
}
