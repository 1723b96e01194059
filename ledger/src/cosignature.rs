//! Dated cosignatures: other members and witnesses have held what a checkpoint promises
//! (c2sp.org/tlog-cosignature, type 0x04).
//!
//! Source: `docs/spec/09-cosignatures.md`.

use crate::charter::{Charter, Version};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::codec::DecodeError;
use crate::key::{BadSignature, PublicKey, SecretKey, Signature};
use crate::note::{Algorithm, RawNote, SignatureLine, key_id};
use crate::text::{MemberCode, Text};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// Who cosigns: a member, or a witness without a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cosigner {
    /// A member, with its cosigning key.
    Member(MemberCode),
    /// A witness that the charter lists, by the name on its cosignatures.
    Witness(Text<120>),
}

impl Cosigner {
    /// The member's code, or the witness's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Member(code) => code.as_str(),
            Self::Witness(name) => name.as_str(),
        }
    }
}

impl fmt::Display for Cosigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// "At this time, this was the largest tree of the log that I had checked."
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cosignature {
    /// Seconds since 1970, by the cosigner's clock. It never goes back for one log.
    pub time: u64,
    /// The key that made it.
    pub key: PublicKey,
    signature: Signature,
}

/// What a cosigner signs of a checkpoint's text.
fn message(text: &str, time: u64) -> Vec<u8> {
    alloc::format!("cosignature/v1\ntime {time}\n{text}").into_bytes()
}

impl Cosignature {
    pub(crate) fn of_line(line: &SignatureLine, key: PublicKey) -> Option<Self> {
        let (time, signature) = line.signature.split_first_chunk::<8>()?;
        let signature = Signature(signature.try_into().ok()?);
        Some(Self { time: u64::from_be_bytes(*time), key, signature })
    }

    pub(crate) fn check(&self, text: &str) -> Result<(), BadSignature> {
        let key = self.key.check().map_err(|_| BadSignature)?;
        key.verify_bytes(&message(text, self.time), &self.signature)
    }

    pub(crate) fn line(&self, name: &str) -> String {
        let signature = [&self.time.to_be_bytes()[..], &self.signature.0].concat();
        let key_id = key_id(name, Algorithm::Cosignature, &self.key);
        SignatureLine { name: name.into(), key_id, signature }.encode()
    }
}

/// A checkpoint with cosignatures, all of which were verified. Holding this type is the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    checkpoint: Checkpoint,
    /// Shared: it is handed to many, and seldom changes.
    cosignatures: Arc<BTreeMap<Cosigner, Cosignature>>,
}

impl Cosigned {
    /// A checkpoint that nobody has cosigned yet.
    #[must_use]
    pub fn new(checkpoint: Checkpoint) -> Self {
        Self { checkpoint, cosignatures: Arc::default() }
    }

    /// Cosigns it as a member, at a time in seconds since 1970.
    #[must_use]
    pub fn sign(mut self, charter: &Charter, me: &MemberCode, time: u64, key: &SecretKey) -> Self {
        let cosigner = Cosigner::Member(me.clone());
        if charter.cosigner(&cosigner).is_some_and(|(_, listed)| listed == key.public()) {
            let signature = key.sign_bytes(&message(self.checkpoint.text(), time));
            let cosignatures = Arc::make_mut(&mut self.cosignatures);
            cosignatures.insert(cosigner, Cosignature { time, key: key.public(), signature });
        }
        self
    }

    /// The checkpoint of a note of the log of `member`, with those of its cosignatures whose makers
    /// the charter lists. A signature that is in `known` already is not checked again.
    ///
    /// # Errors
    /// When the checkpoint is refused, or a cosigner whom the charter lists did not make its line.
    pub fn verify(
        bytes: &[u8],
        charter: &Charter,
        member: &MemberCode,
        known: Option<&Self>,
    ) -> Result<Self, CheckpointError> {
        let note = RawNote::decode(bytes)?;
        let keys = charter.log_keys(member);
        if keys.is_empty() {
            let why = alloc::format!("{member} is no member");
            return Err(DecodeError::Malformed { what: "a checkpoint", why }.into());
        }
        let known = known.filter(|known| known.checkpoint.text() == note.text());
        let checkpoint = Checkpoint::of_note(&note, &charter.origin(member), &keys)?;
        let mut cosignatures = BTreeMap::new();
        for line in note.signatures() {
            let of = charter.cosigner_of(&line.name, line.key_id);
            let Some((cosigner, key)) = of else { continue };
            let bad = || CheckpointError::BadCosignature { cosigner: line.name.clone() };
            let cosignature = Cosignature::of_line(line, key).ok_or_else(bad)?;
            let known = known.and_then(|known| known.cosignatures.get(&cosigner));
            if known != Some(&cosignature) {
                cosignature.check(note.text()).map_err(|_| bad())?;
            }
            cosignatures.insert(cosigner, cosignature);
        }
        Ok(Self { checkpoint, cosignatures: Arc::new(cosignatures) })
    }

    /// The checkpoint with the cosignature of one cosigner, if it is there.
    #[must_use]
    pub fn only(&self, cosigner: &Cosigner) -> Option<Self> {
        let cosignature = *self.cosignatures.get(cosigner)?;
        let cosignatures = BTreeMap::from([(cosigner.clone(), cosignature)]);
        Some(Self { checkpoint: self.checkpoint.clone(), cosignatures: Arc::new(cosignatures) })
    }

    /// Takes over the cosignatures of another copy. True when one of them was new here.
    pub fn merge(&mut self, other: &Self) -> bool {
        let same = self.checkpoint.text() == other.checkpoint.text();
        let new =
            |(cosigner, _): &(&Cosigner, _)| same && !self.cosignatures.contains_key(cosigner);
        let new: Vec<_> = other.cosignatures.iter().filter(new).collect();
        if new.is_empty() {
            return false;
        }
        let cosignatures = Arc::make_mut(&mut self.cosignatures);
        cosignatures.extend(new.into_iter().map(|(cosigner, it)| (cosigner.clone(), *it)));
        true
    }

    /// The checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The cosignatures, by their makers.
    #[must_use]
    pub fn cosignatures(&self) -> &BTreeMap<Cosigner, Cosignature> {
        &self.cosignatures
    }

    /// How many distinct members stand behind it: its author, by the log's signature, and those that
    /// have cosigned it.
    #[must_use]
    pub fn members(&self, author: &MemberCode) -> usize {
        let other =
            |cosigner: &&Cosigner| matches!(cosigner, Cosigner::Member(code) if code != author);
        self.cosignatures.keys().filter(other).count().saturating_add(1)
    }

    /// True when so many members stand behind it as a version of the charter asks for, with the keys
    /// that this version lists: one not below the first that lists the key of the checkpoint for the
    /// log, since that is the least that the log can have adopted.
    #[must_use]
    pub fn is_confirmed(&self, charter: &Charter, author: &MemberCode) -> bool {
        let key = Some(self.checkpoint.key());
        let lists =
            |version: &&Arc<Version>| version.member(author).map(|card| &card.keys.log) == key;
        let since = charter.history().find(lists);
        since.is_some_and(|since| self.is_confirmed_since(charter, author, since.version()))
    }

    /// The same, under a version not below `since`: a log that has adopted a version is not confirmed
    /// by keys that this version has replaced. Where the one that it has adopted has no force, because
    /// another successor contradicts it, the version in force is the one that counts.
    #[must_use]
    pub fn is_confirmed_since(&self, charter: &Charter, author: &MemberCode, since: u32) -> bool {
        let since = since.min(charter.version());
        let versions = charter.history().rev().take_while(|version| version.version() >= since);
        let stands = |version: &Version, (cosigner, cosignature): (&Cosigner, &Cosignature)| {
            let Cosigner::Member(code) = cosigner else { return false };
            let card = version.member(code).filter(|_| code != author);
            card.is_some_and(|card| card.keys.cosign == cosignature.key)
        };
        versions.into_iter().any(|version| {
            let others = self.cosignatures.iter().filter(|one| stands(version, *one)).count();
            let author = usize::from(version.member(author).is_some());
            others.saturating_add(author) >= usize::from(version.rules().confirm)
        })
    }

    /// The note, with the log's signature and all cosignatures.
    #[must_use]
    pub fn note(&self, charter: &Charter) -> String {
        let mut note = String::from(self.checkpoint.note());
        note.push_str(&self.lines(charter));
        note
    }

    /// The lines of the cosignatures alone.
    #[must_use]
    pub fn lines(&self, charter: &Charter) -> String {
        let line = |(cosigner, cosignature): (&Cosigner, &Cosignature)| {
            cosignature.line(&charter.cosigner_name(cosigner))
        };
        self.cosignatures.iter().map(line).collect()
    }
}
