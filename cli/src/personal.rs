//! Warns before something is signed that may give somebody away, and stands in the clear for ever.

use crate::failure::Failure;
use cairn_casebook::Fact;
use cairn_casebook::personal::findings;
use serde_json::Value;

/// The fields that people fill with words of their own.
const FREE_TEXT: [&str; 9] =
    ["title", "text", "place", "source", "office", "reference", "label", "authority", "decision"];

/// Refuses a fact of which a text looks as if it should not be public.
///
/// # Errors
/// With the field, the piece and what it looks like.
pub fn check(fact: &Fact) -> Result<(), Failure> {
    let value = serde_json::to_value(fact)
        .map_err(|error| Failure::unknown(format!("it cannot be looked at: {error}")))?;
    let mut found = Vec::new();
    look(None, &value, &mut found);
    if found.is_empty() {
        return Ok(());
    }
    Err(Failure::no(format!("everybody will read this for ever: {}", found.join("; "))).hint(
        "put it into a sealed part (--sealed-text … --to …), or, where it may be public, add \
         --yes-it-may-be-public",
    ))
}

fn look(field: Option<&str>, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => {
            let Some(field) = field.filter(|field| FREE_TEXT.contains(field)) else { return };
            for finding in findings(text) {
                let (piece, looks) = (finding.text, finding.looks);
                found.push(format!("{field} has \"{piece}\", which looks like {looks}"));
            }
        }
        Value::Array(all) => all.iter().for_each(|value| look(field, value, found)),
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| look(Some(name), value, found));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Answer;

    fn note(text: &str) -> Fact {
        let says = r#"{"basis":"own_act","verification":"unverified","as_of":"2026-11-20"}"#;
        let text = serde_json::to_string(text).unwrap();
        serde_json::from_str(&format!(r#"{{"note":{{"says":{says},"text":{text}}}}}"#)).unwrap()
    }

    #[test]
    fn a_text_that_gives_somebody_away_is_refused_with_what_was_found() {
        assert_eq!(check(&note("The patrol was attacked near Beni")), Ok(()));
        let refused = check(&note("call +243 81 234 5678")).unwrap_err();
        assert_eq!(refused.answer, Answer::No);
        assert!(refused.what.contains("text has \"+243 81 234 5678\""), "{}", refused.what);
        assert!(refused.hint.unwrap().contains("--yes-it-may-be-public"));
    }
}
