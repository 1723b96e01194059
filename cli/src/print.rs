//! The one way by which text reaches the screen, so that nothing in it can act on the terminal.
//!
//! Statements come from others. A title may hold an escape sequence that clears the screen, or a
//! bidirectional override that turns "not guilty" around: everything of that kind is shown as its
//! number instead.

use crate::failure::{Answer, Failure};
use cairn_ledger::text::acts;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};

/// True for characters that may not reach a terminal as they are: controls, escapes, bidirectional
/// controls, zero-width characters (joiners too: two names that look alike must be told apart).
fn is_dangerous(c: char) -> bool {
    acts(c)
        || matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// `text` with every character that acts shown as its number: `\u{1b}`.
#[must_use]
pub fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_dangerous(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Anything that prints, made safe.
#[must_use]
pub fn show(value: impl std::fmt::Display) -> String {
    safe(&value.to_string())
}

/// Prints one line of the command's own words to standard output. What others wrote goes through
/// [`safe`] again, so that forgetting it at the call is not a hole; line breaks are the caller's.
pub fn line(text: impl AsRef<str>) {
    let mut out = text.as_ref().split('\n').map(safe).collect::<Vec<_>>().join("\n");
    out.push('\n');
    write_out(&out);
}

/// Prints a heading, bold on a terminal.
pub fn heading(text: impl AsRef<str>) {
    write_out(&format!("\u{1b}[1m{}\u{1b}[0m\n", safe(text.as_ref())));
}

/// Prints a warning line, reversed on a terminal: nobody may overlook it.
pub fn banner(text: impl AsRef<str>) {
    write_out(&format!("\u{1b}[7m {} \u{1b}[0m\n", safe(text.as_ref())));
}

/// Prints a remark that is not the answer to standard error.
pub fn remark(text: impl AsRef<str>) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(anstream::stderr(), "{}", safe(text.as_ref()));
}

/// Prints a value for programs: indented JSON, in which nothing acts on a terminal either.
pub fn json(value: &impl Serialize) {
    write_out(&(json_text(value, true) + "\n"));
}

/// Prints a value for programs on one line, for streams.
pub fn json_line(value: &impl Serialize) {
    write_out(&(json_text(value, false) + "\n"));
}

/// Bytes that another program reads, as they are.
pub fn raw(bytes: &[u8]) {
    finish(io::stdout().write_all(bytes).and_then(|()| io::stdout().flush()));
}

fn json_text(value: &impl Serialize, indented: bool) -> String {
    let text =
        if indented { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    // Our own types have string keys and nothing that JSON cannot say.
    let text = text.unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_dangerous(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Prints a failure and its hint to standard error.
pub fn failure(failure: &Failure, as_json: bool) {
    let Failure { what, hint, .. } = failure;
    if as_json {
        let value = serde_json::json!({ "error": what, "hint": hint });
        let _ = writeln!(anstream::stderr(), "{}", json_text(&value, false));
        return;
    }
    remark(format!("error: {what}"));
    if let Some(hint) = hint {
        remark(format!("hint: {hint}"));
    }
}

/// A table whose cells are made safe.
pub struct Rows {
    table: Table,
}

impl Rows {
    /// An empty table with these headings.
    #[must_use]
    pub fn new(headings: &[&str]) -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_header(headings.iter().map(|text| safe(text)));
        table.set_content_arrangement(ContentArrangement::Dynamic);
        if !io::stdout().is_terminal() {
            // A pipe has no width; a line stays a line.
            table.set_content_arrangement(ContentArrangement::Disabled);
        }
        Self { table }
    }

    /// Adds a row.
    pub fn push<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.table.add_row(cells.into_iter().map(|cell| safe(cell.as_ref())));
    }

    /// Prints the table.
    pub fn print(&self) {
        for text in self.table.to_string().lines() {
            line(text.trim_end());
        }
    }
}

/// Asks a yes-or-no question on the terminal. Without a terminal nobody can answer: none.
#[must_use]
pub fn ask(question: &str) -> Option<bool> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return None;
    }
    let _ = write!(anstream::stderr(), "{} [y/N] ", safe(question));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).ok()?;
    Some(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn write_out(text: &str) {
    let mut out = anstream::stdout();
    finish(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// A reader that went away (`| head`) is no failure, and nothing is left to do for it. Any other
/// error is one: half an answer may not look like a whole one.
fn finish(written: io::Result<()>) {
    match written {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            remark(format!("error: cannot write the answer: {error}"));
            std::process::exit(Answer::Unknown.code().into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every character there is.
    fn all() -> impl Iterator<Item = char> {
        ('\0'..=char::MAX).filter(|c| !c.is_alphanumeric() || u32::from(*c) % 97 == 0)
    }

    #[test]
    fn nothing_that_acts_gets_through() {
        let listed = "\0\t\n\r\u{7}\u{1b}\u{7f}\u{80}\u{9b}\u{9f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\
             \u{2066}\u{2067}\u{2068}\u{2069}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\u{2060}\u{feff}";
        for c in listed.chars() {
            assert!(safe(&format!("a{c}b")).is_ascii(), "U+{:04X}", u32::from(c));
            assert!(!safe(&c.to_string()).contains(c));
        }
        for c in all() {
            let shown = safe(&c.to_string());
            assert!(!shown.chars().any(char::is_control), "U+{:04X}", u32::from(c));
            assert!(shown == c.to_string() || shown == c.escape_unicode().to_string());
        }
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for text in ["Côte d'Ivoire", "قضية", "Дело", "案件", "a – b", "naïve 🪨"] {
            assert_eq!(safe(text), text);
        }
    }

    #[test]
    fn json_stays_json_and_says_the_same() {
        for c in all() {
            let value = format!("a{c}b");
            let text = json_text(&value, true);
            assert!(!text.chars().any(is_dangerous), "U+{:04X}", u32::from(c));
            assert_eq!(serde_json::from_str::<String>(&text).unwrap(), value);
        }
    }
}
