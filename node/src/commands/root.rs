//! What a member's root key says in the member's log: signed here, and handed to the node or to a file.

use super::name::{Name, SealedName};
use crate::commands::unlock::Unlock;
use crate::config::Folder;
use crate::process::{own_card, own_charter};
use anyhow::{Context, bail};
use cairn_api::{AuthorityView, Outcome, Submission, SubmissionResult, route};
use cairn_ledger::hash::{Bytes, Reference};
use cairn_ledger::statement::{Kind, STATEMENT_FORMAT, Timestamp};
use cairn_ledger::text::MemberCode;
use cairn_ledger::{SignedStatement, Statement};
use clap::Args;
use std::fs;
use std::path::PathBuf;

/// Where the root key is, and where the statement goes.
#[derive(Args)]
pub(super) struct Place {
    /// The member's data folder.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The root key, where it is not in the data folder.
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
    #[command(flatten)]
    unlock: Unlock,
    /// The member's running node. Default: the address in node.toml.
    #[arg(long, value_name = "URL")]
    node: Option<String>,
    /// Write the signed statement to a file for `cairn submit` instead.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// The contributor who signs beside the root key, where two people are needed.
#[derive(Args)]
pub(super) struct Second {
    /// The key file of the contributor who signs too, where two people are needed. Without it, write
    /// the statement to a file with --out, and let the contributor sign that.
    #[arg(long, value_name = "FILE")]
    second_key: Option<PathBuf>,
}

/// A statement that stands in the log.
pub(super) struct Stands {
    node: String,
    pub(super) member: MemberCode,
    pub(super) position: u64,
}

impl Place {
    /// Signs a statement with the root key, and with the second where one is named, and hands it in.
    /// Nothing where it was written to a file.
    pub(super) fn state(
        self,
        kind: Kind,
        body: Bytes,
        second: Option<Second>,
    ) -> anyhow::Result<Option<Stands>> {
        self.state_with(kind, body, second, None)
    }

    /// The same, with who it is about in the member's vault.
    pub(super) fn state_with(
        self,
        kind: Kind,
        body: Bytes,
        second: Option<Second>,
        name: Option<Name>,
    ) -> anyhow::Result<Option<Stands>> {
        let folder = Folder(self.data);
        let card = own_card(&folder)?;
        let charter = own_charter(&folder, &card)?;
        let mut passphrases = self.unlock.passphrases();
        let root = self.root_key.unwrap_or_else(|| folder.key("root"));
        let mut keys = vec![cairn_keyring::read(&root, &mut passphrases)?];
        if let Some(path) = second.and_then(|second| second.second_key) {
            keys.push(cairn_keyring::read(&path, &mut passphrases)?);
        }
        let mut reference = Reference::default();
        getrandom::fill(&mut reference.0).context("the system gives no randomness")?;
        let name = name.map(|name| name.seal(charter.network(), &card, reference)).transpose()?;
        let name = name.flatten();
        let statement = Statement {
            format: STATEMENT_FORMAT,
            network: charter.network(),
            member: card.code,
            reference,
            made_at: Timestamp(jiff::Timestamp::now().as_second()),
            kind,
            topics: Vec::new(),
            body,
            sealed: name.iter().map(SealedName::part).collect(),
        };
        let signed = statement.sign(&keys.iter().collect::<Vec<_>>());
        if let Some(out) = self.out {
            fs::write(&out, signed.encode())?;
            say!("written to {}: hand it in with `cairn submit`", out.display());
            return Ok(None);
        }
        let node = match self.node {
            Some(node) => node,
            None => format!("http://{}", folder.config()?.http),
        };
        if let Some(name) = &name {
            name.hand_in(&node)?;
        }
        match submit(&node, &[signed])?.remove(0) {
            Outcome::Accepted { member, position, entry } => {
                say!("accepted as {member}/{position}, entry {entry}");
                Ok(Some(Stands { node, member, position }))
            }
            Outcome::Known { member, position, .. } => {
                say!("known as {member}/{position}");
                Ok(Some(Stands { node, member, position }))
            }
            Outcome::Refused(problem) => {
                let hint = problem.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                bail!("refused: {}{hint}", problem.error);
            }
        }
    }
}

impl Stands {
    /// Who may say what for the member now, as the node knows it.
    pub(super) fn authority(&self) -> anyhow::Result<AuthorityView> {
        let path = route::AUTHORITY.replace("{member}", self.member.as_str());
        let url = format!("{}{path}", self.node.trim_end_matches('/'));
        let text = ureq::get(&url).call()?.body_mut().read_to_string()?;
        Ok(serde_json::from_str(&text)?)
    }
}

/// Hands statements to a running node.
///
/// # Errors
/// When it does not answer as it should.
pub fn submit(node: &str, statements: &[SignedStatement]) -> anyhow::Result<Vec<Outcome>> {
    let all = statements.iter().map(|statement| Bytes(statement.encode())).collect();
    let url = format!("{}{}", node.trim_end_matches('/'), route::STATEMENTS);
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut response = agent
        .post(&url)
        .send_json(&Submission { statements: all })
        .with_context(|| format!("the node at {node} does not answer: is it running?"))?;
    let text = response.body_mut().read_to_string()?;
    let result: SubmissionResult = serde_json::from_str(&text)
        .with_context(|| format!("the node answers {}: {text}", response.status()))?;
    if result.outcomes.len() != statements.len() {
        bail!("the node answers for {} of {} statements", result.outcomes.len(), statements.len());
    }
    Ok(result.outcomes)
}
