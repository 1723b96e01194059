//! Signing statements directly, and handing them to a node without the command line.

use cairn_api::{SubmissionResult, route};
use cairn_casebook::fact::{Note, Says};
use cairn_casebook::vocabulary::{Basis, Verification};
use cairn_casebook::{CaseId, Fact, topics};
use cairn_ledger::hash::{Bytes, Reference};
use cairn_ledger::statement::{STATEMENT_FORMAT, Timestamp};
use cairn_ledger::text::{MemberCode, Text};
use cairn_ledger::{Kind, NetworkId, SecretKey, SignedStatement, Statement};
use std::time::Duration;

/// A key that speaks for a member.
#[derive(Debug, Clone)]
pub struct Contributor {
    /// In which network.
    pub network: NetworkId,
    /// For whom.
    pub member: MemberCode,
    /// The key.
    pub key: SecretKey,
}

impl Contributor {
    /// A note about an invented case, with a number of its own.
    ///
    /// # Panics
    /// Never: the text is short and plain.
    #[must_use]
    pub fn note(&self, number: u64) -> SignedStatement {
        let says = Says {
            basis: Basis::OwnAct,
            verification: Verification::Unverified,
            as_of: "2026-11-23".parse().expect("a date"),
        };
        let text = Text::typed(&format!("Invented note {number}")).expect("a text");
        let fact = Fact::Note(Note { says, text });
        self.statement(number, fact.kind(), fact.encode())
    }

    /// Any statement, whether anybody would accept it or not.
    #[must_use]
    pub fn statement(&self, number: u64, kind: Kind, body: Bytes) -> SignedStatement {
        let mut reference = Reference::default();
        reference.0[..8].copy_from_slice(&number.to_be_bytes());
        let administrative = kind.is_administrative();
        let cases = [CaseId::derived("an invented case")];
        let statement = Statement {
            format: STATEMENT_FORMAT,
            network: self.network,
            member: self.member.clone(),
            reference,
            made_at: Timestamp(1_795_000_000),
            kind,
            topics: if administrative { Vec::new() } else { topics(&cases, None) },
            body,
            sealed: Vec::new(),
        };
        statement.sign(&[&self.key])
    }
}

/// The body of a submission.
#[must_use]
pub fn post(statements: &[SignedStatement]) -> String {
    let all: Vec<_> = statements.iter().map(|signed| Bytes(signed.encode())).collect();
    serde_json::json!({ "statements": all }).to_string()
}

/// Hands a node one JSON body: status and answer.
///
/// # Errors
/// When it does not answer.
pub fn post_json(url: &str, body: &serde_json::Value) -> Result<(u16, String), String> {
    let request = agent().post(url).content_type("application/json").send(body.to_string());
    let mut response = request.map_err(|error| error.to_string())?;
    let text = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
    Ok((response.status().as_u16(), text))
}

fn agent() -> ureq::Agent {
    let limit = Some(Duration::from_secs(20));
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(limit).build().into()
}

/// Asks for something: status and body, if anybody answers.
#[must_use]
pub fn http(url: &str) -> Option<(u16, Vec<u8>)> {
    let mut response = agent().get(url).call().ok()?;
    let body = response.body_mut().with_config().limit(1 << 30).read_to_vec().ok()?;
    Some((response.status().as_u16(), body))
}

/// Hands statements to a node.
///
/// # Errors
/// When it does not answer, or not as it should.
pub fn submit(url: &str, statements: &[SignedStatement]) -> Result<SubmissionResult, String> {
    let url = format!("{url}{}", route::STATEMENTS);
    let request = agent().post(&url).content_type("application/json").send(post(statements));
    let mut response = request.map_err(|error| error.to_string())?;
    let text = response.body_mut().read_to_string().map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|_| text)
}
