//! `cairn attach`: a file of up to 4 GiB, sealed for members, beside a case.

use super::super::Context;
use super::super::args::{SaysArgs, word};
use super::super::export::byte_bar;
use super::super::say::{DeliveryArgs, Saying, say};
use super::{audience, seal};
use crate::client::Client;
use crate::failure::{Failure, Outcome};
use crate::home::{Home, cannot};
use crate::sealed::{Handed, Prepared, ToSeal, file};
use crate::{print, signing};
use cairn_casebook::fact::{Document, MAIN_PART};
use cairn_casebook::vocabulary::{DocumentClass, DocumentUse};
use cairn_casebook::{CaseId, Fact};
use cairn_ledger::Text;
use cairn_ledger::hash::{Commitment, Reference};
use cairn_ledger::statement::{Audience, SealedPart, Timestamp};
use cairn_sealing::piece::PieceKey;
use cairn_sealing::{MANIFEST_FORMAT, Manifest};
use clap::Args;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What is typed behind `cairn attach`.
#[derive(Debug, Args)]
pub(in crate::commands) struct AttachArgs {
    /// The file
    file: PathBuf,
    /// The case: C-7K3QX2MB0F5T
    #[arg(long)]
    case: CaseId,
    /// For whom it is sealed: members' codes with commas between, or `concerned`
    #[arg(long, value_name = "CODE,…", value_delimiter = ',', required = true)]
    to: Vec<String>,
    /// What everybody may know of it
    #[arg(long, default_value = "")]
    label: Text<120>,
    /// What it is
    #[arg(long, value_name = "WORD", default_value = "document", value_parser = word!(DocumentClass))]
    class: DocumentClass,
    /// Something to work with, and not the original that may be shown to a court
    #[arg(long)]
    working: bool,
    /// By whom it was acquired: an office
    #[arg(long, value_name = "OFFICE", default_value = "")]
    acquired_by: Text<200>,
    /// When: 2026-11-20T14:05:00Z; now, when nothing is said
    #[arg(long, value_name = "TIME")]
    acquired_at: Option<jiff::Timestamp>,
    /// From where and how
    #[arg(long, default_value = "")]
    source: Text<500>,
    #[command(flatten)]
    says: SaysArgs,
    #[command(flatten)]
    delivery: DeliveryArgs,
}

pub(in crate::commands) fn attach(context: &Context, args: &AttachArgs) -> Outcome {
    if args.delivery.is_offline() {
        return Err(Failure::no("a file is handed in to the node while it is encrypted")
            .hint("leave --offline out; a short text can wait in a draft: --sealed-file"));
    }
    let client = context.client()?;
    let begun = match Begun::find(&context.home, args)? {
        Some(begun) => {
            print::remark("going on where an earlier attempt stopped");
            begun
        }
        None => begin(context, &client, args)?,
    };
    let (handed, manifest) = begun.parts()?;
    let missing = client.stage(&handed)?.missing;
    let bar = byte_bar(Some(manifest.size), "handing in");
    let here = manifest.pieces.len().saturating_sub(missing.len()) as u64;
    bar.set_position(here.saturating_mul(cairn_sealing::piece::PIECE_BYTES as u64));
    let handed_in = file::hand_in(&client, &args.file, &handed, &manifest, &missing, &bar);
    bar.finish_and_clear();
    handed_in.map_err(|failure| match failure.hint {
        None => failure.hint("run the same command again: what has arrived is not sent twice"),
        Some(_) => failure,
    })?;
    let fact = Fact::Document(Document {
        says: args.says.says(),
        label: args.label.clone(),
        class: args.class,
        purpose: if args.working { DocumentUse::Working } else { DocumentUse::Evidentiary },
    });
    let (facts, cases) = (vec![fact], vec![args.case.clone()]);
    let prepared = Some(Prepared { reference: handed.reference, parts: vec![handed] });
    let answer = say(context, &args.delivery, &Saying { facts, cases, mission: None, prepared })?;
    begun.end(&context.home, args)?;
    Ok(answer)
}

/// Looks at the file once, and seals what its pieces are.
fn begin(context: &Context, client: &Client, args: &AttachArgs) -> Result<Begun, Failure> {
    let metadata = fs::metadata(&args.file).map_err(|error| cannot("read", &args.file, &error))?;
    let key = PieceKey::generate().map_err(|why| Failure::unknown(why.to_string()))?;
    let bar = byte_bar(Some(metadata.len()), "encrypting");
    let looked = file::look(&args.file, &key, &bar);
    bar.finish_and_clear();
    let looked = looked?;
    let name = args.file.file_name().unwrap_or_default().to_string_lossy();
    let manifest = Manifest {
        format: MANIFEST_FORMAT,
        name: Text::typed(&file::harmless(&name, "attachment"))
            .map_err(|why| Failure::no(format!("the file's name: {why}")))?,
        media_type: Text::default(),
        size: looked.size,
        sha256: looked.sha256,
        acquired_at: args.acquired_at.map_or_else(signing::now, |time| Timestamp(time.as_second())),
        acquired_by: args.acquired_by.clone(),
        source: args.source.clone(),
        key,
        pieces: looked.pieces,
    };
    let (cases, content) = ([args.case.clone()], Zeroizing::new(manifest.encode()));
    let to = audience(Some(client), &args.to, &cases)?;
    let part = MAIN_PART;
    let sealed = seal(context, Some(client), &cases, &ToSeal { part, to, content })?;
    let Some(handed) = sealed.parts.into_iter().next() else {
        return Err(Failure::unknown("nothing was sealed"));
    };
    let begun = Begun::of(&args.file, &handed, &manifest)?;
    begun.keep(&context.home, args)?;
    Ok(begun)
}

/// An attachment that was begun: what it takes to go on. It holds the key of the pieces, which is as
/// secret as the file that lies beside it, and goes when the file is attached.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Begun {
    modified: i64,
    to: Vec<String>,
    reference: Reference,
    audience: Vec<cairn_ledger::MemberCode>,
    size_class: u8,
    commitment: Commitment,
    case: Option<CaseId>,
    payload: cairn_ledger::hash::Bytes,
    manifest: cairn_ledger::hash::Bytes,
}

impl Begun {
    fn path(home: &Home, args: &AttachArgs) -> Result<PathBuf, Failure> {
        let whole = fs::canonicalize(&args.file);
        let whole = whole.map_err(|error| cannot("read", &args.file, &error))?;
        let name = format!("{}\n{}", whole.display(), args.case);
        let hash = cairn_ledger::hash::derive("cairn 2026-11 attachment begun v1", name.as_bytes());
        let hash: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Ok(home.drafts().join(format!("attachment-{hash}")))
    }

    fn of(path: &Path, handed: &Handed, manifest: &Manifest) -> Result<Self, Failure> {
        let metadata = fs::metadata(path).map_err(|error| cannot("read", path, &error))?;
        let audience = match &handed.said.audience {
            Audience::Members(members) => members.clone(),
            Audience::Holder | Audience::Concerned => Vec::new(),
        };
        Ok(Self {
            modified: metadata.mtime(),
            to: Vec::new(),
            reference: handed.reference,
            audience,
            size_class: handed.said.size_class,
            commitment: handed.said.commitment,
            case: handed.case.clone(),
            payload: cairn_ledger::hash::Bytes(handed.payload.clone()),
            manifest: cairn_ledger::hash::Bytes(manifest.encode()),
        })
    }

    /// What was begun with this file for this case and these members, if the file is still the same.
    fn find(home: &Home, args: &AttachArgs) -> Result<Option<Self>, Failure> {
        let path = Self::path(home, args)?;
        let Ok(bytes) = fs::read(&path) else { return Ok(None) };
        let begun: Option<Self> = serde_json::from_slice(&bytes).ok();
        let metadata = fs::metadata(&args.file);
        let metadata = metadata.map_err(|error| cannot("read", &args.file, &error))?;
        Ok(begun.filter(|begun| {
            let same_size = Manifest::decode(&begun.manifest.0)
                .is_ok_and(|manifest| manifest.size == metadata.len());
            same_size && begun.modified == metadata.mtime() && begun.to == args.to
        }))
    }

    fn keep(&self, home: &Home, args: &AttachArgs) -> Result<(), Failure> {
        let path = Self::path(home, args)?;
        let folder = home.drafts();
        cairn_keyring::make_folder(&folder)?;
        let whole = Self { to: args.to.clone(), ..self.copy() };
        let bytes = serde_json::to_vec(&whole)
            .map_err(|error| Failure::unknown(format!("cannot keep what was begun: {error}")))?;
        // Made first, for its owner alone, so that it is at no moment open to others.
        let _ = fs::remove_file(&path);
        let mut options = fs::OpenOptions::new();
        let made = options.write(true).create_new(true).mode(0o600).open(&path);
        let mut file = made.map_err(|error| cannot("write", &path, &error))?;
        file.write_all(&Zeroizing::new(bytes)).map_err(|error| cannot("write", &path, &error))
    }

    fn copy(&self) -> Self {
        Self {
            modified: self.modified,
            to: self.to.clone(),
            reference: self.reference,
            audience: self.audience.clone(),
            size_class: self.size_class,
            commitment: self.commitment,
            case: self.case.clone(),
            payload: self.payload.clone(),
            manifest: self.manifest.clone(),
        }
    }

    fn parts(&self) -> Result<(Handed, Manifest), Failure> {
        let manifest = Manifest::decode(&self.manifest.0)
            .map_err(|why| Failure::unknown(format!("what was begun cannot be read: {why}")))?;
        let said = SealedPart {
            part: MAIN_PART,
            audience: Audience::Members(self.audience.clone()),
            size_class: self.size_class,
            commitment: self.commitment,
        };
        let (reference, case, payload) =
            (self.reference, self.case.clone(), self.payload.0.clone());
        Ok((Handed { reference, said, case, file: true, payload }, manifest))
    }

    /// Overwrites and removes what it took to go on.
    fn end(&self, home: &Home, args: &AttachArgs) -> Result<(), Failure> {
        let path = Self::path(home, args)?;
        if let Ok(metadata) = fs::metadata(&path) {
            // In place: another file under its name would leave the bytes of this one on the disk.
            let zeros = vec![0; usize::try_from(metadata.len()).unwrap_or(0)];
            let mut options = fs::OpenOptions::new();
            let written = options.write(true).open(&path).and_then(|mut file| {
                file.write_all(&zeros)?;
                file.sync_all()
            });
            written.map_err(|error| cannot("write", &path, &error))?;
            fs::remove_file(&path).map_err(|error| cannot("remove", &path, &error))?;
        }
        Ok(())
    }
}
