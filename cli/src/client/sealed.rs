//! What a node is asked about sealed parts: always with a user's token.

use super::{CallError, Client, answered, away, encoded, read_bytes, read_json};
use crate::failure::Failure;
use crate::sealed::Handed;
use cairn_api::{AccessList, Opened, Pieces, SealedList, route};
use cairn_casebook::CaseId;
use cairn_ledger::MemberCode;
use cairn_ledger::statement::Audience;
use std::io::Read;
use ureq::Body;
use ureq::http::Response;
use zeroize::Zeroizing;

/// A sealed part: whose log, where, which part.
pub type PartOf = (MemberCode, u64, u16);

impl Client {
    /// The sealed parts of a case, or all.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn sealed(&self, case: Option<&CaseId>) -> Result<SealedList, Failure> {
        let query = case.map(|case| format!("?case={case}")).unwrap_or_default();
        self.ask_sealed(&format!("{}{query}", route::SEALED), read_json)
    }

    /// What a sealed part says.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn open_sealed(&self, part: &PartOf) -> Result<Opened, Failure> {
        self.ask_sealed(&path(route::SEALED_PART, part), read_json)
    }

    /// A sealed part with the proof that it is what was committed to.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn opening(&self, part: &PartOf) -> Result<Vec<u8>, Failure> {
        self.ask_sealed(&path(route::SEALED_OPENING, part), read_bytes)
    }

    /// The key of a sealed part's content.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn content_key(&self, part: &PartOf) -> Result<Zeroizing<Vec<u8>>, Failure> {
        self.ask_sealed(&path(route::SEALED_KEY, part), |r| read_bytes(r).map(Zeroizing::new))
    }

    /// Who has opened a sealed part.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn access(&self, part: &PartOf) -> Result<AccessList, Failure> {
        self.ask_sealed(&path(route::SEALED_ACCESS, part), read_json)
    }

    /// A sealed file, decrypted, as it comes.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn sealed_file(&self, part: &PartOf) -> Result<impl Read + use<>, Failure> {
        let path = path(route::SEALED_FILE, part);
        let response = self.patiently(|| self.open(&path));
        let body = response.map_err(|error| self.explain(error))?.into_body();
        Ok(body.into_with_config().limit(u64::MAX).reader())
    }

    /// Hands in a payload. Says which pieces of its file are missing.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn stage(&self, handed: &Handed) -> Result<Pieces, Failure> {
        let path = staged(route::STAGED, handed);
        let answer = self.patiently(|| read_json(&mut self.put(&path, &handed.payload)?));
        answer.map_err(|error| self.explain(error))
    }

    /// Hands in one piece of a file.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn stage_piece(&self, handed: &Handed, number: u32, piece: &[u8]) -> Result<(), Failure> {
        let path = staged(&route::STAGED_PIECE.replace("{piece}", &number.to_string()), handed);
        let answer = self.patiently(|| self.put(&path, piece).map(drop));
        answer.map_err(|error| self.explain(error))
    }

    fn ask_sealed<T>(
        &self,
        path: &str,
        read: impl Fn(&mut Response<Body>) -> Result<T, CallError>,
    ) -> Result<T, Failure> {
        let answer = self.patiently(|| read(&mut self.open(path)?));
        answer.map_err(|error| self.explain(error))
    }

    fn put(&self, path: &str, body: &[u8]) -> Result<Response<Body>, CallError> {
        let request = self.signed_in(self.agent.put(format!("{}{path}", self.base)));
        answered(request.content_type("application/octet-stream").send(body).map_err(away)?)
    }
}

fn path(route: &str, (member, position, part): &PartOf) -> String {
    let path = route.replace("{member}", member.as_str());
    path.replace("{position}", &position.to_string()).replace("{part}", &part.to_string())
}

fn staged(route: &str, handed: &Handed) -> String {
    let said = &handed.said;
    let path = route.replace("{reference}", &handed.reference.to_string());
    let path = path.replace("{part}", &said.part.to_string());
    let audience = match &said.audience {
        Audience::Members(members) => {
            members.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
        }
        Audience::Holder | Audience::Concerned => String::new(),
    };
    let case = handed.case.as_ref().map(|case| format!("&case={case}")).unwrap_or_default();
    format!(
        "{path}?commitment={}&class={}&audience={}&file={}{case}",
        said.commitment,
        said.size_class,
        encoded(&audience),
        handed.file,
    )
}
