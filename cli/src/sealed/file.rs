//! A large file: encrypted piece by piece, handed in piece by piece, and never whole in memory.

use super::Handed;
use crate::client::Client;
use crate::failure::Failure;
use crate::home::cannot;
use cairn_sealing::piece::{PIECE_BYTES, PieceId, PieceKey};
use cairn_sealing::{FILE_BYTES_MAX, Manifest, OpenError};
use indicatif::ProgressBar;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

/// How many pieces are on their way at once.
const AT_ONCE: usize = 4;
/// The most bytes of a name that a file is given.
const NAME_BYTES_MAX: usize = 100;
/// Names that some systems keep for devices.
const RESERVED: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "COM1", "LPT1"];

/// What a first look at a file gives.
pub struct Looked {
    /// Its bytes.
    pub size: u64,
    /// SHA-256 of the whole.
    pub sha256: [u8; 32],
    /// The pieces that it encrypts to.
    pub pieces: Vec<PieceId>,
}

/// Reads a file once: its hash, and the names of its pieces under this key.
///
/// # Errors
/// When it cannot be read or is too large.
pub fn look(path: &Path, key: &PieceKey, bar: &ProgressBar) -> Result<Looked, Failure> {
    let failed = |error: std::io::Error| cannot("read", path, &error);
    let mut file = File::open(path).map_err(failed)?;
    let (mut hash, mut size, mut pieces) = (Sha256::new(), 0_u64, Vec::new());
    let mut buffer = Vec::with_capacity(PIECE_BYTES + 64);
    for number in 0.. {
        fill(&mut file, &mut buffer).map_err(failed)?;
        if buffer.is_empty() {
            break;
        }
        size = size.saturating_add(buffer.len() as u64);
        if size > FILE_BYTES_MAX {
            return Err(Failure::no(format!("{} is larger than 4 GiB", path.display()))
                .hint("split it, and attach the parts"));
        }
        hash.update(&buffer);
        bar.inc(buffer.len() as u64);
        pieces.push(key.seal(number, &mut buffer));
    }
    Ok(Looked { size, sha256: hash.finalize().into(), pieces })
}

/// The next piece of a file.
fn fill(file: &mut File, buffer: &mut Vec<u8>) -> std::io::Result<()> {
    buffer.clear();
    file.take(PIECE_BYTES as u64).read_to_end(buffer)?;
    Ok(())
}

/// Hands in the pieces that the node lacks, a few at once.
///
/// # Errors
/// When the file has changed since it was looked at, or the node refuses or is away.
pub fn hand_in(
    client: &Client,
    path: &Path,
    handed: &Handed,
    manifest: &Manifest,
    missing: &[u32],
    bar: &ProgressBar,
) -> Result<(), Failure> {
    let next = Mutex::new(missing.iter().copied());
    let one = || -> Result<(), Failure> {
        let mut file = File::open(path).map_err(|error| cannot("read", path, &error))?;
        let mut buffer = Vec::with_capacity(PIECE_BYTES + 64);
        loop {
            let number = next.lock().ok().and_then(|mut next| next.next());
            let Some(number) = number else { return Ok(()) };
            let at = u64::from(number).saturating_mul(PIECE_BYTES as u64);
            file.seek(SeekFrom::Start(at)).map_err(|error| cannot("read", path, &error))?;
            fill(&mut file, &mut buffer).map_err(|error| cannot("read", path, &error))?;
            let length = buffer.len() as u64;
            let id = manifest.key.seal(number, &mut buffer);
            if manifest.pieces.get(number as usize) != Some(&id) {
                return Err(Failure::no(format!("{} has changed meanwhile", path.display()))
                    .hint("attach it again once nobody writes to it"));
            }
            client.stage_piece(handed, number, &buffer)?;
            bar.inc(length);
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(one)).collect();
        let ended = workers.into_iter().map(|worker| {
            worker.join().unwrap_or_else(|_| Err(Failure::unknown("an upload broke off")))
        });
        ended.collect::<Result<Vec<()>, Failure>>().map(drop)
    })
}

/// What a file of others may be called here: the last part of its name, if that is harmless; otherwise
/// the name of its entry.
#[must_use]
pub fn harmless(name: &str, otherwise: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let plain = |c: char| c.is_alphanumeric() || " -_.()+".contains(c);
    let stem = last.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let harmless = (1..=NAME_BYTES_MAX).contains(&last.len())
        && last.chars().all(plain)
        && !last.starts_with(['.', '-', ' '])
        && !last.ends_with('.')
        && !RESERVED.contains(&stem.as_str());
    if harmless { last.into() } else { otherwise.into() }
}

/// Copies a file as it comes, and says what its hash is.
///
/// # Errors
/// When reading or writing fails.
pub fn copy(mut from: impl Read, to: &mut File, bar: &ProgressBar) -> std::io::Result<[u8; 32]> {
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 256 << 10]);
    loop {
        let read = from.read(&mut buffer)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hash.update(bytes);
        std::io::Write::write_all(to, bytes)?;
        bar.inc(read as u64);
    }
    to.sync_all()?;
    Ok(hash.finalize().into())
}

/// Keeps the words of a piece that does not open.
impl From<OpenError> for Failure {
    fn from(why: OpenError) -> Self {
        Self::no(why.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_others_lead_nowhere() {
        let name = |name: &str| harmless(name, "COD-17");
        assert_eq!(name("photograph 1.jpg"), "photograph 1.jpg");
        assert_eq!(name("фото.jpg"), "фото.jpg");
        assert_eq!(name("../../etc/passwd"), "passwd");
        assert_eq!(name("C:\\windows\\a.txt"), "a.txt");
        let refused = [
            "",
            ".",
            "..",
            "/",
            "a/..",
            ".bashrc",
            "-rf",
            "con",
            "NUL.txt",
            "a\0b",
            "a\nb",
            "a\u{202e}gpj.exe",
            "a:b",
            "a|b",
            "a*",
            "~",
            "$(x)",
            "a.",
        ];
        for text in refused {
            assert_eq!(name(text), "COD-17", "{text:?}");
        }
        assert_eq!(name(&"a".repeat(300)), "COD-17");
    }
}
