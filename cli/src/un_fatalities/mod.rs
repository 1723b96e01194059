//! Reads the United Nations' casualty data, row by row and strictly, into one case per mission and
//! day with malicious deaths. Pure: bytes in, incidents or complaints out.

mod incident;
mod row;
#[cfg(test)]
mod tests;

pub use incident::Incident;

use cairn_casebook::{Date, MissionCode};
use csv::ByteRecord;
use row::{Death, row};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::io::Read;

/// The columns, all of them and in this order, as the United Nations publish them.
pub const COLUMNS: [&str; 12] = [
    "id",
    "incident_date",
    "casualty_id",
    "mission_acronym",
    "type_of_casualty",
    "gender",
    "casualty_nationality",
    "casualty_personnel_type",
    "type_of_incident",
    "m49_code",
    "isocode3",
    "last_update",
];
/// After so many bad rows the file is of another kind, and the rest says nothing new.
const BAD_ROWS_MAX: usize = 1000;

/// A row that is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadRow {
    /// The line of the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// How many rows were read.
    pub rows: u64,
    /// How many of them are malicious deaths.
    pub deaths: u32,
    /// Malicious deaths whose nationality the file does not know.
    pub undetermined: u32,
    /// In order of mission and day.
    pub incidents: Vec<Incident>,
}

/// Why a file gives nothing.
#[derive(Debug)]
pub enum ReadError {
    /// Some rows are bad, so none is taken.
    BadRows(Vec<BadRow>),
    /// The system does not give the bytes.
    Io(std::io::Error),
}

/// Reads a whole file.
///
/// # Errors
/// When any row is bad, or the bytes cannot be had.
pub fn read(bytes: impl Read) -> Result<Contents, ReadError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let (mut contents, mut bad, mut ids) = (Contents::default(), Vec::new(), HashSet::new());
    let mut incidents = BTreeMap::new();
    check_columns(reader.byte_headers().map_err(io_error)?)?;
    let mut record = ByteRecord::new();
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(io_error(error)),
        }
        contents.rows = contents.rows.saturating_add(1);
        match row(record.clone(), &mut ids) {
            Ok(None) => {}
            Ok(Some(death)) => count(death, &mut contents, &mut incidents),
            Err(reason) => {
                let line = record.position().map_or(0, csv::Position::line);
                bad.push(BadRow { line, reason });
            }
        }
        if bad.len() >= BAD_ROWS_MAX {
            break;
        }
    }
    contents.incidents = incidents.into_values().collect();
    if bad.is_empty() { Ok(contents) } else { Err(ReadError::BadRows(bad)) }
}

fn io_error(error: csv::Error) -> ReadError {
    let text = error.to_string();
    if let csv::ErrorKind::Io(error) = error.into_kind() {
        return ReadError::Io(error);
    }
    ReadError::BadRows(vec![BadRow { line: 1, reason: text }])
}

fn check_columns(found: &ByteRecord) -> Result<(), ReadError> {
    if found.iter().eq(COLUMNS.iter().map(|name| name.as_bytes())) {
        return Ok(());
    }
    let names: Vec<_> = found.iter().take(20).map(String::from_utf8_lossy).collect();
    let reason = format!("the columns are {}, expected {}", names.join(","), COLUMNS.join(","));
    Err(ReadError::BadRows(vec![BadRow { line: 1, reason }]))
}

type Incidents = BTreeMap<(MissionCode, Date), Incident>;

fn count(death: Death, contents: &mut Contents, incidents: &mut Incidents) {
    let Death { mission, date, last_update, state, category } = death;
    contents.deaths = contents.deaths.saturating_add(1);
    let key = (mission.clone(), date);
    let incident = incidents.entry(key).or_insert_with(|| Incident {
        mission,
        date,
        last_update,
        killed: 0,
        by_state: BTreeMap::new(),
    });
    incident.killed = incident.killed.saturating_add(1);
    incident.last_update = incident.last_update.max(last_update);
    match state {
        Some(state) => {
            let killed = incident.by_state.entry((state, category)).or_default();
            *killed = killed.saturating_add(1);
        }
        None => contents.undetermined = contents.undetermined.saturating_add(1),
    }
}
