//! Entries end to end, each behind its length: the bytes of a log file, of C2SP entry bundles and
//! of a range on the wire.

use crate::codec::DecodeError;
use crate::entry::ENTRY_BYTES_MAX;
use alloc::vec::Vec;

/// How many bytes the length before an entry takes.
pub const LENGTH_BYTES: usize = 2;

/// Appends an entry's bytes behind their length. Entries beyond [`ENTRY_BYTES_MAX`] cannot exist
/// behind the statement limit; should one come, it is refused.
///
/// # Errors
/// When the entry is larger than the format allows.
pub fn write(out: &mut Vec<u8>, entry: &[u8]) -> Result<(), DecodeError> {
    let (what, found, limit) = ("an entry", entry.len(), ENTRY_BYTES_MAX);
    let too_long = DecodeError::TooLong { what, found, limit };
    let length = u16::try_from(found).map_err(|_| too_long)?;
    out.extend(length.to_be_bytes());
    out.extend(entry);
    Ok(())
}

/// Splits a bundle into the bytes of its entries. Ends after the first error.
#[derive(Debug, Clone)]
pub struct Slices<'a> {
    rest: &'a [u8],
}

impl<'a> Slices<'a> {
    /// The entries in `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What follows the last whole entry that was returned.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Slices<'a> {
    type Item = Result<&'a [u8], DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = match self.rest {
            [] => return None,
            [high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
            [_] => (usize::MAX, &[][..]),
        };
        if let Some((entry, rest)) = rest.split_at_checked(length) {
            self.rest = rest;
            return Some(Ok(entry));
        }
        self.rest = &[];
        let why = "it ends inside an entry".into();
        Some(Err(DecodeError::Malformed { what: "a bundle of entries", why }))
    }
}
