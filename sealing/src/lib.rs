//! Sealed parts: what is encrypted to members and kept beside the log.
//!
//! One way in, one way out: [`seal`] makes a payload and its commitment, [`Payload::open`] gives the content back
//! and proves that it is what was committed to. Large files are encrypted in pieces ([`piece`]), of which a part
//! holds the [`Manifest`]. This crate knows no log, no case and no disk. Source: `docs/spec/15-sealed.md`.

mod error;
mod key;
mod manifest;
mod opening;
mod payload;
pub mod piece;
mod randomness;

pub use error::{OpenError, SealError};
pub use key::{ContentKey, KeyId, Recipient, SealingSecret};
pub use manifest::{FILE_BYTES_MAX, MANIFEST_FORMAT, Manifest};
pub use opening::{OPENING_BYTES_MAX, Opening};
pub use payload::{
    CONTENT_BYTES_MAX, PAYLOAD_BYTES_MAX, Payload, Place, SIZE_CLASSES, Sealed, seal, seal_with,
};
pub use randomness::Randomness;
