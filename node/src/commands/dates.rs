//! Days and moments as an operator types them, in UTC.

use anyhow::Context;
use cairn_ledger::statement::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

/// Which end of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// Its first second.
    Begin,
    /// Its last second.
    End,
}

/// The first or the last second of a day.
pub(super) fn second_of(date: Date, edge: Edge) -> anyhow::Result<Timestamp> {
    const LAST_SECOND: i64 = 86_399;
    let begin = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0));
    let begin = begin.with_context(|| format!("the date {date}"))?.as_second();
    Ok(Timestamp(match edge {
        Edge::Begin => begin,
        Edge::End => begin.saturating_add(LAST_SECOND),
    }))
}

/// A day. What follows a date is not read over.
pub(super) fn day(text: &str) -> Result<Date, String> {
    const LENGTH: usize = "2026-11-20".len();
    let date = text.parse().ok().filter(|_| text.len() == LENGTH);
    date.ok_or_else(|| "expected a day, as in 2026-11-20".into())
}

/// A moment: a day, from its beginning on, or a time with its zone.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    let time = text.parse::<jiff::Timestamp>().map(|time| Timestamp(time.as_second())).ok();
    let begins = || second_of(day(text).ok()?, Edge::Begin).ok();
    let found = time.or_else(begins);
    found.ok_or_else(|| "expected 2026-11-20 or 2026-11-20T14:05:00Z".into())
}

/// A second since 1970, for people.
pub(super) fn shown(second: u64) -> String {
    let second = i64::try_from(second).ok();
    let time = second.and_then(|second| jiff::Timestamp::from_second(second).ok());
    time.map_or_else(|| "a time beyond all dates".into(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_and_ends_and_a_time_is_itself() {
        let date: Date = "2026-11-20".parse().expect("a date");
        assert_eq!(second_of(date, Edge::Begin).expect("a second"), Timestamp(1_795_132_800));
        assert_eq!(second_of(date, Edge::End).expect("a second"), Timestamp(1_795_219_199));
        assert_eq!(moment("2026-11-20"), Ok(Timestamp(1_795_132_800)));
        assert_eq!(moment("2026-11-20T00:00:07Z"), Ok(Timestamp(1_795_132_807)));
        assert_eq!(moment("2026-11-20T01:00:07+01:00"), Ok(Timestamp(1_795_132_807)));
        for text in ["", "yesterday", "2026-13-01", "2026-11-20 14:05"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }
}
