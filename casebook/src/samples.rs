//! Facts and statements for this crate's tests.

use crate::fact::{
    Authority, CaseOpened, Casualties, Closed, Correction, EntryRef, Fact, InvestigationOpened,
    Judgment, JudgmentResult, Notified, Reading, Reopened, Replacement, Retraction, Says,
};
use crate::vocabulary::{
    Basis, Channel, ClosingReason, IncidentType, Level, Nature, OffenceCategory, Outcome, Presence,
    Reason, Sentence, Verification,
};
use crate::{Accused, Date, MissionCode, Moment, StateCode, Stated};
use alloc::vec;
use cairn_ledger::charter::MemberKind;
use cairn_ledger::statement::Timestamp;
use cairn_ledger::text::Text;
use cairn_ledger::{EntryHash, MemberCode};

pub(crate) fn day(day: u8) -> Date {
    Date::new(2017, 12, day).unwrap()
}

pub(crate) fn says(as_of: u8) -> Says {
    Says { basis: Basis::PublicSource, verification: Verification::SingleSource, as_of: day(as_of) }
}

fn says_on(basis: Basis, as_of: u8) -> Says {
    Says { basis, ..says(as_of) }
}

pub(crate) fn opened(incident: Date) -> Fact {
    Fact::CaseOpened(CaseOpened {
        says: says(8),
        title: "Attack on a base".parse().unwrap(),
        mission: MissionCode::new("MONUSCO").unwrap(),
        host_states: vec![StateCode::new("COD").unwrap()],
        date: incident,
        place: Some("Semuliki".parse().unwrap()),
        incident_types: vec![IncidentType::AttackOnBase],
        offence_categories: vec![OffenceCategory::Killing],
        nature: Nature::Demonstration,
        source: Text::default(),
    })
}

pub(crate) fn casualties(as_of: u8, killed: u32) -> Fact {
    let (injured, detained, missing) = (None, None, None);
    let killed = Some(killed);
    let says = says(as_of);
    Fact::Casualties(Casualties { says, killed, injured, detained, missing, by_state: vec![] })
}

pub(crate) fn notified(as_of: u8) -> Fact {
    Fact::Notified(Notified {
        says: says(as_of),
        received_at: None,
        sent_at: Moment::new(day(as_of), Some(845)).unwrap(),
        authority: Authority { state: StateCode::new("COD").unwrap(), office: Text::default() },
        channel: Channel::NoteVerbale,
        reference: "NV/1".parse().unwrap(),
    })
}

pub(crate) fn investigation(as_of: u8) -> Fact {
    Fact::InvestigationOpened(InvestigationOpened {
        says: says_on(Basis::OwnAct, as_of),
        proceeding: "COD/P-1".parse().unwrap(),
        date: day(as_of),
    })
}

pub(crate) fn judgment(basis: Basis, as_of: u8) -> Fact {
    judgment_with(basis, as_of, Outcome::Convicted)
}

pub(crate) fn judgment_with(basis: Basis, as_of: u8, outcome: Outcome) -> Fact {
    Fact::Judgment(Judgment {
        says: says_on(basis, as_of),
        proceeding: "COD/P-1".parse().unwrap(),
        level: Level::FirstInstance,
        date: day(20),
        results: vec![JudgmentResult {
            accused: Accused::new(1).unwrap(),
            outcome,
            presence: Presence::InAbsentia,
            sentence: Sentence::NotStated,
        }],
    })
}

pub(crate) fn closed(at: u8, reason: ClosingReason) -> Fact {
    let says = says_on(Basis::OwnAct, at);
    Fact::Closed(Closed { says, date: day(at), reason })
}

pub(crate) fn reopened(at: u8) -> Fact {
    Fact::Reopened(Reopened { says: says_on(Basis::OwnAct, at), date: day(at) })
}

pub(crate) fn correction_of(member: &str, position: u64, replacement: Replacement) -> Fact {
    let target = entry(member, position);
    let reason = Reason::CasualtyUpdate;
    Fact::Correction(Correction { says: says(9), target, reason, replacement })
}

pub(crate) fn retraction_of(member: &str, position: u64) -> Fact {
    Fact::Retraction(Retraction {
        says: says(9),
        target: entry(member, position),
        reason: Reason::Clerical,
        text: Text::default(),
    })
}

pub(crate) fn entry(member: &str, position: u64) -> EntryRef {
    let member = MemberCode::new(member).unwrap();
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&position.to_le_bytes());
    EntryRef { member, position, hash: EntryHash(hash) }
}

pub(crate) fn stated(member: &str, position: u64, fact: Fact) -> Stated {
    read(member, position, Reading::Fact(fact))
}

pub(crate) fn read(member: &str, position: u64, reading: Reading) -> Stated {
    let EntryRef { member: code, hash, .. } = entry(member, position);
    let member_kind = Some(match member {
        "UNSEC" => MemberKind::Secretariat,
        "MONUSCO" => MemberKind::Mission,
        _ => MemberKind::State,
    });
    let (made_at, signers) = (Timestamp(1_512_604_800), vec![]);
    let (beyond, noticed_at) = (None, None);
    Stated {
        member: code,
        member_kind,
        position,
        hash,
        made_at,
        signers,
        reading,
        noticed_at,
        sealed: vec![],
        beyond,
        compromised_by: None,
    }
}
