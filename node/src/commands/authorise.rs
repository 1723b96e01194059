//! `cairn-node authorise | revoke`: who speaks for the member, said with its root key.

use crate::commands::unlock::Unlock;
use crate::config::Folder;
use crate::process::{own_card, own_charter};
use anyhow::{Context, bail};
use cairn_api::{Outcome, Submission, SubmissionResult, route};
use cairn_ledger::authority::{AUTHORISE, Authorisation, REVOKE, Revocation, Scope};
use cairn_ledger::hash::{Bytes, Reference};
use cairn_ledger::statement::{Kind, STATEMENT_FORMAT, Timestamp};
use cairn_ledger::text::{Text, Topic};
use cairn_ledger::{PublicKey, SignedStatement, Statement};
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

/// Let a contributor's key speak for the member.
#[derive(Args)]
pub(super) struct Authorise {
    #[command(flatten)]
    place: Place,
    /// The contributor's public key, as `cairn init` prints it.
    #[arg(long)]
    key: PublicKey,
    /// The office; not a person's name.
    #[arg(long)]
    office: Text<120>,
    /// A kind of statement that it may make, by number. Default: all.
    #[arg(long, value_name = "NUMBER")]
    kind: Vec<u16>,
    /// A topic that it may speak about, such as mission/MONUSCO. Default: all.
    #[arg(long)]
    topic: Vec<Topic>,
}

/// Let a contributor's key speak for the member no longer.
#[derive(Args)]
pub(super) struct Revoke {
    #[command(flatten)]
    place: Place,
    /// The contributor's public key.
    #[arg(long)]
    key: PublicKey,
    /// Why, for everybody to read.
    #[arg(long)]
    reason: Text<200>,
}

impl Authorise {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        self.key.check().context("the contributor's key")?;
        let mut scope = Scope {
            kinds: self.kind.into_iter().map(Kind).collect(),
            topics: self.topic,
            not_before: None,
            not_after: None,
        };
        scope.kinds.sort_unstable();
        scope.kinds.dedup();
        scope.topics.sort_unstable();
        scope.topics.dedup();
        let body = Authorisation { key: self.key, office: self.office, scope }.encode();
        self.place.state(AUTHORISE, body)
    }
}

impl Revoke {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let body = Revocation { key: self.key, reason: self.reason }.encode();
        self.place.state(REVOKE, body)
    }
}

impl Place {
    fn state(self, kind: Kind, body: Bytes) -> anyhow::Result<()> {
        let folder = Folder(self.data);
        let card = own_card(&folder)?;
        let charter = own_charter(&folder, &card)?;
        let root = self.root_key.unwrap_or_else(|| folder.key("root"));
        let root = cairn_keyring::read(&root, &mut self.unlock.passphrases())?;
        let mut reference = Reference::default();
        getrandom::fill(&mut reference.0).context("the system gives no randomness")?;
        let statement = Statement {
            format: STATEMENT_FORMAT,
            network: charter.network(),
            member: card.code,
            reference,
            made_at: Timestamp(jiff::Timestamp::now().as_second()),
            kind,
            topics: Vec::new(),
            body,
            sealed: Vec::new(),
        };
        let signed = statement.sign(&[&root]);
        if let Some(out) = self.out {
            fs::write(&out, signed.encode())?;
            say!("written to {}: hand it in with `cairn submit`", out.display());
            return Ok(());
        }
        let node = match self.node {
            Some(node) => node,
            None => format!("http://{}", folder.config()?.http),
        };
        match submit(&node, &[signed])?.remove(0) {
            Outcome::Accepted { member, position, entry } => {
                say!("accepted as {member}/{position}, entry {entry}");
            }
            Outcome::Known { member, position, .. } => say!("known as {member}/{position}"),
            Outcome::Refused(problem) => {
                let hint = problem.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                bail!("refused: {}{hint}", problem.error);
            }
        }
        Ok(())
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
