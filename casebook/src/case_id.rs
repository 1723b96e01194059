//! The name of a case, which says nothing about it, and the topics that carry it.

use crate::codes::MissionCode;
use crate::words::{LabelError, label};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use cairn_ledger::hash::derive;
use cairn_ledger::{Statement, Topic};

/// Crockford's base 32: no I, L, O or U, so that an id survives being read aloud.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// How many characters a new id has: 60 bits.
const NEW_CHARACTERS: u32 = 12;
const PREFIX: &str = "C-";
const TOPIC_PREFIX: &str = "case/";

label!(
    /// A case: `C-7K3QX2MB0F5T`. Meaningless otherwise, so that it gives nothing away.
    CaseId,
    |text| text.strip_prefix(PREFIX).is_some_and(|rest| {
        (8..=12).contains(&rest.len()) && rest.bytes().all(|b| ALPHABET.contains(&b))
    }),
    "C- and 8 to 12 characters of 0-9 and A-Z without I, L, O and U"
);

impl CaseId {
    /// A new id from eight random bytes, of which 60 bits are used.
    #[must_use]
    pub fn from_random(bytes: [u8; 8]) -> Self {
        let bits = u64::from_be_bytes(bytes);
        let character = |index: u32| {
            let five = bits.wrapping_shr(index.saturating_mul(5)) & 31;
            let at = usize::try_from(five).unwrap_or(0);
            char::from(ALPHABET.get(at).copied().unwrap_or(b'0'))
        };
        let text: String = (0..NEW_CHARACTERS).rev().map(character).collect();
        Self(format!("{PREFIX}{text}"))
    }

    /// The id of a case that another source already names: the same source, the same id.
    #[must_use]
    pub fn derived(source: &str) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = derive("cairn 2026-11 case id v1", source.as_bytes());
        Self::from_random([a, b, c, d, e, f, g, h])
    }

    /// Reads what a person typed: lower case, and O for 0 or I and L for 1, are understood.
    ///
    /// # Errors
    /// When it still is not an id.
    pub fn typed(text: &str) -> Result<Self, LabelError> {
        let upper = text.trim().to_ascii_uppercase();
        let Some(rest) = upper.strip_prefix(PREFIX) else {
            return Self::new(text);
        };
        let meant = rest.chars().map(|c| match c {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        });
        Self::new(&format!("{PREFIX}{}", meant.collect::<String>()))
    }

    /// The topic of the statements about this case.
    #[must_use]
    #[expect(clippy::expect_used, reason = "an id is at most 14 characters of a topic's alphabet")]
    pub fn topic(&self) -> Topic {
        Topic::new(&format!("{TOPIC_PREFIX}{self}")).expect("an id fits into a topic")
    }

    /// The case that a topic names, if it names one.
    #[must_use]
    pub fn from_topic(topic: &Topic) -> Option<Self> {
        topic.as_str().strip_prefix(TOPIC_PREFIX).and_then(|id| Self::new(id).ok())
    }
}

impl core::str::FromStr for CaseId {
    type Err = LabelError;
    fn from_str(text: &str) -> Result<Self, LabelError> {
        Self::typed(text)
    }
}

/// The cases that a statement is about: one trial may concern many.
#[must_use]
pub fn cases_of(statement: &Statement) -> Vec<CaseId> {
    statement.topics.iter().filter_map(CaseId::from_topic).collect()
}

/// The topics of a statement about these cases of a mission, in ascending order.
#[must_use]
pub fn topics(cases: &[CaseId], mission: Option<&MissionCode>) -> Vec<Topic> {
    let mut topics: Vec<_> = cases.iter().map(CaseId::topic).collect();
    topics.extend(mission.map(MissionCode::topic));
    topics.sort_unstable();
    topics.dedup();
    topics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_topic_and_a_careless_typist() {
        let id = CaseId::derived("un-fatalities/MONUSCO/2017-12-07");
        assert_eq!(id.as_str().len(), 14);
        assert_eq!(CaseId::from_topic(&id.topic()), Some(id.clone()));
        assert_eq!("c-7k3qx2mo".parse::<CaseId>().unwrap().as_str(), "C-7K3QX2M0");
        assert_eq!(id, CaseId::derived("un-fatalities/MONUSCO/2017-12-07"));
        assert_ne!(id, CaseId::derived("un-fatalities/MONUSCO/2017-12-08"));
    }

    #[test]
    fn every_one_of_sixty_bits_counts() {
        assert_eq!(CaseId::from_random([0; 8]).as_str(), "C-000000000000");
        assert_eq!(CaseId::from_random([255; 8]).as_str(), "C-ZZZZZZZZZZZZ");
        assert_eq!(CaseId::from_random([0, 0, 0, 0, 0, 0, 0, 33]).as_str(), "C-000000000011");
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for text in ["", "C-", "C-1234567", "C-1234567890123", "D-12345678", "C-1234567U"] {
            assert!(text.parse::<CaseId>().is_err(), "{text}");
        }
        assert!(CaseId::new("C-7k3qx2mb").is_err(), "signed bytes have one form only");
    }

    #[test]
    fn topics_are_in_ascending_order_and_not_repeated() {
        let case = CaseId::derived("a");
        let mission = MissionCode::new("UNEF II").unwrap();
        let topics = topics(&[case.clone(), case.clone()], Some(&mission));
        assert_eq!(topics, [case.topic(), Topic::new("mission/UNEF_II").unwrap()]);
    }
}
