//! Tokens: random, recognised by their form, known to the node by their hash.

use cairn_ledger::hash::derive;
use std::fmt::Write as _;
use std::str::FromStr;
use zeroize::Zeroizing;

const BEGIN: &str = "cairn_";
const CHECK_BYTES: usize = 4;

/// The token of a user of the API. Never printed but by who asks for its text.
pub struct Token(Zeroizing<[u8; 32]>);

/// A text that is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token, or not a whole one: expected cairn_ and 72 hexadecimal digits")]
pub struct TokenError;

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate() -> anyhow::Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        Ok(Self(bytes))
    }

    /// What its user is given.
    #[must_use]
    pub fn text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(80));
        text.push_str(BEGIN);
        for byte in self.0.iter().chain(&self.check()) {
            // Writing into memory cannot fail.
            write!(text, "{byte:02x}").ok();
        }
        text
    }

    /// What the node knows of it.
    #[must_use]
    pub fn hash(&self) -> String {
        let hash = derive("cairn 2026-11 token v1", &*self.0);
        hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// By which a token that was cut is noticed before anybody looks for it.
    fn check(&self) -> [u8; CHECK_BYTES] {
        let [a, b, c, d, ..] = derive("cairn 2026-11 token check v1", &*self.0);
        [a, b, c, d]
    }
}

impl FromStr for Token {
    type Err = TokenError;
    fn from_str(text: &str) -> Result<Self, TokenError> {
        let digits = text.strip_prefix(BEGIN).ok_or(TokenError)?;
        let mut bytes = Zeroizing::new([0; 32 + CHECK_BYTES]);
        hex::decode_to_slice(digits, &mut *bytes).map_err(|_| TokenError)?;
        let (secret, check) = bytes.split_first_chunk::<32>().ok_or(TokenError)?;
        let token = Self(Zeroizing::new(*secret));
        if token.check() == check { Ok(token) } else { Err(TokenError) }
    }
}
