//! What becomes of good rows, and what is said about bad ones.

use super::*;
use cairn_casebook::StateCode;
use cairn_casebook::fact::Says;
use cairn_casebook::vocabulary::PersonnelCategory;
use cairn_ledger::statement::Timestamp;

const HEAD: &str = "id,incident_date,casualty_id,mission_acronym,type_of_casualty,gender,\
    casualty_nationality,casualty_personnel_type,type_of_incident,m49_code,isocode3,last_update\n";
const GOOD: &str = "\
    1,2017-12-07,MONUSCO-1,MONUSCO,Fatality,M,United Republic of Tanzania,Military,Malicious Act,834.0,TZA,2025-04-04\n\
    2,2017-12-07,MONUSCO-2,MONUSCO,Fatality,M,United Republic of Tanzania,Military,Malicious Act,834.0,TZA,2025-04-04\n\
    3,2017-12-07,MONUSCO-3,MONUSCO,Fatality,F,Côte dIvoire,Local ,Malicious Act,,,2025-04-04\n\
    4,2017-12-08,MONUSCO-4,MONUSCO,Fatality,,ZZ [Undetermined],Other,Malicious Act,,,2025-04-04\n\
    5,2017-12-08,MONUSCO-5,MONUSCO,Fatality,M,India,Police,Illness,356.0,IND,2025-04-04\n\
    6,1999-01-02,UNTSO-6,UNTSO,Fatality,M,Yugoslavia,Military Observer,Malicious Act,890.0,YUG,2025-04-04\n";

fn contents(rows: &str) -> Contents {
    read(format!("{HEAD}{rows}").as_bytes()).unwrap()
}

fn bad_rows(text: &str) -> Vec<BadRow> {
    match read(text.as_bytes()) {
        Err(ReadError::BadRows(bad)) => bad,
        other => panic!("{other:?}"),
    }
}

#[test]
fn malicious_deaths_become_one_case_per_mission_and_day() {
    let contents = contents(GOOD);
    assert_eq!((contents.rows, contents.deaths, contents.undetermined), (6, 5, 1));
    let [first, second, third] = &contents.incidents[..] else { panic!() };
    assert_eq!((first.killed, second.killed, third.killed), (3, 1, 1));
    let part = |state: &str, category| (state.parse::<StateCode>().unwrap(), category);
    assert_eq!(first.by_state.get(&part("TZA", PersonnelCategory::Military)), Some(&2));
    assert_eq!(first.by_state.get(&part("CIV", PersonnelCategory::CivilianNational)), Some(&1));
    assert!(second.by_state.is_empty());
    assert_eq!(first.host_states(), ["COD".parse().unwrap()]);
    assert!(third.host_states().is_empty(), "UNTSO has had several");
    assert_eq!(first.made_at(), Timestamp(1_743_724_800));
}

#[test]
fn what_is_stated_can_be_read_again_and_has_the_same_number_every_time() {
    use cairn_casebook::vocabulary::{Basis, Verification};
    let says = |as_of: &str| Says {
        basis: Basis::PublicSource,
        verification: Verification::SingleSource,
        as_of: as_of.parse().unwrap(),
    };
    let incident = &contents(GOOD).incidents[0];
    let (opened, dead) =
        (incident.opened(says("2025"), "a file").unwrap(), incident.casualties(says("2025")));
    opened.check().unwrap();
    dead.check().unwrap();
    assert_eq!(incident.reference(&dead), incident.reference(&incident.casualties(says("2026"))));
    assert_ne!(incident.reference(&dead), incident.reference(&opened));
    let more = &contents(&GOOD.replace("2017-12-08", "2017-12-07")).incidents[0];
    assert_eq!(more.case(), incident.case());
    assert_ne!(more.reference(&more.casualties(says("2025"))), incident.reference(&dead));
}

#[test]
fn every_bad_row_is_told_with_its_line_and_nothing_is_taken() {
    for (good, bad, says) in [
        ("2017-12-07,MONUSCO-1", "2017-02-30,MONUSCO-1", "no day"),
        ("2017-12-07,MONUSCO-1", "2017-12,MONUSCO-1", "whole date"),
        ("2017-12-07,MONUSCO-1", "2027-12-07,MONUSCO-1", "after last_update"),
        ("Fatality,M,United", "Death,M,United", "type_of_casualty"),
        ("Fatality,M,United", "Fatality,X,United", "gender"),
        ("Military,Malicious", "Soldier,Malicious", "casualty_personnel_type"),
        ("Malicious Act,834.0", "Murder,834.0", "type_of_incident"),
        ("834.0,TZA", "834.0,XYZ", "isocode3"),
        ("834.0,TZA", "180,TZA", "different States"),
        ("834.0,TZA", "many,TZA", "m49_code"),
        ("MONUSCO-1,MONUSCO", "MONUSCO-1,MONU/SCO", "mission_acronym"),
        ("MONUSCO-1,MONUSCO", ",MONUSCO", "casualty_id is empty"),
        ("1,2017", "one,2017", "id is"),
        ("1,2017", "2,2017", "stands in the file before"),
        ("2025-04-04", "2025-04-04,x", "13 fields"),
    ] {
        let rows = GOOD.replacen(good, bad, 1);
        let found = bad_rows(&format!("{HEAD}{rows}"));
        let line = if says.contains("before") { 3 } else { 2 };
        assert_eq!(found[0].line, line, "{bad}");
        assert!(found[0].reason.contains(says), "{bad}: {}", found[0].reason);
    }
    let two = GOOD.replacen("Fatality,M", "x,M", 2);
    let lines: Vec<_> = bad_rows(&format!("{HEAD}{two}")).iter().map(|bad| bad.line).collect();
    assert_eq!(lines, [2, 3]);
}

#[test]
fn a_file_of_another_kind_is_refused_at_its_first_line() {
    for text in ["", "a,b,c\n1,2,3\n", "\u{0}\u{1}\u{2}"] {
        assert_eq!(bad_rows(text)[0].line, 1, "{text:?}");
    }
    let (head, not_utf8) = (HEAD.as_bytes(), b"1,\xff\xfe,c,d,e,f,g,h,i,j,k,l\n");
    assert!(matches!(read(&[head, not_utf8].concat()[..]), Err(ReadError::BadRows(_))));
}
