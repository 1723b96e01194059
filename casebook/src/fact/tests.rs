//! What the bytes and the JSON of a fact promise.

use super::*;
use crate::samples::{
    casualties, correction_of, day, investigation, judgment, notified, opened, retraction_of, says,
};
use crate::vocabulary::{
    Basis, ClosingReason, DocumentClass, DocumentUse, ErasureReason, OffenceCategory, PersonRole,
};
use alloc::vec;
use alloc::vec::Vec;
use cairn_ledger::text::Text;

fn one_of_each() -> Vec<Fact> {
    let proceeding: crate::Proceeding = "COD/P-1".parse().unwrap();
    let accused = vec!["A-1".parse().unwrap(), "A-2".parse().unwrap()];
    let authority = Authority { state: "COD".parse().unwrap(), office: Text::default() };
    let (says, date) = (says(9), day(9));
    vec![
        opened(day(7)),
        casualties(9, 14),
        notified(8),
        Fact::Acknowledged(Acknowledged { says, authority, date, reference: Text::default() }),
        investigation(21),
        Fact::SuspectsIdentified(SuspectsIdentified {
            says,
            proceeding: proceeding.clone(),
            number: 2,
        }),
        Fact::Charged(Charged {
            says,
            proceeding: proceeding.clone(),
            date,
            accused: accused.clone(),
            offences: vec![OffenceCategory::Killing],
        }),
        Fact::TrialOpened(TrialOpened { says, proceeding, date, accused }),
        judgment(Basis::OwnAct, 20),
        Fact::NoChange(NoChange { says, since: day(1) }),
        Fact::Note(Note { says, text: "seen".parse().unwrap() }),
        correction_of("UNSEC", 1, Replacement::of(&casualties(9, 15))),
        retraction_of("UNSEC", 1),
        Fact::Closed(Closed { says, date, reason: ClosingReason::TimeBarred }),
        Fact::Reopened(Reopened { says, date }),
    ]
    .into_iter()
    .chain(sealed(says, date))
    .collect()
}

fn sealed(says: Says, date: Date) -> Vec<Fact> {
    let (member, hash) = ("UNSEC".parse().unwrap(), cairn_ledger::EntryHash([7; 32]));
    let target = EntryRef { member, position: 3, hash };
    let (class, purpose) = (DocumentClass::Image, DocumentUse::Evidentiary);
    let (part, reason) = (MAIN_PART, ErasureReason::PersonalData);
    let authority = "court order 7".parse().unwrap();
    vec![
        Fact::Document(Document { says, label: Text::default(), class, purpose }),
        Fact::HandedOver(HandedOver { says, document: target.clone(), date }),
        Fact::Granted(Granted { says, target: target.clone(), part }),
        Fact::Erased(Erased { says, target, part, reason, authority }),
        Fact::Identity(Identity { says, role: PersonRole::Victim, number: 1 }),
        Fact::Admitted(Admitted {
            says,
            member: "TUR".parse().unwrap(),
            decision: "request of 3 May".parse().unwrap(),
        }),
    ]
}

fn decode(fact: &Fact) -> Fact {
    match Fact::decode(fact.kind(), &fact.encode()) {
        Ok(Reading::Fact(fact)) => fact,
        other => panic!("{other:?}"),
    }
}

#[test]
fn bytes_and_json_say_the_same() {
    let facts = one_of_each();
    assert!(facts.iter().map(Fact::kind).eq(Fact::KINDS.iter().map(|row| row.kind)));
    for fact in facts {
        fact.check().unwrap();
        assert_eq!(decode(&fact), fact);
        let json = serde_json::to_string(&fact).unwrap();
        let read: Fact = serde_json::from_str(&json).unwrap();
        assert_eq!(read.encode(), fact.encode());
        assert!(json.starts_with(&alloc::format!("{{\"{}\":", fact.name())), "{json}");
    }
}

#[test]
fn the_bytes_of_a_fact_are_those_of_the_specification() {
    let Fact::Casualties(said) = casualties(9, 14) else { panic!() };
    let mut expected = vec![3, 0, 0, 0, 1, 0, 0, 0]; // public_source, single_source
    expected.extend([225, 7, 12, 9]); // 2017-12-09
    expected.extend([1, 14, 0, 0, 0, 0, 0, 0]); // 14 killed, nothing said of the others
    expected.extend([0; 8]); // no rows
    assert_eq!(Fact::Casualties(said).encode().0, expected);
}

#[test]
fn any_garbage_is_refused() {
    for fact in one_of_each() {
        let bytes = fact.encode().0;
        for end in 0..bytes.len() {
            let cut = Bytes(bytes[..end].to_vec());
            assert!(Fact::decode(fact.kind(), &cut).is_err(), "{} cut at {end}", fact.name());
        }
        let longer = Bytes(bytes.iter().copied().chain([0]).collect());
        assert!(Fact::decode(fact.kind(), &longer).is_err());
        let mut basis = bytes;
        basis[0] = 9;
        assert!(Fact::decode(fact.kind(), &Bytes(basis)).is_err(), "an unknown word");
    }
    let huge = Bytes(vec![255; 40_000]);
    assert!(matches!(Fact::decode(Kind(150), &huge), Err(DecodeError::TooLong { .. })));
}

#[test]
fn a_kind_that_is_not_known_is_no_error() {
    assert_eq!(Fact::decode(Kind(999), &Bytes(vec![1, 2])), Ok(Reading::Unknown(Kind(999))));
    assert_eq!(Fact::decode(Kind(1), &Bytes::default()), Ok(Reading::Unknown(Kind(1))));
}

#[test]
fn a_replacement_of_an_unknown_kind_survives() {
    let json = r#"{"bytes":{"kind":999,"body":"0102"}}"#;
    let replacement: Replacement = serde_json::from_str(json).unwrap();
    let fact = correction_of("UNSEC", 1, replacement);
    assert_eq!(decode(&fact), fact);
    assert!(serde_json::to_string(&fact).unwrap().contains(json));
}

#[test]
fn a_correction_of_a_correction_does_not_nest() {
    let inner = correction_of("UNSEC", 1, Replacement::of(&casualties(9, 15)));
    let outer = correction_of("UNSEC", 2, Replacement::of(&inner));
    assert!(outer.check().is_err());
    assert!(Fact::decode(outer.kind(), &outer.encode()).is_err());
}

#[test]
fn fields_at_odds_are_refused_by_name() {
    let json = r#"{"casualties":{"says":{"basis":"own_act","verification":"unverified",
        "as_of":"2017-12"},"killed":1,"by_state":[{"state":"TZA","category":"police","killed":2}]}}"#;
    let fact: Fact = serde_json::from_str(json).unwrap();
    let refused = fact.check().unwrap_err().to_string();
    assert_eq!(refused, "by_state counts more dead than killed says");
    let error = serde_json::from_str::<Fact>(r#"{"note":{"texts":""}}"#).unwrap_err().to_string();
    assert!(error.contains("unknown field `texts`"), "{error}");
}

#[test]
fn lists_are_put_in_order_before_they_are_signed() {
    let Fact::Charged(mut charged) = one_of_each().swap_remove(6) else { panic!() };
    charged.accused.reverse();
    let fact = Fact::Charged(charged);
    assert!(fact.check().is_err());
    assert!(fact.in_order().check().is_ok());
}

#[test]
fn nobody_notifies_before_the_first_report() {
    let Fact::Notified(mut notified) = notified(8) else { panic!() };
    for (received, allowed) in [
        ("2017-12-08T14:05Z", true),
        ("2017-12-08T14:06Z", false),
        ("2017-12-08", true),
        ("2017-12", true),
        ("2017-12-09", false),
    ] {
        notified.received_at = Some(received.parse().unwrap());
        assert_eq!(Fact::Notified(notified.clone()).check().is_ok(), allowed, "{received}");
    }
}
