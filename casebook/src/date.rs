//! Dates as precise as they are known: a year, a month or a day, and moments of a day.

use crate::words::{cut, text_or_binary};
use alloc::string::String;
use cairn_ledger::statement::Timestamp;
use core::fmt;
use core::str::FromStr;

const SECONDS_PER_DAY: i64 = 86_400;
const MINUTES_PER_DAY: u16 = 1_440;
const YEAR_MAX: u16 = 9_999;

/// Text or numbers that are not a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// Not written as a date.
    #[error(
        "\"{0}\" is not a date, expected YYYY, YYYY-MM or YYYY-MM-DD (for a moment of a day also YYYY-MM-DDTHH:MMZ)"
    )]
    NotADate(String),
    /// Written as a date that no calendar has.
    #[error("there is no day {year:04}-{month:02}-{day:02}")]
    NoSuchDay {
        /// The year given.
        year: u16,
        /// The month given, 0 for none.
        month: u8,
        /// The day given, 0 for none.
        day: u8,
    },
    /// A time of day outside 00:00 to 23:59, or on a date without a day.
    #[error("a time of day needs a whole date and lies between 00:00 and 23:59")]
    NoSuchMinute,
}

/// A year, a month or a day of the Gregorian calendar, as in EDTF: `2017`, `2017-12`, `2017-12-07`.
///
/// In order of time; a less precise date comes before the more precise ones within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// A year (1 to 9999), a month of it (0 for the whole year) and a day (0 for the whole month).
    ///
    /// # Errors
    /// When no calendar has it.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, DateError> {
        let whole_year = month == 0 && day == 0;
        let within = (1..=12).contains(&month) && day <= days_in(year, month);
        if (1..=YEAR_MAX).contains(&year) && (whole_year || within) {
            Ok(Self { year, month, day })
        } else {
            Err(DateError::NoSuchDay { year, month, day })
        }
    }

    /// The day, in UTC, of a moment. Moments outside the years 1 to 9999 give the nearest year.
    #[must_use]
    pub fn of(moment: Timestamp) -> Self {
        let mut days = moment.0.div_euclid(SECONDS_PER_DAY);
        let mut year: u16 = 1970;
        while days < 0 && year > 1 {
            year = year.saturating_sub(1);
            days = days.saturating_add(days_in_year(year));
        }
        while days >= days_in_year(year) && year < YEAR_MAX {
            days = days.saturating_sub(days_in_year(year));
            year = year.saturating_add(1);
        }
        let mut month: u8 = 1;
        while month < 12 && days >= i64::from(days_in(year, month)) {
            days = days.saturating_sub(i64::from(days_in(year, month)));
            month = month.saturating_add(1);
        }
        let day = u8::try_from(days.clamp(0, 30)).unwrap_or(0).saturating_add(1);
        Self { year, month, day }
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month, when it is known.
    #[must_use]
    pub fn month(self) -> Option<u8> {
        (self.month > 0).then_some(self.month)
    }

    /// The day of the month, when it is known.
    #[must_use]
    pub fn day(self) -> Option<u8> {
        (self.day > 0).then_some(self.day)
    }

    /// True when one of the two may be the other, known less precisely: `2017-12` and `2017-12-07`.
    #[must_use]
    pub fn agrees_with(self, other: Self) -> bool {
        let agree = |a: u8, b: u8| a == b || a == 0 || b == 0;
        self.year == other.year && agree(self.month, other.month) && agree(self.day, other.day)
    }
}

fn days_in_year(year: u16) -> i64 {
    if is_leap(year) { 366 } else { 365 }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day } = *self;
        match (month, day) {
            (0, _) => f.pad(&alloc::format!("{year:04}")),
            (_, 0) => f.pad(&alloc::format!("{year:04}-{month:02}")),
            _ => f.pad(&alloc::format!("{year:04}-{month:02}-{day:02}")),
        }
    }
}

/// Exactly `digits` decimal digits.
fn number(text: &str, digits: usize) -> Option<u16> {
    let plain = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

impl FromStr for Date {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Self, DateError> {
        let not_a_date = || DateError::NotADate(cut(text));
        let mut parts = text.split('-');
        let year = parts.next().and_then(|part| number(part, 4)).ok_or_else(not_a_date)?;
        let mut part = || match parts.next() {
            None => Ok(0),
            // a written 00 is a mistake, not a way to say "unknown"
            Some(two) => number(two, 2)
                .and_then(|value| u8::try_from(value).ok())
                .filter(|value| *value > 0)
                .ok_or_else(not_a_date),
        };
        let (month, day) = (part()?, part()?);
        if parts.next().is_some() {
            return Err(not_a_date());
        }
        Self::new(year, month, day)
    }
}

impl From<Date> for (u16, u8, u8) {
    fn from(date: Date) -> Self {
        (date.year, date.month, date.day)
    }
}

impl TryFrom<(u16, u8, u8)> for Date {
    type Error = DateError;
    fn try_from((year, month, day): (u16, u8, u8)) -> Result<Self, DateError> {
        Self::new(year, month, day)
    }
}

text_or_binary!(Date, (u16, u8, u8));

/// A date and, when it is known, the minute of the day in UTC: `2017-12-07T14:05Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    date: Date,
    minute: Option<u16>,
}

impl Moment {
    /// A date, and a minute of the day from 0 to 1439.
    ///
    /// # Errors
    /// When the minute is out of range or the date has no day.
    pub fn new(date: Date, minute: Option<u16>) -> Result<Self, DateError> {
        match minute {
            Some(minute) if minute >= MINUTES_PER_DAY || date.day == 0 => {
                Err(DateError::NoSuchMinute)
            }
            Some(_) | None => Ok(Self { date, minute }),
        }
    }

    /// The date.
    #[must_use]
    pub fn date(self) -> Date {
        self.date
    }

    /// The minute of the day in UTC, when it is known.
    #[must_use]
    pub fn minute(self) -> Option<u16> {
        self.minute
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minute {
            None => self.date.fmt(f),
            Some(minute) => {
                let (hours, minutes) = (minute / 60, minute % 60);
                f.pad(&alloc::format!("{}T{hours:02}:{minutes:02}Z", self.date))
            }
        }
    }
}

impl FromStr for Moment {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Self, DateError> {
        let Some((date, time)) = text.split_once('T') else {
            return Self::new(text.parse()?, None);
        };
        let (hours, minutes) = time
            .strip_suffix('Z')
            .and_then(|time| time.split_once(':'))
            .and_then(|(hours, minutes)| Some((number(hours, 2)?, number(minutes, 2)?)))
            .ok_or_else(|| DateError::NotADate(cut(text)))?;
        if hours > 23 || minutes > 59 {
            return Err(DateError::NoSuchMinute);
        }
        Self::new(date.parse()?, Some(hours.saturating_mul(60).saturating_add(minutes)))
    }
}

impl From<Moment> for (Date, Option<u16>) {
    fn from(moment: Moment) -> Self {
        (moment.date, moment.minute)
    }
}

impl TryFrom<(Date, Option<u16>)> for Moment {
    type Error = DateError;
    fn try_from((date, minute): (Date, Option<u16>)) -> Result<Self, DateError> {
        Self::new(date, minute)
    }
}

text_or_binary!(Moment, (Date, Option<u16>));

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_date_prints_as_precisely_as_it_was_given() {
        for text in ["2017", "2017-12", "2017-12-07", "2024-02-29", "0001-01-01"] {
            assert_eq!(date(text).to_string(), text);
        }
    }

    #[test]
    fn dates_that_no_calendar_has_are_refused() {
        for text in ["2023-02-29", "1900-02-29", "2017-13", "2017-04-31", "0000", "2017-00"] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
        for text in ["", "17", "2017-1-1", "2017-01-01-01", "+017", "2017-12-07 "] {
            assert!(text.parse::<Date>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_less_precise_date_agrees_with_the_days_within_it() {
        assert!(date("2017-12").agrees_with(date("2017-12-07")));
        assert!(date("2017").agrees_with(date("2017-12-07")));
        assert!(!date("2017-12-08").agrees_with(date("2017-12-07")));
        assert!(date("2017") < date("2017-12") && date("2017-12") < date("2017-12-07"));
    }

    #[test]
    fn the_day_of_a_timestamp_is_that_of_the_calendar() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_512_604_800, "2017-12-07"),
            (-672_451_200, "1948-09-10"),
        ] {
            assert_eq!(Date::of(Timestamp(seconds)), date(day));
        }
        assert_eq!(Date::of(Timestamp(i64::MAX)).year(), 9999);
        assert_eq!(Date::of(Timestamp(i64::MIN)).year(), 1);
    }

    #[test]
    fn a_moment_needs_a_whole_date_for_its_minute() {
        let text = "2017-12-07T14:05Z";
        assert_eq!(text.parse::<Moment>().unwrap().to_string(), text);
        assert_eq!("2017-12".parse::<Moment>().unwrap().to_string(), "2017-12");
        for text in ["2017-12T14:05Z", "2017-12-07T24:00Z", "2017-12-07T14:05", "2017-12-07T1:05Z"]
        {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
