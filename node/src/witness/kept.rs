//! What is kept of an outside witness: the newest checkpoint that it has cosigned, as a signed note.

use crate::process::read_bounded;
use cairn_ledger::cosignature::Cosignature;
use cairn_ledger::note::{NOTE_BYTES_MAX, RawNote};
use cairn_ledger::{Charter, Cosigned, MemberCode, WitnessKey};
use std::path::{Path, PathBuf};

/// A checkpoint of ours with the cosignatures of members, and the one of an outside witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    cosigned: Cosigned,
    cosignature: Cosignature,
}

/// Where it lies: a file for each witness, beside our log.
pub(super) fn file(folder: &Path, me: &MemberCode, witness: &WitnessKey) -> PathBuf {
    let key: String = witness.key().to_string().chars().take(16).collect();
    folder.join("logs").join(me.as_str()).join(format!("witnessed-{key}"))
}

impl Kept {
    /// What a witness answered to a checkpoint, if its own cosignature is in it and is true. Lines
    /// of others say nothing to us.
    pub(super) fn of_answer(
        answer: &[u8],
        cosigned: Cosigned,
        witness: &WitnessKey,
    ) -> Result<Self, String> {
        let text = cosigned.checkpoint().text();
        let note = [text.as_bytes(), b"\n", answer].concat();
        let note = RawNote::decode(&note).ok().filter(|note| note.text() == text);
        let note = note.ok_or("its answer is no signature line")?;
        let found = witness.cosignature(&note);
        let found = found.map_err(|_| "its cosignature was not made with its key")?;
        let cosignature = found.ok_or("its answer is signed under another name or key")?;
        Ok(Self { cosigned, cosignature })
    }

    /// What a file holds, if all of it is true.
    pub(super) fn read(
        file: &Path,
        witness: &WitnessKey,
        charter: &Charter,
        me: &MemberCode,
    ) -> Option<Self> {
        if !file.exists() {
            return None;
        }
        let bytes = read_bounded(file, NOTE_BYTES_MAX).ok();
        let kept = bytes.and_then(|bytes| {
            let cosigned = Cosigned::verify(&bytes, charter, me, None).ok()?;
            let cosignature = witness.cosignature(&RawNote::decode(&bytes).ok()?).ok()??;
            Some(Self { cosigned, cosignature })
        });
        if kept.is_none() {
            let file = file.display();
            tracing::warn!(%file, "what was kept of an outside witness is damaged: it is asked again");
        }
        kept
    }

    /// The file.
    pub(super) fn encode(&self, charter: &Charter, witness: &WitnessKey) -> String {
        self.cosigned.note(charter) + &self.line(witness)
    }

    /// The witness's line.
    pub(super) fn line(&self, witness: &WitnessKey) -> String {
        witness.line(&self.cosignature)
    }

    pub(super) fn cosigned(&self) -> &Cosigned {
        &self.cosigned
    }

    pub(super) fn size(&self) -> u64 {
        self.cosigned.checkpoint().size()
    }

    pub(super) fn time(&self) -> u64 {
        self.cosignature.time
    }
}
