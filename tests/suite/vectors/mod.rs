//! Vectors: one file, one sentence of the specification, one outcome. Published ones never change.
//!
//! The files under `tests/vectors/` are what counts. `CAIRN_WRITE_VECTORS=1` writes those that are
//! missing; a file that differs from what is made here is a change of the format.

#![expect(clippy::too_many_lines, reason = "tables: one row for each vector")]

mod administration;
mod amended;
mod amendments;
mod charters;
pub(crate) mod check;
mod exports;
mod facts;
mod forks;
mod logs;
mod notes;
mod receipts;
mod sealed;
mod statements;
mod trees;
mod witnesses;

use check::check;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What a vector says and shows.
#[derive(Clone)]
struct Vector {
    name: &'static str,
    file: Value,
}

/// Bytes that a reader accepts, with what it then knows.
fn good(name: &'static str, sentence: &str, says: &str, input: Value) -> Vector {
    let area = name.split('/').next().unwrap();
    let known = check(area, &input).unwrap_or_else(|why| panic!("{name} was refused: {why}"));
    Vector {
        name,
        file: json!({ "spec": sentence, "says": says, "input": input, "accepted": known }),
    }
}

/// Bytes that a reader refuses, saying something with `why` in it.
fn bad(name: &'static str, sentence: &str, says: &str, input: Value, why: &str) -> Vector {
    let area = name.split('/').next().unwrap();
    let error = check(area, &input).expect_err(name);
    assert!(error.contains(why), "{name} was refused for another reason: {error}");
    Vector { name, file: json!({ "spec": sentence, "says": says, "input": input, "refused": why }) }
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

/// Every vector on the disk, by area and name.
pub(crate) fn published() -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for area in fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()) {
        for path in fs::read_dir(&area).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.with_extension("");
            let name = name.strip_prefix(folder()).unwrap().to_string_lossy().into_owned();
            let file = serde_json::from_slice(&fs::read(&path).unwrap());
            found.insert(name, file.unwrap_or_else(|why| panic!("{}: {why}", path.display())));
        }
    }
    found
}

fn made() -> Vec<Vector> {
    let all = [
        statements::make(),
        logs::make_entries(),
        logs::make_logs(),
        administration::make_logs(),
        administration::make_marks(),
        notes::make(),
        charters::make_cards(),
        charters::make_charters(),
        amendments::make(),
        amended::make(),
        trees::make(),
        exports::make(),
        exports::make_wire(),
        receipts::make_cosigned(),
        receipts::make_receipts(),
        forks::make(),
        witnesses::make(),
        facts::make(),
        sealed::make(),
    ];
    all.into_iter().flatten().collect()
}

#[test]
fn every_published_vector_has_the_outcome_that_it_names() {
    let published = published();
    assert!(published.len() > 100, "found only {}", published.len());
    for (name, file) in &published {
        let area = name.split('/').next().unwrap();
        match (check(area, &file["input"]), &file["accepted"], &file["refused"]) {
            (Ok(known), accepted, Value::Null) => assert_eq!(known, *accepted, "{name}"),
            (Err(why), Value::Null, Value::String(refused)) => {
                assert!(why.contains(refused), "{name} was refused for another reason: {why}");
            }
            (found, accepted, refused) => {
                panic!("{name}: expected {accepted} or {refused}, found {found:?}")
            }
        }
    }
}

#[test]
fn the_published_vectors_are_those_that_are_made_here() {
    let write = std::env::var_os("CAIRN_WRITE_VECTORS").is_some();
    let made = made();
    for Vector { name, file } in &made {
        let path = folder().join(format!("{name}.json"));
        if write && !path.exists() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, format!("{file:#}\n")).unwrap();
        }
    }
    let mut published = published();
    for Vector { name, file } in made {
        assert_eq!(published.remove(name).as_ref(), Some(&file), "{name} was published otherwise");
    }
    assert!(published.is_empty(), "nobody makes {:?}", published.keys());
}

#[test]
fn every_vector_names_a_sentence_that_is_in_the_specification() {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/spec");
    let pages: Vec<_> = fs::read_dir(pages).unwrap().map(|entry| entry.unwrap().path()).collect();
    for (name, file) in published() {
        let (page, sentence) = file["spec"].as_str().unwrap().split_once(':').unwrap();
        let begins =
            |path: &&PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(page);
        let text = fs::read_to_string(pages.iter().find(begins).expect(page)).unwrap();
        let found = text.lines().any(|line| line.starts_with(&format!("{sentence}. ")));
        assert!(found, "{name}: page {page} has no sentence {sentence}");
    }
}
