//! `cairn status`: one screen that answers "is any log forked?" and "is it replicating?".

use super::{Context, witness};
use crate::failure::{Answer, Outcome};
use crate::print::{self, Rows};
use cairn_api::{LogStatus, PeerStatus, Status};
use std::cmp::Ordering;

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
    print::line(format!("charter       {}", charter(&status)));
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

/// Which version has force, and which one the node's own log stands under, where that is another.
fn charter(status: &Status) -> String {
    let Status { charter, member, logs, .. } = status;
    let own = logs.iter().find(|log| log.member == *member);
    let adopted = own.filter(|log| log.ends.is_none()).map_or(*charter, |log| log.charter);
    match adopted.cmp(charter) {
        Ordering::Equal => format!("version {charter} is in force"),
        Ordering::Less => format!(
            "version {charter} is in force; the log of {member} stands under version {adopted} until its node appends again"
        ),
        Ordering::Greater => format!(
            "version {charter} is in force; the log of {member} has adopted version {adopted}, which has no force any more"
        ),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The status of a node under version 2, whose own log says this of itself.
    fn status(own: &serde_json::Value) -> Status {
        let zeros = "0".repeat(64);
        let mut log = json!({
            "member": "COD", "size": 9, "root": zeros, "last": zeros, "promised": 9, "confirmed": 9,
            "standing": 9, "cosigned": [], "frozen": null,
        });
        log.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        let status = json!({
            "network": zeros, "name": "invented.example/tests", "member": "COD", "version": "0",
            "charter": 2, "logs": [log], "peers": [], "alarms": [], "faults_repaired": 0,
            "peers_dropped": 0,
        });
        serde_json::from_value(status).unwrap()
    }

    #[test]
    fn the_own_logs_version_is_told_where_it_is_another_and_may_still_change() {
        let says = |own| charter(&status(&own));
        assert_eq!(says(json!({ "charter": 2 })), "version 2 is in force");
        let behind = "version 2 is in force; the log of COD stands under version 1 until its node";
        assert!(says(json!({ "charter": 1 })).starts_with(behind));
        assert!(says(json!({ "charter": 3 })).ends_with("version 3, which has no force any more"));
        let removed = json!({ "charter": 1, "ends": 9 });
        assert_eq!(says(removed), "version 2 is in force", "an ended log adopts nothing more");
    }
}
