//! Sealed files, decrypted piece by piece for whoever takes them away.

use super::{Sealed, SealedError};
use crate::store::{Content, PartId};
use cairn_sealing::{Manifest, OpenError, Place};

/// A file that can be read: what it is, and where its pieces lie.
pub struct SealedFile {
    /// What it is.
    pub manifest: Manifest,
    place: Place,
    id: PartId,
}

impl std::fmt::Debug for SealedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedFile({})", self.id)
    }
}

impl Sealed {
    /// A file of which all pieces are here.
    ///
    /// # Errors
    /// When it is for others, erased, not here, or no file.
    pub fn file(&self, id: &PartId) -> Result<SealedFile, SealedError> {
        let (opening, part) = (self.opening(id)?, self.part(id)?);
        if part.content != Content::File {
            return Err(SealedError::Limit(format!("{id} is no file: `cairn open` shows it")));
        }
        let manifest = Manifest::decode(opening.content()).map_err(OpenError::from)?;
        if !self.missing_pieces(id, &part)?.is_empty() {
            return Err(SealedError::Missing(id.clone()));
        }
        Ok(SealedFile { manifest, place: self.place(id, &part), id: id.clone() })
    }

    /// A piece of a file, decrypted.
    ///
    /// # Errors
    /// When it is not here any more or not sound.
    pub fn read_piece(&self, file: &SealedFile, number: u32) -> Result<Vec<u8>, SealedError> {
        let bytes = self.shelf.piece(&file.place, number)?;
        let mut bytes = bytes.ok_or_else(|| SealedError::Missing(file.id.clone()))?;
        let named = file.manifest.pieces.get(number as usize);
        let named = named.ok_or(OpenError::OtherPiece(number))?;
        let length = file.manifest.bytes_in(number);
        file.manifest.key.open(number, named, length, &mut bytes)?;
        Ok(bytes)
    }
}
