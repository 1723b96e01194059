//! A contributor: a key that speaks for a member, and the statements it signs.

use crate::failure::Failure;
use crate::home::{Config, Home};
use cairn_casebook::{CaseId, Fact, MissionCode, topics};
use cairn_keyring::{Agent, Passphrases};
use cairn_ledger::hash::Reference;
use cairn_ledger::refusal::Reason;
use cairn_ledger::statement::{
    SIGNATURES_MAX, STATEMENT_BYTES_MAX, STATEMENT_FORMAT, SealedPart, TOPICS_MAX, Timestamp,
};
use cairn_ledger::{
    PublicKey, Refusal, SecretKey, Signature, SignedStatement, Statement, StatementId,
};

/// Somebody who can sign.
pub struct Contributor {
    /// For whom, and where.
    pub config: Config,
    signer: Signer,
}

/// Where the contributor's key is.
enum Signer {
    /// In a file, opened.
    Key(SecretKey),
    /// In an ssh-agent, which is asked for every signature.
    Agent(Agent, PublicKey),
}

/// What a statement carries besides its fact.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    /// The cases it is about.
    pub cases: &'a [CaseId],
    /// The mission, where it is known: authority may be limited to it.
    pub mission: Option<&'a MissionCode>,
    /// The contributor's own number for it.
    pub reference: Reference,
    /// When it is made.
    pub made_at: Timestamp,
    /// What stands beside it, encrypted.
    pub sealed: &'a [SealedPart],
}

impl Contributor {
    /// Whose key lies in `home`, or in the agent that its settings speak of.
    ///
    /// # Errors
    /// When there is none or it may not be used.
    pub fn at(home: &Home, passphrases: &mut Passphrases) -> Result<Self, Failure> {
        let config = home.config_needed()?;
        let signer = match config.agent {
            Some(key) => Signer::Agent(Agent::of_environment()?, key),
            None => Signer::Key(home.key(passphrases)?),
        };
        Ok(Self { config, signer })
    }

    /// The public half of the key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        match &self.signer {
            Signer::Key(key) => key.public(),
            Signer::Agent(_, key) => *key,
        }
    }

    /// Signs a fact, once it is certain that it can be read again.
    ///
    /// # Errors
    /// When a field is out of its bounds.
    pub fn sign(&self, fact: Fact, envelope: &Envelope<'_>) -> Result<SignedStatement, Failure> {
        let fact = fact.in_order();
        fact.check().map_err(|error| Failure::no(format!("this cannot be stated: {error}")))?;
        let topics = topics(envelope.cases, envelope.mission);
        if topics.len() > TOPICS_MAX {
            return Err(Failure::no(format!("one statement concerns at most {TOPICS_MAX} cases")));
        }
        let statement = Statement {
            format: STATEMENT_FORMAT,
            network: self.config.network,
            member: self.config.member.clone(),
            reference: envelope.reference,
            made_at: envelope.made_at,
            kind: fact.kind(),
            topics,
            body: fact.encode(),
            sealed: envelope.sealed.to_vec(),
        };
        let signed = match &self.signer {
            Signer::Key(key) => statement.sign(&[key]),
            Signer::Agent(agent, key) => {
                statement.sign_elsewhere(*key, |bytes| agent.sign(key, bytes))?
            }
        };
        match signed.bytes().len() {
            0..=STATEMENT_BYTES_MAX => Ok(signed),
            found => Err(Failure::no(format!(
                "the statement has {found} bytes, the limit is {STATEMENT_BYTES_MAX}"
            ))),
        }
    }
}

impl Contributor {
    /// Whether this person may be one more behind a statement, as far as can be told without its log.
    ///
    /// # Errors
    /// When it is another member's, this key has signed it already, or it has too many signatures.
    pub fn may_cosign(&self, signed: &SignedStatement) -> Result<(), Failure> {
        let (said_for, own) = (&signed.statement().member, &self.config.member);
        if said_for != own {
            return Err(Failure::no(format!(
                "it is said for {said_for}, and your key speaks for {own}"
            )));
        }
        if signed.is_signed_by(&self.public()) {
            return Err(Failure::no("this key has signed it already: a second person has to")
                .hint("the same key twice is one person; another contributor approves it"));
        }
        let found = signed.signatures().len();
        if found >= SIGNATURES_MAX {
            return Err(Failure::no(format!(
                "{found} have signed it already, and a statement carries no more"
            )));
        }
        Ok(())
    }

    /// Adds this person's signature to a statement that somebody else has signed.
    ///
    /// # Errors
    /// When it [may not](Self::may_cosign), or the key does not sign.
    pub fn cosign(&self, signed: SignedStatement) -> Result<SignedStatement, Failure> {
        self.may_cosign(&signed)?;
        signed.cosign_elsewhere(self.public(), |bytes| self.signature(bytes))
    }

    /// Refuses a statement that waits for a second person.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn refuse(&self, id: &StatementId, reason: Reason) -> Result<Refusal, Failure> {
        Refusal::sign(id, self.public(), reason, |bytes| self.signature(bytes))
    }

    fn signature(&self, bytes: &[u8]) -> Result<Signature, Failure> {
        match &self.signer {
            Signer::Key(key) => Ok(key.sign_bytes(bytes)),
            Signer::Agent(agent, key) => Ok(agent.sign(key, bytes)?),
        }
    }
}

/// A moment ago.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_second())
}

/// A moment as people read it.
#[must_use]
pub fn moment(Timestamp(second): Timestamp) -> String {
    jiff::Timestamp::from_second(second).map_or_else(|_| second.to_string(), |at| at.to_string())
}

/// Bytes that nobody can guess.
///
/// # Errors
/// When the system has no randomness to give.
pub fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::unknown(format!("the system gives no randomness: {error}")))?;
    Ok(bytes)
}
