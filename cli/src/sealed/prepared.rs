//! A statement's sealed parts, ready to be handed in before it.

use super::{For, charter, recipients};
use crate::client::Client;
use crate::failure::Failure;
use crate::home::{Home, cannot, replace};
use crate::signing;
use cairn_casebook::CaseId;
use cairn_ledger::hash::Reference;
use cairn_ledger::statement::{Audience, SealedPart};
use cairn_ledger::{MemberCode, NetworkId, SignedStatement};
use cairn_sealing::{PAYLOAD_BYTES_MAX, Payload, Place, SealError, Sealed, seal};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Something to be sealed.
pub struct ToSeal {
    /// Which part of its statement.
    pub part: u16,
    /// For whom.
    pub to: For,
    /// What it says.
    pub content: Zeroizing<Vec<u8>>,
}

/// A part that is sealed, as the node takes it.
#[derive(Clone, PartialEq, Eq)]
pub struct Handed {
    /// The statement's reference.
    pub reference: Reference,
    /// What the statement says of it.
    pub said: SealedPart,
    /// The case that it is about.
    pub case: Option<CaseId>,
    /// Whether it is the manifest of a file.
    pub file: bool,
    /// The payload.
    pub payload: Vec<u8>,
}

impl std::fmt::Debug for Handed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Handed(part {} of {})", self.said.part, self.reference)
    }
}

/// The sealed parts of one statement that is still to be signed.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The statement's reference, to which the payloads are bound.
    pub reference: Reference,
    /// Its sealed parts.
    pub parts: Vec<Handed>,
}

impl Prepared {
    /// Seals one part of a statement to come.
    ///
    /// # Errors
    /// When it is too long or somebody has no key.
    pub fn seal(
        home: &Home,
        client: Option<&Client>,
        (network, member): (NetworkId, MemberCode),
        case: Option<CaseId>,
        to_seal: &ToSeal,
    ) -> Result<Self, Failure> {
        let charter = charter(home, network, client)?;
        let recipients = recipients(&charter, &member, &to_seal.to)?;
        let (reference, part) = (Reference(signing::random()?), to_seal.part);
        let place = Place { network, member, reference, part };
        let sealed = seal(place, &recipients, &to_seal.content).map_err(|why| match why {
            SealError::TooLong { .. } => {
                Failure::no(why.to_string()).hint("cairn attach takes files of up to 4 GiB")
            }
            SealError::NoKey(_)
            | SealError::BadKey(_)
            | SealError::Audience(_)
            | SealError::NoRandomness(_) => Failure::unknown(why.to_string()),
        })?;
        let Sealed { payload, commitment, size_class, .. } = sealed;
        let audience = match &to_seal.to {
            For::Members(members) => {
                let mut members = members.clone();
                members.sort();
                members.dedup();
                Audience::Members(members)
            }
            For::Vault => Audience::Holder,
        };
        let said = SealedPart { part, audience, size_class, commitment };
        let handed = Handed { reference, said, case, file: false, payload };
        Ok(Self { reference, parts: vec![handed] })
    }

    /// For whom it is sealed, in words.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        self.parts.iter().map(|handed| words(&handed.said)).collect()
    }
}

fn words(said: &SealedPart) -> String {
    match &said.audience {
        Audience::Members(members) => {
            let members: Vec<_> = members.iter().map(ToString::to_string).collect();
            format!("a part of it is sealed for {} and your own member", members.join(", "))
        }
        Audience::Holder => "a part of it stays in your member's vault".into(),
        Audience::Concerned => "a part of it is sealed for the members concerned".into(),
    }
}

/// Hands in the sealed parts of statements, before the statements.
///
/// # Errors
/// When the node refuses one or is away.
pub fn hand_in(client: &Client, parts: &[Handed]) -> Result<(), Failure> {
    parts.iter().try_for_each(|handed| client.stage(handed).map(drop))
}

/// Where the sealed parts of a draft lie: beside it.
fn beside(draft: &Path) -> PathBuf {
    let mut name = draft.file_name().unwrap_or_default().to_os_string();
    name.push(".sealed");
    draft.with_file_name(name)
}

/// Keeps the sealed parts of a draft beside it.
///
/// # Errors
/// When the system refuses.
pub fn keep(draft: &Path, parts: &[Handed]) -> Result<(), Failure> {
    if parts.is_empty() {
        return Ok(());
    }
    let folder = beside(draft);
    fs::create_dir_all(&folder).map_err(|error| cannot("create", &folder, &error))?;
    for handed in parts {
        let name = format!("{}-{}", handed.reference, handed.said.part);
        replace(&folder.join(name), &handed.payload)?;
    }
    Ok(())
}

/// The sealed parts of a draft's statements that lie beside it. Those of files are at the node already.
///
/// # Errors
/// When one is missing, or is another than its statement says.
pub fn of_draft(draft: &Path, statements: &[SignedStatement]) -> Result<Vec<Handed>, Failure> {
    let folder = beside(draft);
    let mut parts = Vec::new();
    for signed in statements {
        let statement = signed.statement();
        for said in &statement.sealed {
            let (reference, part) = (statement.reference, said.part);
            let path = folder.join(format!("{reference}-{part}"));
            let Some(payload) = read(&path)? else { continue };
            let place = Place {
                network: statement.network,
                member: statement.member.clone(),
                reference,
                part,
            };
            let is_its = Payload::decode(&payload).is_ok_and(|payload| *payload.place() == place);
            if !is_its {
                return Err(Failure::no(format!("{} is not its sealed part", path.display())));
            }
            let case = cairn_casebook::cases_of(statement).into_iter().next();
            parts.push(Handed { reference, said: said.clone(), case, file: false, payload });
        }
    }
    Ok(parts)
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let file = match File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        file => file.map_err(|error| cannot("read", path, &error))?,
    };
    let mut bytes = Vec::new();
    let read = file.take(PAYLOAD_BYTES_MAX as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| cannot("read", path, &error))?;
    Ok(Some(bytes))
}

/// Removes what lies beside a draft.
pub fn forget(draft: &Path) {
    let folder = beside(draft);
    if folder.is_dir() {
        // What stays is encrypted, and named for a statement that stands.
        let _ = fs::remove_dir_all(&folder);
    }
}
