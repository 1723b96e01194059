//! The codes by which statements name States, missions, proceedings and accused, never people.

use crate::words::{LabelError, label, text_or_binary};
use alloc::format;
use cairn_ledger::Topic;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};

const TOPIC_PREFIX: &str = "mission/";

label!(
    /// A State by its ISO 3166-1 alpha-3 code: `COD`. Whether a State has it, `reference` knows.
    StateCode,
    |text| text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()),
    "three letters A-Z (ISO 3166-1 alpha-3)"
);

label!(
    /// A mission by its acronym: `MONUSCO`, `UNEF II`, `GoE-DRC`.
    MissionCode,
    |text| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'-' | b'.');
        (2..=24).contains(&text.len()) && text.bytes().all(allowed) && text.trim() == text
    },
    "2 to 24 of A-Z, a-z, 0-9, space, - and ., without space at the ends"
);

impl MissionCode {
    /// The topic of the statements about this mission: spaces become `_`.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a mission's code is at most 24 such characters")]
    pub fn topic(&self) -> Topic {
        let name = self.as_str().replace(' ', "_");
        Topic::new(&format!("{TOPIC_PREFIX}{name}")).expect("a mission's code fits into a topic")
    }

    /// The mission that a topic names, if it names one.
    #[must_use]
    pub fn from_topic(topic: &Topic) -> Option<Self> {
        let name = topic.as_str().strip_prefix(TOPIC_PREFIX)?.replace('_', " ");
        Self::new(&name).ok()
    }
}

impl FromStr for MissionCode {
    type Err = LabelError;
    fn from_str(text: &str) -> Result<Self, LabelError> {
        Self::new(text.trim())
    }
}

impl FromStr for StateCode {
    type Err = LabelError;
    fn from_str(text: &str) -> Result<Self, LabelError> {
        Self::new(&text.trim().to_ascii_uppercase())
    }
}

label!(
    /// Where a proceeding takes place: a State's code, or a tribunal's (`ICTY`, `SCSL`).
    Forum,
    |text| {
        let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
        (2..=16).contains(&text.len()) && text.bytes().all(allowed)
    },
    "2 to 16 of A-Z, 0-9 and -"
);

label!(
    /// The label of a file in its forum: `P-1`, `SCSL-04-15-T`. Never a person's name.
    FileLabel,
    |text| {
        let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'/');
        let numbered = text.bytes().any(|b| b.is_ascii_digit());
        (1..=32).contains(&text.len()) && text.bytes().all(allowed) && numbered
    },
    "1 to 32 of A-Z, 0-9, -, . and /, with a digit among them"
);

/// One file before one forum. The same code and label name the same proceeding, whoever says it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proceeding {
    /// Where.
    pub forum: Forum,
    /// Which file there.
    pub label: FileLabel,
}

impl fmt::Display for Proceeding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.forum, self.label))
    }
}

impl FromStr for Proceeding {
    type Err = LabelError;
    fn from_str(text: &str) -> Result<Self, LabelError> {
        let (forum, label) = text.split_once('/').ok_or_else(|| {
            LabelError::new("Proceeding", "a forum, / and a file label, as in COD/P-1", text)
        })?;
        Ok(Self { forum: Forum::new(forum)?, label: FileLabel::new(label)? })
    }
}

/// An accused of a proceeding, by number: `A-1`. Who that is stands in no log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Accused(u16);

impl Accused {
    /// The accused with this number.
    ///
    /// # Errors
    /// When the number is 0.
    pub fn new(number: u16) -> Result<Self, LabelError> {
        const RULE: &str = "A- and a number from 1 to 65535";
        if number == 0 { Err(LabelError::new("Accused", RULE, "A-0")) } else { Ok(Self(number)) }
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Accused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("A-{}", self.0))
    }
}

impl FromStr for Accused {
    type Err = LabelError;
    fn from_str(text: &str) -> Result<Self, LabelError> {
        let digits = text
            .strip_prefix("A-")
            .filter(|rest| rest.bytes().all(|b| b.is_ascii_digit()) && !rest.starts_with('0'));
        let number = digits
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| LabelError::new("Accused", "A- and a number from 1 to 65535", text))?;
        Self::new(number)
    }
}

impl From<Accused> for u16 {
    fn from(accused: Accused) -> Self {
        accused.0
    }
}

impl TryFrom<u16> for Accused {
    type Error = LabelError;
    fn try_from(number: u16) -> Result<Self, LabelError> {
        Self::new(number)
    }
}

text_or_binary!(Accused, u16);

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn codes_read_back_what_they_print() {
        for text in ["COD/P-1", "SCSL/SCSL-04-15-T", "ICTY/IT-95-5/18"] {
            assert_eq!(text.parse::<Proceeding>().unwrap().to_string(), text);
        }
        assert_eq!("A-32".parse::<Accused>().unwrap().to_string(), "A-32");
        let unef: MissionCode = "UNEF II".parse().unwrap();
        assert_eq!(MissionCode::from_topic(&unef.topic()), Some(unef));
    }

    #[test]
    fn what_could_be_a_name_is_refused() {
        for text in ["COD", "COD/", "COD/Smith", "COD/SMITH", "cod/P-1"] {
            assert!(text.parse::<Proceeding>().is_err(), "{text}");
        }
        for text in ["A-0", "A-", "A-01", "A-65536", "1", "Smith"] {
            assert!(text.parse::<Accused>().is_err(), "{text}");
        }
    }
}
