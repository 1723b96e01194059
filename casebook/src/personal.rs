//! Text that may give somebody away: what looks like a name, a way to reach somebody, or a place on a map.
//!
//! A warning and not a wall: it is looked at before something is signed that stands in the clear for ever.
//! It errs towards asking, but not for every capital letter: words that name States, institutions, missions
//! or months are known.

use crate::reference;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// What a piece of text looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Looks {
    /// A person's name.
    Name,
    /// An e-mail address.
    Mail,
    /// A telephone number.
    Telephone,
    /// A place to a few metres.
    Coordinates,
    /// A passport's or identity card's number.
    DocumentNumber,
    /// A date of birth.
    Birth,
}

impl fmt::Display for Looks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Name => "a person's name",
            Self::Mail => "an e-mail address",
            Self::Telephone => "a telephone number",
            Self::Coordinates => "coordinates",
            Self::DocumentNumber => "the number of a document",
            Self::Birth => "a date of birth",
        })
    }
}

/// A piece of text that may give somebody away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it looks like.
    pub looks: Looks,
    /// The piece.
    pub text: String,
}

/// Words before a name, in small letters and without a point.
const TITLES: &[&str] = &[
    "mr",
    "mrs",
    "ms",
    "miss",
    "dr",
    "prof",
    "capt",
    "captain",
    "col",
    "colonel",
    "lt",
    "sgt",
    "sergeant",
    "maj",
    "major",
    "cpl",
    "corporal",
    "pvt",
    "private",
    "mme",
    "mlle",
    "monsieur",
    "madame",
    "sr",
    "sra",
    "señor",
    "señora",
    "г-н",
    "г-жа",
    "السيد",
    "السيدة",
    "inspector",
];
/// Words before a document's number.
const DOCUMENTS: &[&str] = &[
    "passport",
    "passeport",
    "pasaporte",
    "паспорт",
    "جواز",
    "护照",
    "identity",
    "identité",
    "identidad",
    "id",
    "cni",
    "dni",
    "licence",
    "удостоверение",
];
/// Words before a date of birth.
const BIRTHS: &[&str] = &[
    "born",
    "birth",
    "dob",
    "né",
    "née",
    "naissance",
    "nacido",
    "nacida",
    "nacimiento",
    "родился",
    "родилась",
    "مواليد",
];
/// Words with a capital letter that are no names of persons.
const KNOWN: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "ministry",
    "minister",
    "justice",
    "interior",
    "defence",
    "defense",
    "foreign",
    "affairs",
    "court",
    "tribunal",
    "military",
    "civil",
    "high",
    "supreme",
    "appeal",
    "appeals",
    "prosecutor",
    "prosecution",
    "office",
    "general",
    "attorney",
    "public",
    "police",
    "national",
    "armed",
    "forces",
    "force",
    "army",
    "navy",
    "government",
    "president",
    "state",
    "united",
    "nations",
    "security",
    "council",
    "secretariat",
    "secretary",
    "assembly",
    "resolution",
    "mission",
    "peacekeeping",
    "operation",
    "operations",
    "base",
    "camp",
    "sector",
    "north",
    "south",
    "east",
    "west",
    "northern",
    "southern",
    "eastern",
    "western",
    "central",
    "province",
    "district",
    "region",
    "republic",
    "democratic",
    "kingdom",
    "federal",
    "union",
    "african",
    "european",
    "international",
    "commission",
    "committee",
    "focal",
    "point",
    "desk",
    "directorate",
    "department",
    "investigation",
    "investigations",
    "bureau",
    "battalion",
    "company",
    "brigade",
    "contingent",
    "unit",
    "town",
    "note",
    "verbale",
    "kivu",
    "peace",
    "data",
    "hub",
    "hospital",
    "school",
    "airport",
    "river",
    "road",
    "lake",
    "mount",
    "human",
    "rights",
];

/// Everything in a text that may give somebody away, in the order in which it stands there.
#[must_use]
pub fn findings(text: &str) -> Vec<Finding> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let rest = words.get(at..).unwrap_or_default();
        let (looks, taken) = match look(rest, at == 0) {
            Some((looks, taken)) => (looks, taken.max(1)),
            None => {
                at = at.saturating_add(1);
                continue;
            }
        };
        let piece = rest.get(..taken).unwrap_or_default().join(" ");
        found.push(Finding { looks, text: piece });
        at = at.saturating_add(taken);
    }
    found
}

/// What the words at the beginning look like, and how many of them.
fn look(words: &[&str], first: bool) -> Option<(Looks, usize)> {
    let word = *words.first()?;
    if is_mail(word) {
        return Some((Looks::Mail, 1));
    }
    if let Some(taken) = coordinates(words) {
        return Some((Looks::Coordinates, taken));
    }
    if let Some(taken) = after(words, DOCUMENTS, is_number_of_document) {
        return Some((Looks::DocumentNumber, taken));
    }
    if let Some(taken) = after(words, BIRTHS, |word| digits(word) >= 2) {
        return Some((Looks::Birth, taken));
    }
    if let Some(taken) = telephone(words) {
        return Some((Looks::Telephone, taken));
    }
    name(words, first).map(|taken| (Looks::Name, taken))
}

fn digits(word: &str) -> usize {
    word.chars().filter(|c| c.is_numeric()).count()
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric() && c != '+')
}

fn is_mail(word: &str) -> bool {
    let parts = bare(word).split_once('@');
    parts.is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && host.len() > 3)
}

/// One of these words, and within the next four one that `is_it`.
fn after(words: &[&str], keys: &[&str], is_it: impl Fn(&str) -> bool) -> Option<usize> {
    let key = bare(words.first()?).to_lowercase();
    if !keys.contains(&key.as_str()) {
        return None;
    }
    let next = words.iter().skip(1).take(4).position(|word| is_it(word))?;
    Some(next.saturating_add(2))
}

fn is_number_of_document(word: &str) -> bool {
    let word = bare(word);
    digits(word) >= 5 && word.chars().all(|c| c.is_alphanumeric() || c == '-')
}

/// Eight digits or more in groups as people write them to be called.
fn telephone(words: &[&str]) -> Option<usize> {
    let part = |c: char| c.is_numeric() || "+-().\u{2010}\u{2011}".contains(c);
    let is_part = |word: &&&str| {
        let word = word.trim_end_matches([',', ';', ':']);
        !word.is_empty() && word.chars().all(part) && digits(word) > 0
    };
    let taken = words.iter().take_while(is_part).count().min(7);
    let all = words.get(..taken)?;
    let count: usize = all.iter().map(|word| digits(word)).sum();
    let first = *all.first()?;
    let called = first.starts_with('+') || first.starts_with("00") || first.starts_with('0');
    let dated = all.iter().any(|word| is_date(word));
    let grouped = all.len() > 1 || first.contains(['-', '.', '(']);
    ((8..=16).contains(&count) && called && grouped && !dated).then_some(taken).or_else(|| {
        // Without a space, but with the sign of a call across borders.
        (first.starts_with('+') && digits(first) >= 8).then_some(1)
    })
}

/// A day as in 2026-11-20.
fn is_date(word: &str) -> bool {
    let parts: Vec<&str> = bare(word).split(['-', '.', '/']).collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.chars().count()).collect();
    parts.iter().all(|part| part.chars().all(char::is_numeric))
        && (lengths == [4, 2, 2] || lengths == [2, 2, 4])
}

/// Degrees with a sign, or two numbers with three places or more.
fn coordinates(words: &[&str]) -> Option<usize> {
    let first = *words.first()?;
    if first.contains('°') && digits(first) > 0 {
        return Some(1);
    }
    let precise = |word: &str| {
        let word = word.trim_matches([',', ';', '(', ')']).trim_start_matches('-');
        let (whole, places) = word.split_once('.')?;
        let is_one = digits(whole) == whole.len()
            && (1..=3).contains(&whole.len())
            && places.len() >= 3
            && digits(places) == places.len();
        is_one.then_some(())
    };
    if let Some((a, b)) = first.split_once(',').filter(|(_, b)| !b.is_empty()) {
        return precise(a).and(precise(b)).map(|()| 1);
    }
    precise(first).and(precise(words.get(1)?)).map(|()| 2)
}

/// A title and a capital letter, or two capitalised words in a row that are no others' names.
fn name(words: &[&str], first: bool) -> Option<usize> {
    let word = bare(words.first()?);
    if TITLES.contains(&word.to_lowercase().as_str()) {
        let next = words.iter().skip(1).take_while(|word| is_capitalised(word)).count().min(4);
        let arabic = words.get(1).is_some_and(|word| word.chars().any(is_arabic));
        return match (next, arabic) {
            (0, true) => Some(2),
            (0, false) => None,
            (more, _) => Some(more.saturating_add(1)),
        };
    }
    let run = words.iter().take_while(|word| is_capitalised(word)).count();
    let row = words.get(..run)?;
    // The first word of a sentence has a capital letter whatever it is.
    let skip = usize::from(first && run > 2);
    let unknown = row.iter().skip(skip).filter(|word| !is_known(word)).count();
    let all_unknown = unknown == row.len().saturating_sub(skip);
    (unknown >= 2 && run <= 5 && all_unknown).then_some(run)
}

fn is_arabic(c: char) -> bool {
    ('\u{600}'..='\u{6ff}').contains(&c)
}

/// A word like `Kabila`: a capital letter and small ones. Not `MONUSCO`.
fn is_capitalised(word: &&str) -> bool {
    let word = bare(word);
    let mut letters = word.chars();
    let capital = letters.next().is_some_and(char::is_uppercase);
    let rest = letters.as_str();
    capital && rest.chars().any(char::is_lowercase) && !rest.chars().any(char::is_numeric)
}

fn is_known(word: &&str) -> bool {
    let word = bare(word).to_lowercase();
    KNOWN.contains(&word.as_str())
        || reference::states().iter().any(|state| {
            let name = state.name.to_lowercase();
            name.split(|c: char| !c.is_alphanumeric()).any(|part| part == word)
        })
        || reference::missions().iter().any(|mission| mission.acronym.to_lowercase() == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(text: &str) -> Vec<Looks> {
        findings(text).into_iter().map(|finding| finding.looks).collect()
    }

    #[test]
    fn what_gives_somebody_away_is_found() {
        let table = [
            ("seen by Jean Invented near the gate", Looks::Name),
            ("Witness Marie Claire Uneinvention spoke", Looks::Name),
            ("ask Col. Untel about it", Looks::Name),
            ("по словам г-н Иванов", Looks::Name),
            ("قال السيد فلان", Looks::Name),
            ("write to someone@example.org.", Looks::Mail),
            ("пишите: кто-то@example.org", Looks::Mail),
            ("call +243 81 234 5678 at night", Looks::Telephone),
            ("call 0041-22-555-0199", Looks::Telephone),
            ("اتصل +٢٤٣ ٨١ ٢٣٤ ٥٦٧٨", Looks::Telephone),
            ("at -1.67771, 29.23862 by the road", Looks::Coordinates),
            ("at 1.67771,29.23862", Looks::Coordinates),
            ("at 1°40′S", Looks::Coordinates),
            ("passport no. OB1234567", Looks::DocumentNumber),
            ("carte d'identité, CNI 119934567", Looks::DocumentNumber),
            ("born on 3 May 1991", Looks::Birth),
            ("née le 03/05/1991", Looks::Birth),
        ];
        for (text, expected) in table {
            assert_eq!(looks(text), [expected], "{text}: {:?}", findings(text));
        }
    }

    #[test]
    fn what_is_no_secret_is_left_alone() {
        let table = [
            "Attack on a base at Semuliki, North Kivu",
            "Attack on a MONUSCO patrol near Beni",
            "Note verbale of 2026-11-20, reference NV/2026/1234",
            "Office of the Military Prosecutor, Goma",
            "Ministry of Justice of the Democratic Republic of the Congo",
            "14 killed, 53 injured on 7 December 2017",
            "A proceeding COD/P-1 was opened at the High Military Court",
            "Focal point, Ministry of Foreign Affairs and East African Cooperation",
            "United Republic of Tanzania",
            "UN Peace and Security Data Hub, snapshot of 2025-04-04",
            "30,000 francs and 1.5 litres",
            "",
        ];
        for text in table {
            assert_eq!(findings(text), [], "{text}");
        }
    }
}
