//! Signed statements that wait in a file: to be carried to a node later, or to be sent again.
//!
//! A text file: a first line that says what it is, comments behind `#`, and each signed statement
//! on a line of its own in hexadecimal, in the order in which they are to be appended.

use crate::failure::Failure;
use crate::home::{Home, cannot, put_in_place, replace};
use crate::sealed::prepared;
use crate::signing;
use cairn_casebook::{Reading, cases_of};
use cairn_ledger::entry::Verifier;
use cairn_ledger::{NetworkId, RawStatement, SignedStatement};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

const MAGIC: &str = "cairn/draft/v1";
/// How draft files end.
const EXTENSION: &str = "draft";
/// A thousand large statements.
const FILE_BYTES_MAX: u64 = 128 << 20;

/// Writes statements to a file, whole or not at all.
///
/// # Errors
/// When the system refuses.
pub fn write(path: &Path, statements: &[SignedStatement]) -> Result<(), Failure> {
    let mut text = format!("{MAGIC}\n");
    for signed in statements {
        let (statement, id) = (signed.statement(), signed.id());
        let kind = cairn_casebook::fact::kind_row(statement.kind).map_or("unknown", |row| row.name);
        let made_at = signing::moment(statement.made_at);
        text.push_str(&format!("# {} says {kind}, {made_at}, statement {id}\n", statement.member));
        text.push_str(&hex::encode(signed.encode()));
        text.push('\n');
    }
    replace(path, text.as_bytes())
}

/// Writes statements to the home's drafts, under a name by which they keep their order.
///
/// # Errors
/// When the system refuses.
pub fn keep(home: &Home, statements: &[SignedStatement]) -> Result<PathBuf, Failure> {
    let folder = home.drafts();
    make_folder(&folder)?;
    let first = statements.first().ok_or_else(|| Failure::no("there is nothing to keep"))?;
    let statement = first.statement();
    let made_at = signing::moment(statement.made_at).replace(['-', ':'], "");
    let about = cases_of(statement).first().map_or(String::new(), |case| format!("-{case}"));
    let unique: String = statement.reference.to_string().chars().take(8).collect();
    let path = folder.join(format!("{made_at}{about}-{unique}.{EXTENSION}"));
    write(&path, statements)?;
    Ok(path)
}

/// The statements of a file, their signatures checked, all of `network`.
///
/// Also reads the bare bytes of one signed statement, as other programs write them.
///
/// # Errors
/// When the file is not a draft, or a statement in it is not true or of another network.
pub fn read(path: &Path, network: NetworkId) -> Result<Vec<SignedStatement>, Failure> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes))
        .map_err(|error| cannot("read", path, &error))?;
    let (shown, mut verifier) = (path.display(), Verifier::new(network));
    let text = std::str::from_utf8(&bytes).ok().and_then(|text| text.strip_prefix(MAGIC));
    let Some(text) = text.filter(|text| text.starts_with(['\n', '\r'])) else {
        let raw = RawStatement::decode(&bytes).map_err(|error| {
            Failure::unknown(format!("{shown} is not a draft: {error}"))
                .hint(format!("a draft begins with the line {MAGIC}"))
        })?;
        return match verified(raw, &mut verifier) {
            Ok(signed) => Ok(vec![signed]),
            Err(why) => Err(Failure::no(format!("{shown}: {why}"))),
        };
    };
    let mut statements = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let signed = hex::decode(line).map_err(|error| error.to_string());
        let signed = signed
            .and_then(|bytes| RawStatement::decode(&bytes).map_err(|error| error.to_string()))
            .and_then(|raw| verified(raw, &mut verifier));
        let refused = |why| Failure::no(format!("{shown}, line {number}: {why}"));
        statements.push(signed.map_err(refused)?);
    }
    if statements.is_empty() {
        return Err(Failure::unknown(format!("{shown} holds no statement")));
    }
    Ok(statements)
}

/// A statement that is true and, where its kind is known, readable.
fn verified(raw: RawStatement, verifier: &mut Verifier) -> Result<SignedStatement, String> {
    let signed = raw.verify(verifier).map_err(|error| error.to_string())?;
    match Reading::of(signed.statement().kind, &signed.statement().body) {
        Reading::Unreadable { why, .. } => Err(why),
        Reading::Fact(_) | Reading::Unknown(_) => Ok(signed),
    }
}

/// The home's drafts, in the order in which they were made.
///
/// # Errors
/// When the folder is there and cannot be read.
pub fn waiting(home: &Home) -> Result<Vec<PathBuf>, Failure> {
    let folder = home.drafts();
    let listed = match fs::read_dir(&folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(cannot("read", &folder, &error)),
    };
    let mut paths = Vec::new();
    for entry in listed {
        let path = entry.map_err(|error| cannot("read", &folder, &error))?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Removes a draft that nobody needs any more, with what lies beside it.
pub fn forget(path: &Path) {
    prepared::forget(path);
    let _ = fs::remove_file(path);
}

/// Moves a draft whose statements stand in the log out of the way.
///
/// # Errors
/// When the system refuses.
pub fn settle(home: &Home, path: &Path) -> Result<(), Failure> {
    let folder = home.drafts().join("submitted");
    make_folder(&folder)?;
    prepared::forget(path);
    let name = path.file_name().unwrap_or_default();
    put_in_place(path, &folder.join(name))
}

fn make_folder(folder: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| cannot("create", folder, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Answer;
    use cairn_ledger::hash::{Bytes, Reference};
    use cairn_ledger::statement::{STATEMENT_FORMAT, Timestamp};
    use cairn_ledger::{Kind, SecretKey, Statement};

    const NETWORK: NetworkId = NetworkId([7; 32]);

    fn signed(n: u8) -> SignedStatement {
        let statement = Statement {
            format: STATEMENT_FORMAT,
            network: NETWORK,
            member: "COD".parse().unwrap(),
            reference: Reference([n; 16]),
            made_at: Timestamp(0),
            kind: Kind(9_999),
            topics: Vec::new(),
            body: Bytes(vec![n]),
            sealed: Vec::new(),
        };
        statement.sign(&[&SecretKey::from_seed([1; 32])])
    }

    #[test]
    fn a_draft_is_read_back_in_its_order_and_belongs_to_its_network() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.draft");
        let statements = vec![signed(2), signed(1)];
        write(&path, &statements).unwrap();
        assert_eq!(read(&path, NETWORK).unwrap(), statements);
        assert_eq!(read(&path, NetworkId([8; 32])).unwrap_err().answer, Answer::No);
        fs::write(&path, signed(3).encode()).unwrap();
        assert_eq!(read(&path, NETWORK).unwrap(), [signed(3)], "bare bytes");
    }

    #[test]
    fn a_draft_that_was_changed_on_its_way_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.draft");
        write(&path, &[signed(1)]).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let line = text.lines().last().unwrap();
        for index in 0..line.len() {
            let old = &line[index..=index];
            let new = if old == "0" { "1" } else { "0" };
            let mut changed = line.to_owned();
            changed.replace_range(index..=index, new);
            fs::write(&path, text.replace(line, &changed)).unwrap();
            assert_eq!(read(&path, NETWORK).unwrap_err().answer, Answer::No, "digit {index}");
        }
        for text in ["", "hello", "cairn/draft/v2\nab", "cairn/draft/v1\n# nothing\n"] {
            fs::write(&path, text).unwrap();
            assert_eq!(read(&path, NETWORK).unwrap_err().answer, Answer::Unknown, "{text}");
        }
    }
}
