//! What witnesses outside of the network have seen: said of a receipt, and of a node's own log.

use crate::describe;
use crate::print::Rows;
use cairn_api::WitnessStatus;
use cairn_ledger::WitnessKey;
use cairn_ledger::note::RawNote;

/// What a receipt shows of an outside witness.
pub(super) struct Seen {
    name: String,
    line: Line,
}

enum Line {
    /// When it had seen the log, by its own clock.
    At(u64),
    Missing,
    Wrong,
}

impl Seen {
    /// Looks for the witness's line on a receipt's checkpoint.
    pub(super) fn read(witness: &WitnessKey, note: &RawNote) -> Self {
        let line = match witness.cosignature(note) {
            Ok(Some(cosignature)) => Line::At(cosignature.time),
            Ok(None) => Line::Missing,
            Err(_) => Line::Wrong,
        };
        Self { name: witness.name().into(), line }
    }

    pub(super) fn is_seen(&self) -> bool {
        matches!(self.line, Line::At(_))
    }

    /// One sentence about a log of so many entries.
    pub(super) fn tell(&self, size: u64) -> String {
        let name = &self.name;
        match self.line {
            Line::At(time) => format!(
                "the outside witness {name} had seen the log with these {size} entries at {}, by its own clock",
                describe::second(time)
            ),
            Line::Missing => format!(
                "NOT WITNESSED  by {name}: the receipt carries no line under this name and key"
            ),
            Line::Wrong => {
                format!(
                    "NOT WITNESSED  by {name}: the line under its name was not made with its key"
                )
            }
        }
    }

    pub(super) fn value(&self) -> serde_json::Value {
        let (result, time) = match self.line {
            Line::At(time) => ("seen", Some(time)),
            Line::Missing => ("missing", None),
            Line::Wrong => ("wrong", None),
        };
        serde_json::json!({ "witness": self.name, "result": result, "time": time })
    }
}

/// The table of a node's outside witnesses.
pub(super) fn table(witnesses: &[WitnessStatus]) {
    let mut rows = Rows::new(&["OUTSIDE WITNESS", "ENTRIES", "AT", "STATE"]);
    for witness in witnesses {
        let state = match &witness.trouble {
            None if witness.size.is_none() => "not asked yet".into(),
            None => "cosigns".into(),
            Some(why) if witness.refuses => format!("REFUSES: {why}"),
            Some(why) => format!("failing: {why}"),
        };
        rows.push([
            witness.name.clone(),
            witness.size.map_or_else(|| "-".into(), |size| size.to_string()),
            witness.time.map_or_else(|| "-".into(), describe::second),
            state,
        ]);
    }
    rows.print();
}
