//! One row, strictly: every field is checked, also of rows that do not count.

use super::COLUMNS;
use cairn_casebook::reference;
use cairn_casebook::vocabulary::{PersonnelCategory, UnCategory};
use cairn_casebook::{Date, MissionCode, StateCode};
use csv::{ByteRecord, StringRecord};
use std::collections::HashSet;

const CASUALTY_TYPES: [&str; 2] = ["Fatality", "Injury"];
const GENDERS: [&str; 3] = ["M", "F", ""];
const INCIDENT_TYPES: [&str; 6] =
    ["Malicious Act", "Accident", "Illness", "Self-Inflicted", "To Be Determined", "Unknown"];
/// Nationalities by which the file says that it does not know.
const UNDETERMINED: [&str; 2] = ["", "ZZ [Undetermined]"];

/// A row that counts: a malicious death.
pub(super) struct Death {
    pub(super) mission: MissionCode,
    pub(super) date: Date,
    pub(super) last_update: Date,
    pub(super) state: Option<StateCode>,
    pub(super) category: PersonnelCategory,
}

/// Checks every field of a row, also of rows that do not count.
pub(super) fn row(record: ByteRecord, ids: &mut HashSet<u64>) -> Result<Option<Death>, String> {
    let record =
        StringRecord::from_byte_record(record).map_err(|error| format!("not UTF-8: {error}"))?;
    let fields: Vec<&str> = record.iter().map(str::trim).collect();
    let fields: [&str; COLUMNS.len()] = fields
        .try_into()
        .map_err(|found: Vec<_>| format!("{} fields, expected {}", found.len(), COLUMNS.len()))?;
    let [
        id,
        date,
        casualty,
        mission,
        kind,
        gender,
        nationality,
        category,
        incident,
        m49,
        iso3,
        updated,
    ] = fields;
    let number: u64 = id.parse().map_err(|_| wrong("id", id, "a number"))?;
    if !ids.insert(number) {
        return Err(format!("id {number} stands in the file before"));
    }
    if casualty.is_empty() {
        return Err("casualty_id is empty".into());
    }
    one_of("type_of_casualty", kind, &CASUALTY_TYPES)?;
    one_of("gender", gender, &GENDERS)?;
    one_of("type_of_incident", incident, &INCIDENT_TYPES)?;
    let (date, last_update) = (day("incident_date", date)?, day("last_update", updated)?);
    if date > last_update {
        return Err(format!("incident_date {date} is after last_update {last_update}"));
    }
    let mission: MissionCode =
        mission.parse().map_err(|_| wrong("mission_acronym", mission, "a mission's acronym"))?;
    let category: UnCategory =
        category.parse().map_err(|error| format!("casualty_personnel_type: {error}"))?;
    let category = PersonnelCategory::from_un_category(category);
    let state = state(iso3, m49, nationality)?;
    let counts = incident == "Malicious Act" && kind == "Fatality";
    Ok(counts.then_some(Death { mission, date, last_update, state, category }))
}

fn wrong(column: &str, found: &str, expected: &str) -> String {
    format!("{column} is \"{found}\", expected {expected}")
}

fn one_of(column: &str, found: &str, known: &[&str]) -> Result<(), String> {
    if known.contains(&found) {
        return Ok(());
    }
    let known: Vec<_> = known.iter().filter(|word| !word.is_empty()).copied().collect();
    Err(wrong(column, found, &format!("one of: {}", known.join(", "))))
}

fn day(column: &str, text: &str) -> Result<Date, String> {
    let date: Date = text.parse().map_err(|error| format!("{column}: {error}"))?;
    match date.day() {
        Some(_) => Ok(date),
        None => Err(wrong(column, text, "a whole date, YYYY-MM-DD")),
    }
}

/// The State of a row: by its code, else by its number, else by its name; none when the file says
/// that nobody knows. Code and number must not contradict each other.
fn state(iso3: &str, m49: &str, name: &str) -> Result<Option<StateCode>, String> {
    let by_number = match m49.strip_suffix(".0").unwrap_or(m49) {
        "" => None,
        digits => {
            let number = digits.parse().map_err(|_| wrong("m49_code", m49, "a number"))?;
            Some(
                reference::state_by_m49(number)
                    .ok_or_else(|| wrong("m49_code", m49, "the number of a State"))?,
            )
        }
    };
    if !iso3.is_empty() {
        let known = reference::state(iso3)
            .ok_or_else(|| wrong("isocode3", iso3, "the ISO 3166-1 alpha-3 code of a State"))?;
        if by_number.is_some_and(|other| other.iso3 != known.iso3) {
            return Err(format!("isocode3 {iso3} and m49_code {m49} name different States"));
        }
        return code(known).map(Some);
    }
    if let Some(known) = by_number {
        return code(known).map(Some);
    }
    if UNDETERMINED.contains(&name) {
        return Ok(None);
    }
    let known = reference::states().iter().find(|state| plain(state.name) == plain(name));
    known.map(code).transpose()?.map(Some).ok_or_else(|| {
        wrong("casualty_nationality", name, "the name of a State, as there is no code")
    })
}

fn code(state: &reference::State) -> Result<StateCode, String> {
    StateCode::new(state.iso3).map_err(|error| error.to_string())
}

/// A name without what spellings differ in: `Côte dIvoire` and `Côte d'Ivoire`.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
