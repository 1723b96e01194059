//! Why a command did not do what it was asked, and what to do about it.

/// What a command answers, as `grep` does: yes is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Yes, done, healthy, true: 0.
    Yes,
    /// No, refused, refuted: 1.
    No,
    /// Could not tell, could not reach, could not read: 2.
    Unknown,
}

impl Answer {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Yes => 0,
            Self::No => 1,
            Self::Unknown => 2,
        }
    }
}

/// A command's failure: one sentence and, where it is known, what to do.
///
/// The texts may contain what others wrote; whoever prints them passes them through [`crate::print`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    /// No or unknown.
    pub answer: Answer,
    /// One sentence.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// Refused: the answer is no.
    pub fn no(what: impl Into<String>) -> Self {
        Self { answer: Answer::No, what: what.into(), hint: None }
    }

    /// Nothing can be said.
    pub fn unknown(what: impl Into<String>) -> Self {
        Self { answer: Answer::Unknown, what: what.into(), hint: None }
    }

    /// With advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<cairn_keyring::KeyringError> for Failure {
    fn from(error: cairn_keyring::KeyringError) -> Self {
        let answer = if error.is_refusal() { Answer::No } else { Answer::Unknown };
        Self { answer, what: error.to_string(), hint: error.hint() }
    }
}

impl From<cairn_keyring::AgentError> for Failure {
    fn from(error: cairn_keyring::AgentError) -> Self {
        let answer = if error.is_refusal() { Answer::No } else { Answer::Unknown };
        Self { answer, what: error.to_string(), hint: error.hint() }
    }
}

/// What every command returns.
pub type Outcome = Result<Answer, Failure>;

impl From<cairn_ledger::key::BadSignature> for Failure {
    fn from(why: cairn_ledger::key::BadSignature) -> Self {
        Self::unknown(format!("what the key gave cannot be used: {why}"))
    }
}
