//! Talks to a node: the API of `cairn-api` over HTTP, bounded and with clear refusals.
//!
//! Plain where the node listens on the same machine, over TLS where it does not. What is sent is signed, and
//! what is read can be verified from an export.

mod sealed;

pub use sealed::PartOf;

use crate::failure::Failure;
use crate::home::cannot;
use cairn_api::route;
use cairn_api::{
    AuthorityView, CaseList, EntryList, MemberView, Offer, Problem, Proposals, Review, ReviewList,
    ReviewRequest, Reviewed, Status, Submission, SubmissionResult,
};
use cairn_casebook::{Case, CaseId};
use cairn_ledger::hash::Bytes;
use cairn_ledger::{MemberCode, Refusal, SignedStatement, StatementId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Read;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::http::Response;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};
use ureq::{Agent, Body, RequestBuilder};
use zeroize::Zeroizing;

/// More than any answer of a node that keeps to its own limits has.
const ANSWER_BYTES_MAX: u64 = 256 << 20;
/// A node that is there takes a connection at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A full submission waits for one flush of the node's disk; a slow disk may take seconds.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(60);
/// How long to wait between two attempts while a node restarts.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// A node, by its address.
pub struct Client {
    agent: Agent,
    base: String,
    retry_for: Duration,
    /// By which the node knows its user, for what is sealed.
    token: Option<Zeroizing<String>>,
}

/// Why a node did not do what it was asked.
#[derive(Debug)]
enum CallError {
    /// There is no node, or it went away: asking again may help.
    Away(String),
    /// It answered no.
    Refused(u16, Problem),
    /// It answered something else than the interface says.
    Garbled(String),
}

impl Client {
    /// The node at `url`: `http://host:port`, or `https://host:port`.
    ///
    /// # Errors
    /// When that is not such an address.
    pub fn new(url: &str) -> Result<Self, Failure> {
        Self::trusting(url, None)
    }

    /// The same, where the node's certificate leads to one of those in a file instead of a public root.
    ///
    /// # Errors
    /// When that is not such an address, or the file has no certificate.
    pub fn trusting(url: &str, roots: Option<&Path>) -> Result<Self, Failure> {
        let base = url.trim_end_matches('/');
        let host = base.strip_prefix("http://").or_else(|| base.strip_prefix("https://"));
        let host = host.filter(|host| {
            !host.is_empty()
                && !host.contains(['/', '?', '#', '@'])
                && !host.contains(char::is_whitespace)
        });
        if host.is_none() {
            return Err(Failure::unknown(format!("{url} is not the address of a node")).hint(
                "a node's address looks like http://127.0.0.1:8420, or https://node.example:8420",
            ));
        }
        let config = Agent::config_builder()
            .tls_config(tls(roots)?)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            // the node is near; a proxy from the environment must not see what is said to it
            .proxy(None)
            .user_agent(concat!("cairn/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_per_read(Some(SILENCE_TIMEOUT))
            .timeout_per_write(Some(SILENCE_TIMEOUT))
            .build();
        let (agent, base) = (config.new_agent(), base.to_owned());
        Ok(Self { agent, base, retry_for: Duration::ZERO, token: None })
    }

    /// Keeps asking for so long when the node is away.
    #[must_use]
    pub fn retrying_for(mut self, retry_for: Duration) -> Self {
        self.retry_for = retry_for;
        self
    }

    /// Shows the node this token, unless others could read it on the way.
    #[must_use]
    pub fn with_token(mut self, token: Option<Zeroizing<String>>) -> Self {
        let host = self.base.trim_start_matches("http://");
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let address = name.trim_matches(['[', ']']).parse::<IpAddr>();
        let near = name == "localhost" || address.is_ok_and(|address| address.is_loopback());
        self.token = token.filter(|_| near || self.base.starts_with("https://"));
        self
    }

    /// Where the node is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.base
    }

    /// What the node holds and who it is connected to.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn status(&self) -> Result<Status, Failure> {
        self.get(route::STATUS)
    }

    /// The signed bytes of the charter in force.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn charter(&self) -> Result<Vec<u8>, Failure> {
        let bytes = self.patiently(|| read_bytes(&mut self.open(route::CHARTER)?));
        bytes.map_err(|error| self.explain(error))
    }

    /// Amendments of the charter that wait for signatures.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn proposals(&self) -> Result<Proposals, Failure> {
        self.get(route::PROPOSALS)
    }

    /// Hands in a file of charters.
    ///
    /// # Errors
    /// When the node is away or refuses one of them.
    pub fn offer(&self, file: &[u8]) -> Result<Offer, Failure> {
        let url = format!("{}{}", self.base, route::PROPOSALS);
        let offered = self.patiently(|| {
            let response = self.signed_in(self.agent.post(&url)).send(file).map_err(away)?;
            read_json(&mut answered(response)?)
        });
        offered.map_err(|error| self.explain(error))
    }

    /// The members with their contributors.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn members(&self) -> Result<Vec<MemberView>, Failure> {
        self.get(route::MEMBERS)
    }

    /// Who may say what for a member, and how that came about.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn authority(&self, member: &MemberCode) -> Result<AuthorityView, Failure> {
        self.get(&route::AUTHORITY.replace("{member}", member.as_str()))
    }

    /// Entries of a log, decoded.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn log(&self, member: &MemberCode, start: u64, limit: u64) -> Result<EntryList, Failure> {
        let path = route::LOG.replace("{member}", member.as_str());
        self.get(&format!("{path}?start={start}&limit={limit}"))
    }

    /// One page of cases; `query` is the part behind the question mark, already encoded.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn cases(&self, query: &str) -> Result<CaseList, Failure> {
        self.get(&format!("{}?{query}", route::CASES))
    }

    /// One case.
    ///
    /// # Errors
    /// When the node is away or refuses: a case that it does not know is refused.
    pub fn case(&self, case: &CaseId) -> Result<Case, Failure> {
        self.get(&route::CASE.replace("{case}", case.as_str()))
    }

    /// Hands statements in.
    ///
    /// # Errors
    /// When the node is away or refuses them altogether.
    pub fn submit(&self, statements: &[SignedStatement]) -> Result<SubmissionResult, Failure> {
        let statements: Vec<_> = statements.iter().map(|signed| Bytes(signed.encode())).collect();
        let (count, submission) = (statements.len(), Submission { statements });
        let url = format!("{}{}", self.base, route::STATEMENTS);
        let result = self.patiently(|| {
            let request = self.signed_in(self.agent.post(&url));
            let mut response = request.send_json(&submission).map_err(away)?;
            // 422: some were refused, and the answer says which and why
            let result: SubmissionResult = match response.status().as_u16() {
                422 => read_json(&mut response)?,
                _ => read_json(&mut answered(response)?)?,
            };
            if result.outcomes.len() == count {
                Ok(result)
            } else {
                let found = result.outcomes.len();
                Err(CallError::Garbled(format!("{found} outcomes for {count} statements")))
            }
        });
        result.map_err(|error| self.explain(error))
    }

    /// What waits for a second person, and what was refused lately.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn reviews(&self) -> Result<Vec<Review>, Failure> {
        let ReviewList { reviews } = self.get(route::REVIEWS)?;
        Ok(reviews)
    }

    /// Has a statement wait for a second person, or adds the signatures on it to one that waits.
    ///
    /// # Errors
    /// When the node is away or refuses it.
    pub fn review(&self, signed: &SignedStatement) -> Result<Reviewed, Failure> {
        let request = ReviewRequest { statement: Bytes(signed.encode()) };
        self.post(route::REVIEWS, &request)
    }

    /// Refuses a statement that waits.
    ///
    /// # Errors
    /// When the node is away or does not take the refusal.
    pub fn refuse(&self, id: &StatementId, refusal: &Refusal) -> Result<Review, Failure> {
        self.post(&route::REVIEW_REFUSAL.replace("{id}", &id.to_string()), refusal)
    }

    /// A member's whole log as a file, as it comes.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn export(&self, member: &MemberCode) -> Result<(impl Read + use<>, Option<u64>), Failure> {
        let path = route::EXPORT.replace("{member}", member.as_str());
        self.stream(&path)
    }

    /// The checkpoint of a log behind which most members are known to stand, if there is one.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn cosigned(&self, member: &MemberCode) -> Result<Option<Vec<u8>>, Failure> {
        self.of_log(route::COSIGNED, member)
    }

    /// The proof that a log's key has signed two histories, if there is one.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn fork(&self, member: &MemberCode) -> Result<Option<Vec<u8>>, Failure> {
        self.of_log(route::FORK, member)
    }

    /// Something of a log that may not be there.
    fn of_log(&self, path: &str, member: &MemberCode) -> Result<Option<Vec<u8>>, Failure> {
        let path = path.replace("{member}", member.as_str());
        match self.patiently(|| read_bytes(&mut self.open(&path)?)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(CallError::Refused(404, _)) => Ok(None),
            Err(error) => Err(self.explain(error)),
        }
    }

    /// The receipt of one entry.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn receipt(
        &self,
        member: &MemberCode,
        position: u64,
        held_by: Option<&MemberCode>,
    ) -> Result<Vec<u8>, Failure> {
        let path = route::RECEIPT.replace("{member}", member.as_str());
        let mut path = path.replace("{position}", &position.to_string());
        if let Some(notified) = held_by {
            path.push_str(&format!("?held_by={notified}"));
        }
        let bytes = self.patiently(|| read_bytes(&mut self.open(&path)?));
        bytes.map_err(|error| self.explain(error))
    }

    /// What happens at the node, as it happens.
    ///
    /// # Errors
    /// When the node is away or refuses.
    pub fn events(&self) -> Result<impl Read + use<>, Failure> {
        Ok(self.stream(route::EVENTS)?.0)
    }

    fn stream(&self, path: &str) -> Result<(impl Read + use<>, Option<u64>), Failure> {
        let response = self.patiently(|| self.open(path)).map_err(|error| self.explain(error))?;
        let body = response.into_body();
        let length = body.content_length();
        Ok((body.into_with_config().limit(u64::MAX).reader(), length))
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let answer = self.patiently(|| read_json(&mut self.open(path)?));
        answer.map_err(|error| self.explain(error))
    }

    fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Failure> {
        let url = format!("{}{path}", self.base);
        let answer = self.patiently(|| {
            let request = self.signed_in(self.agent.post(&url));
            read_json(&mut answered(request.send_json(body).map_err(away)?)?)
        });
        answer.map_err(|error| self.explain(error))
    }

    fn open(&self, path: &str) -> Result<Response<Body>, CallError> {
        let request = self.signed_in(self.agent.get(format!("{}{path}", self.base)));
        answered(request.call().map_err(away)?)
    }

    /// Shows the token, where there is one.
    fn signed_in<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {}", token.as_str())),
            None => request,
        }
    }

    /// Asks again while the node is away and patience lasts.
    fn patiently<T>(&self, call: impl Fn() -> Result<T, CallError>) -> Result<T, CallError> {
        let started = Instant::now();
        loop {
            match call() {
                Err(CallError::Away(_)) if started.elapsed() < self.retry_for => {
                    std::thread::sleep(RETRY_PAUSE);
                }
                other => return other,
            }
        }
    }

    fn explain(&self, error: CallError) -> Failure {
        let node = &self.base;
        match error {
            CallError::Away(why) => {
                Failure::unknown(format!("no answer from the node at {node}: {why}"))
                    .hint("is it running? name another with --node URL or the variable CAIRN_NODE")
            }
            CallError::Refused(status, Problem { error, hint, .. }) => {
                let failure =
                    if status >= 500 { Failure::unknown(error) } else { Failure::no(error) };
                match hint {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                }
            }
            CallError::Garbled(why) => {
                Failure::unknown(format!("what answers at {node} does not answer as a node: {why}"))
                    .hint("check the address, and that node and command line are of one version")
            }
        }
    }
}

/// By which certificates a node is believed: those of a file, or the public ones.
fn tls(roots: Option<&Path>) -> Result<TlsConfig, Failure> {
    let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(crypto);
    let Some(path) = roots else { return Ok(tls.root_certs(RootCerts::WebPki).build()) };
    let pem = std::fs::read(path).map_err(|error| cannot("read", path, &error))?;
    let items = parse_pem(&pem).filter_map(Result::ok);
    let roots: Vec<Certificate<'static>> = items
        .filter_map(|item| {
            if let PemItem::Certificate(certificate) = item { Some(certificate) } else { None }
        })
        .collect();
    if roots.is_empty() {
        return Err(Failure::unknown(format!("{} has no certificate", path.display())).hint(
            "--tls-ca names a file in PEM with the certificate of whoever issued the node's",
        ));
    }
    Ok(tls.root_certs(RootCerts::new_with_certs(&roots)).build())
}

/// Failures on the way to a node and back.
#[expect(clippy::needless_pass_by_value, reason = "used as a function for map_err")]
fn away(error: ureq::Error) -> CallError {
    CallError::Away(error.to_string())
}

/// Splits answers from refusals.
fn answered(mut response: Response<Body>) -> Result<Response<Body>, CallError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = read_bytes(&mut response)?;
    match serde_json::from_slice(&body) {
        // 503: it is there and not ready; asking again may help
        Ok(Problem { error, .. }) if status.as_u16() == 503 => Err(CallError::Away(error)),
        Ok(problem) => Err(CallError::Refused(status.as_u16(), problem)),
        Err(_) if status.as_u16() == 503 => Err(CallError::Away("it is not ready".into())),
        Err(_) => Err(CallError::Garbled(format!("status {status} without a reason"))),
    }
}

fn read_bytes(response: &mut Response<Body>) -> Result<Vec<u8>, CallError> {
    response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(away)
}

fn read_json<T: DeserializeOwned>(response: &mut Response<Body>) -> Result<T, CallError> {
    let bytes = read_bytes(response)?;
    serde_json::from_slice(&bytes).map_err(|error| CallError::Garbled(error.to_string()))
}

/// Text as it may stand in an address behind the question mark.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(byte.into());
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_address_is_taken() {
        for url in ["http://127.0.0.1:8420", "http://node.example/", "http://[::1]:8420"] {
            assert!(Client::new(url).is_ok(), "{url}");
        }
        for url in
            ["", "127.0.0.1:8420", "ftp://a", "https://", "http://", "http://a/b", "http://u:p@a"]
        {
            assert!(Client::new(url).is_err(), "{url}");
        }
    }

    #[test]
    fn nothing_in_a_query_can_leave_its_place() {
        assert_eq!(encoded("UNEF II&limit=1#%"), "UNEF%20II%26limit%3D1%23%25");
        assert_eq!(encoded("é"), "%C3%A9");
    }
}
