//! What the bodies of statements say, by their kinds.

use super::{Vector, bad, good};
use cairn_casebook::fact::{Closed, Reopened, Says};
use cairn_casebook::vocabulary::{Basis, ClosingReason, Verification};
use cairn_casebook::{Date, Fact};
use serde_json::{Value, json};

fn says() -> Says {
    let (basis, verification) = (Basis::OwnAct, Verification::ConfirmedByCompetentAuthority);
    Says { basis, verification, as_of: Date::new(2026, 11, 20).unwrap() }
}

fn input(kind: u16, body: &[u8]) -> Value {
    json!({ "kind": kind, "body": hex::encode(body) })
}

pub(crate) fn make() -> Vec<Vector> {
    let (says, date) = (says(), Date::new(2026, 11, 0).unwrap());
    let closed = |reason| Fact::Closed(Closed { says, date, reason }).encode().0;
    let reopened = Fact::Reopened(Reopened { says, date }).encode().0;
    let acquitted = closed(ClosingReason::FinalAcquittal);
    let reason_at = acquitted.len() - 4;
    let with = |at: usize, value: u8| {
        let mut altered = acquitted.clone();
        altered[at] = value;
        altered
    };
    vec![
        good("fact/closed", "06:65", "closed with the first reason", input(170, &acquitted)),
        good(
            "fact/closed-out-of-scope",
            "06:65",
            "closed with the last reason",
            input(170, &closed(ClosingReason::OutOfScope)),
        ),
        good("fact/reopened", "06:36", "taken up again, in a month", input(171, &reopened)),
        bad(
            "fact/closed-for-no-reason",
            "06:65",
            "a reason that is none",
            input(170, &with(reason_at, 11)),
            "not in the format",
        ),
        bad(
            "fact/closed-in-the-13th-month",
            "06:12",
            "a date that does not exist",
            input(170, &with(reason_at - 2, 13)),
            "not in the format",
        ),
        bad(
            "fact/closed-truncated",
            "06:36",
            "the last byte is missing",
            input(170, &acquitted[..acquitted.len() - 1]),
            "not in the format",
        ),
        bad(
            "fact/reopened-with-a-reason",
            "06:36",
            "four bytes follow the end",
            input(171, &acquitted),
            "4 bytes follow",
        ),
    ]
}
