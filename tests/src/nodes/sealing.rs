//! Sealing statements directly, and handing their parts to a node without the command line.

use super::{Contributor, Founded, cairn_node};
use cairn_api::{Opened, Outcome, SealedList, SealedState};
use cairn_casebook::fact::{Document, Erased, Granted, MAIN_PART, Note, REMARK_PART, Says};
use cairn_casebook::vocabulary::{Basis, DocumentClass, DocumentUse, ErasureReason, Verification};
use cairn_casebook::{CaseId, EntryRef, Fact, topics};
use cairn_ledger::hash::Reference;
use cairn_ledger::statement::{Audience, STATEMENT_FORMAT, SealedPart, Timestamp};
use cairn_ledger::text::{MemberCode, Text};
use cairn_ledger::{SignedStatement, Statement};
use cairn_sealing::piece::{PIECE_BYTES, PieceId, PieceKey};
use cairn_sealing::{MANIFEST_FORMAT, Manifest, Place, Recipient, Sealed, seal};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// A statement of a member with one sealed part, and what is handed in before it.
#[derive(Debug, Clone)]
pub struct SealedStatement {
    /// The statement.
    pub signed: SignedStatement,
    /// What was sealed.
    pub sealed: Sealed,
    /// The encrypted pieces of its file.
    pub pieces: Vec<Vec<u8>>,
    part: u16,
    audience: Vec<String>,
}

/// A user of a member's node.
#[derive(Debug, Clone)]
pub struct User {
    url: String,
    token: String,
}

/// The answer of a node: status and body.
pub type Answer = (u16, Vec<u8>);

fn agent() -> ureq::Agent {
    let limit = Some(Duration::from_secs(60));
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(limit).build().into()
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    let body = response.body_mut().with_config().limit(1 << 30).read_to_vec();
    (response.status().as_u16(), body.expect("a whole body"))
}

impl Founded {
    /// Has a member's node authorise a second contributor.
    ///
    /// # Panics
    /// When the command fails.
    #[must_use]
    pub fn second(&self, code: &str) -> Contributor {
        let (node, second) = (self.node(code), self.invented(code));
        let (folder, key) = (node.folder.display().to_string(), second.key.public().to_string());
        let authorise = ["authorise", "--data", &folder, "--node", &node.url(), "--key", &key];
        let _ = cairn_node(authorise.into_iter().chain(["--office", "Second desk"])).yes();
        second
    }

    /// Adds a user to a member's node.
    ///
    /// # Panics
    /// When the command fails.
    #[must_use]
    pub fn user(&self, code: &str, role: &str) -> User {
        let node = self.node(code);
        let (folder, name) = (node.folder.display().to_string(), format!("{role}-of-{code}"));
        let add = ["user", "add", &name, "--role", role, "--data", &folder];
        User { url: node.url(), token: cairn_node(add).yes().trim().to_string() }
    }

    /// A statement of `speaker` with one part that is sealed for `audience`; for the vault where that is
    /// nobody.
    ///
    /// # Panics
    /// When somebody has no sealing key.
    #[must_use]
    pub fn seal(
        &self,
        speaker: &Contributor,
        number: u64,
        fact: &Fact,
        part: u16,
        audience: &[&str],
        content: &[u8],
    ) -> SealedStatement {
        let mut reference = Reference([0x55; 16]);
        reference.0[..8].copy_from_slice(&number.to_be_bytes());
        let (network, member) = (speaker.network, speaker.member.clone());
        let place = Place { network, member: member.clone(), reference, part };
        let mut codes: Vec<_> =
            audience.iter().map(|code| MemberCode::new(code).expect("a code")).collect();
        codes.sort();
        let mut for_all = codes.clone();
        for_all.push(member.clone());
        for_all.sort();
        for_all.dedup();
        let recipient = |code| {
            let card = self.charter.member(code).expect("a member");
            Recipient::of(card).expect("a sealing key")
        };
        let recipients: Vec<_> = for_all.iter().map(recipient).collect();
        let sealed = seal(place, &recipients, content).expect("it can be sealed");
        let audience_said =
            if codes.is_empty() { Audience::Holder } else { Audience::Members(codes.clone()) };
        let (size_class, commitment) = (sealed.size_class, sealed.commitment);
        let statement = Statement {
            format: STATEMENT_FORMAT,
            network,
            member,
            reference,
            made_at: Timestamp(1_795_000_000),
            kind: fact.kind(),
            topics: topics(&[case()], None),
            body: fact.encode(),
            sealed: vec![SealedPart { part, audience: audience_said, size_class, commitment }],
        };
        let signed = statement.sign(&[&speaker.key]);
        let audience = codes.iter().map(ToString::to_string).collect();
        SealedStatement { signed, sealed, pieces: Vec::new(), part, audience }
    }

    /// A note with a sealed remark.
    #[must_use]
    pub fn remark(
        &self,
        speaker: &Contributor,
        number: u64,
        audience: &[&str],
        text: &str,
    ) -> SealedStatement {
        let note = Note { says: says(), text: Text::typed("Invented note").expect("a text") };
        self.seal(speaker, number, &Fact::Note(note), REMARK_PART, audience, text.as_bytes())
    }

    /// A document with a sealed file.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn document(
        &self,
        speaker: &Contributor,
        number: u64,
        audience: &[&str],
        file: &[u8],
    ) -> SealedStatement {
        let key = PieceKey::generate().expect("randomness");
        let (mut pieces, mut ids): (Vec<Vec<u8>>, Vec<PieceId>) = (Vec::new(), Vec::new());
        for (number, plain) in (0..).zip(file.chunks(PIECE_BYTES)) {
            let mut piece = plain.to_vec();
            ids.push(key.seal(number, &mut piece));
            pieces.push(piece);
        }
        let manifest = Manifest {
            format: MANIFEST_FORMAT,
            name: Text::typed("../invented.bin").expect("a text"),
            media_type: Text::typed("application/octet-stream").expect("a text"),
            size: file.len() as u64,
            sha256: Sha256::digest(file).into(),
            acquired_at: Timestamp(1_795_000_000),
            acquired_by: Text::typed("Focal point").expect("a text"),
            source: Text::default(),
            key,
            pieces: ids,
        };
        let fact = Fact::Document(Document {
            says: says(),
            label: Text::default(),
            class: DocumentClass::Data,
            purpose: DocumentUse::Working,
        });
        let manifest = manifest.encode();
        let sealed = self.seal(speaker, number, &fact, MAIN_PART, audience, &manifest);
        SealedStatement { pieces, ..sealed }
    }

    /// A grant of a part of an entry.
    #[must_use]
    pub fn grant(
        &self,
        speaker: &Contributor,
        number: u64,
        target: EntryRef,
        of: &SealedStatement,
        audience: &[&str],
    ) -> SealedStatement {
        let fact = Fact::Granted(Granted { says: says(), target, part: of.part });
        let key = of.sealed.key.bytes();
        self.seal(speaker, number, &fact, MAIN_PART, audience, &key)
    }
}

/// An erasure of a part of an entry, by two people.
#[must_use]
pub fn erasure(
    speaker: &Contributor,
    second: &Contributor,
    number: u64,
    target: EntryRef,
    of: &SealedStatement,
) -> SignedStatement {
    let (reason, part) = (ErasureReason::PersonalData, of.part);
    let authority = Text::typed("order of an invented court").expect("a text");
    let fact = Fact::Erased(Erased { says: says(), target, part, reason, authority });
    let alone = speaker.statement(number, fact.kind(), fact.encode());
    alone.statement().clone().sign(&[&speaker.key, &second.key])
}

fn case() -> CaseId {
    CaseId::derived("an invented case")
}

fn says() -> Says {
    Says {
        basis: Basis::OwnAct,
        verification: Verification::Unverified,
        as_of: "2026-11-23".parse().expect("a date"),
    }
}

impl SealedStatement {
    /// The part's number.
    #[must_use]
    pub fn part(&self) -> u16 {
        self.part
    }

    fn staged(&self, user: &User, rest: &str) -> String {
        let statement = self.signed.statement();
        format!(
            "{}/v1/staged/{}/{}{rest}?commitment={}&class={}&audience={}&file={}&case={}",
            user.url,
            statement.reference,
            self.part,
            self.sealed.commitment,
            self.sealed.size_class,
            self.audience.join(","),
            !self.pieces.is_empty(),
            case(),
        )
    }

    /// Hands in the payload.
    ///
    /// # Panics
    /// When the node does not answer.
    #[must_use]
    pub fn hand_in(&self, user: &User) -> Answer {
        user.put(&self.staged(user, ""), &self.sealed.payload)
    }

    /// Hands in a piece of the file.
    ///
    /// # Panics
    /// When the node does not answer.
    #[must_use]
    pub fn hand_in_piece(&self, user: &User, number: usize, bytes: &[u8]) -> Answer {
        user.put(&self.staged(user, &format!("/pieces/{number}")), bytes)
    }

    /// Hands in everything, states it, and says where it stands.
    ///
    /// # Panics
    /// When the node refuses.
    #[must_use]
    pub fn state(&self, user: &User) -> EntryRef {
        let (status, said) = self.hand_in(user);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&said));
        for (number, piece) in self.pieces.iter().enumerate() {
            let (status, said) = self.hand_in_piece(user, number, piece);
            assert_eq!(status, 204, "{}", String::from_utf8_lossy(&said));
        }
        accepted(&user.url, &self.signed)
    }
}

/// Submits a statement and says where it stands.
///
/// # Panics
/// When the node refuses.
#[must_use]
pub fn accepted(url: &str, signed: &SignedStatement) -> EntryRef {
    let result = super::submit(url, std::slice::from_ref(signed)).expect("an answer");
    match &result.outcomes[..] {
        [Outcome::Accepted { member, position, entry }] => {
            EntryRef { member: member.clone(), position: *position, hash: *entry }
        }
        other => panic!("{other:?}"),
    }
}

impl User {
    /// The same user with another token, or none.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.into(), ..self.clone() }
    }

    /// The token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    fn put(&self, url: &str, body: &[u8]) -> Answer {
        let request = agent().put(url).header("authorization", format!("Bearer {}", self.token));
        read(request.content_type("application/octet-stream").send(body).expect("an answer"))
    }

    /// Asks for something below the node's address.
    ///
    /// # Panics
    /// When it does not answer.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        let request = agent().get(format!("{}{path}", self.url));
        let request = request.header("authorization", format!("Bearer {}", self.token));
        read(request.call().expect("an answer"))
    }

    /// What a sealed part says, or why it is not said.
    ///
    /// # Errors
    /// With the status and the sentence of a refusal.
    ///
    /// # Panics
    /// When the answer is none.
    pub fn open(&self, entry: &EntryRef, part: u16) -> Result<Opened, String> {
        let path = format!("/v1/sealed/{}/{}/{part}", entry.member, entry.position);
        match self.get(&path) {
            (200, body) => Ok(serde_json::from_slice(&body).expect("an opened part")),
            (status, body) => Err(format!("{status} {}", String::from_utf8_lossy(&body))),
        }
    }

    /// What the node holds of a sealed part; nothing while it has not heard of the entry.
    ///
    /// # Panics
    /// When the answer is none.
    #[must_use]
    pub fn state_of(&self, entry: &EntryRef, part: u16) -> Option<(SealedState, Vec<MemberCode>)> {
        let (status, body) = self.get("/v1/sealed");
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        let list: SealedList = serde_json::from_slice(&body).expect("a list");
        let is_it = |one: &&cairn_api::SealedView| {
            (&one.member, one.position, one.part) == (&entry.member, entry.position, part)
        };
        list.parts.iter().find(is_it).map(|one| (one.state.clone(), one.destroyed_by.clone()))
    }
}
