//! Keys that live in an ssh-agent: it signs, and the secret never comes here.
//!
//! Source: draft-ietf-sshm-ssh-agent, two requests of it. Only plain Ed25519 keys can make statements; the
//! keys of FIDO tokens (`sk-ssh-ed25519`) sign another message, which no verifier of ours could check.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use cairn_ledger::key::{BadSignature, KeyError};
use cairn_ledger::{PublicKey, Signature};
use sha2::{Digest as _, Sha256};
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long an agent may take: somebody may have to confirm.
pub const AGENT_PATIENCE: Duration = Duration::from_secs(30);
/// The most bytes of an answer, as OpenSSH has it.
pub const ANSWER_BYTES_MAX: usize = 256 << 10;
/// The most keys of an agent, as OpenSSH has it.
const KEYS_MAX: u32 = 2048;

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
const FAILURES: [u8; 3] = [5, 30, 102];
const ED25519: &str = "ssh-ed25519";

/// Why an agent does not sign.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The environment names none.
    #[error("there is no ssh-agent: SSH_AUTH_SOCK is not set")]
    NoAgent,
    /// It cannot be reached, or goes away.
    #[error("the ssh-agent at {} cannot be asked: {error}", path.display())]
    Unreachable {
        /// Its socket.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// It takes too long.
    #[error("the ssh-agent has not answered for {} seconds", .0.as_secs())]
    Slow(Duration),
    /// Its answer has too many bytes.
    #[error("the ssh-agent answers with {found} bytes, the limit is {ANSWER_BYTES_MAX}")]
    TooLarge {
        /// How many.
        found: u32,
    },
    /// Its answer is not one.
    #[error("the ssh-agent's answer is not in its protocol: {0}")]
    Malformed(&'static str),
    /// It shows no key.
    #[error("the ssh-agent shows no keys: it has none or is locked")]
    Empty,
    /// It has other keys only.
    #[error("the ssh-agent has no key {0}")]
    NotThere(String),
    /// Of the named kind.
    #[error("{key} is of the kind {algorithm}, only {ED25519} can make statements")]
    OtherAlgorithm {
        /// The fingerprint.
        key: String,
        /// What it is.
        algorithm: String,
    },
    /// There are several.
    #[error("the ssh-agent has {0} keys that could be meant")]
    Several(usize),
    /// A key that nobody may use.
    #[error("{key}: {why}")]
    BadKey {
        /// The fingerprint.
        key: String,
        /// What is wrong.
        why: KeyError,
    },
    /// It has the key and does not sign.
    #[error("the ssh-agent refuses to sign")]
    Refused,
    /// It signs something else.
    #[error("the ssh-agent's signature is not one by this key over the statement")]
    WrongSignature,
}

impl AgentError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoAgent | Self::Unreachable { .. } => {
                "start one: eval $(ssh-agent), then ssh-add with the key's file".into()
            }
            Self::Slow(_) => "confirm where it asks, or restart it".into(),
            Self::Empty | Self::NotThere(_) => {
                "ssh-add -L lists its keys; ssh-add FILE puts one back, ssh-add -X unlocks it"
                    .into()
            }
            Self::OtherAlgorithm { algorithm, .. } if algorithm.starts_with("sk-") => {
                "a FIDO token signs a message of its own around what it is given: make a key with \
                 ssh-keygen -t ed25519, or keep one in hardware that signs plain Ed25519"
                    .into()
            }
            Self::OtherAlgorithm { .. } => "make one: ssh-keygen -t ed25519".into(),
            Self::Several(_) => {
                "name one with --agent-key and its fingerprint: ssh-add -l lists them".into()
            }
            Self::BadKey { .. } => "take another key".into(),
            Self::Refused => "somebody or its rules said no: ssh-add -l, or ask again".into(),
            Self::TooLarge { .. } | Self::Malformed(_) | Self::WrongSignature => {
                "nothing was signed; something else may answer at SSH_AUTH_SOCK".into()
            }
        })
    }

    /// True where the answer is no, false where nothing can be said.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::OtherAlgorithm { .. }
                | Self::BadKey { .. }
                | Self::Refused
                | Self::WrongSignature
                | Self::TooLarge { .. }
                | Self::Malformed(_)
        )
    }
}

impl From<BadSignature> for AgentError {
    fn from(BadSignature: BadSignature) -> Self {
        Self::WrongSignature
    }
}

/// A key that an agent shows. The comment is whatever somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentKey {
    /// The algorithm's name.
    pub algorithm: String,
    /// The public half, where it is Ed25519.
    pub public: Option<PublicKey>,
    /// As `ssh-add -l` shows it: `SHA256:` and 43 characters.
    pub fingerprint: String,
    /// What it is called.
    pub comment: String,
}

/// A running ssh-agent.
#[derive(Debug, Clone)]
pub struct Agent {
    socket: PathBuf,
    patience: Duration,
}

impl Agent {
    /// The one that the environment names.
    ///
    /// # Errors
    /// When it names none.
    pub fn of_environment() -> Result<Self, AgentError> {
        let socket = std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty());
        let socket = socket.ok_or(AgentError::NoAgent)?;
        Ok(Self::at(Path::new(&socket), AGENT_PATIENCE))
    }

    /// The one behind a socket, and how long it may take.
    #[must_use]
    pub fn at(socket: &Path, patience: Duration) -> Self {
        Self { socket: socket.into(), patience }
    }

    /// All keys that it shows.
    ///
    /// # Errors
    /// When it cannot be asked, or what it says is not in its protocol.
    pub fn keys(&self) -> Result<Vec<AgentKey>, AgentError> {
        let answer = self.ask(&[REQUEST_IDENTITIES])?;
        let mut rest = match answer.split_first() {
            Some((&IDENTITIES_ANSWER, rest)) => rest,
            Some((kind, _)) if FAILURES.contains(kind) => return Ok(Vec::new()),
            _ => return Err(AgentError::Malformed("no list of keys")),
        };
        let count = take_u32(&mut rest)?;
        if count > KEYS_MAX {
            return Err(AgentError::Malformed("more than 2048 keys"));
        }
        let keys: Result<Vec<_>, _> = (0..count).map(|_| take_key(&mut rest)).collect();
        if rest.is_empty() { keys } else { Err(AgentError::Malformed("bytes after its end")) }
    }

    /// The Ed25519 key that has this fingerprint or this comment; the only one when none is named.
    ///
    /// # Errors
    /// When there is none, are several, or the one that was named is of another kind or unusable.
    pub fn choose(&self, named: Option<&str>) -> Result<AgentKey, AgentError> {
        let keys = self.keys()?;
        if keys.is_empty() {
            return Err(AgentError::Empty);
        }
        let of_kind = |key: &&AgentKey| key.public.is_some();
        let mut fitting: Vec<_> = match named {
            None => keys.iter().filter(of_kind).collect(),
            Some(name) => keys.iter().filter(|key| key.is_called(name)).collect(),
        };
        if named.is_some() && fitting.iter().any(of_kind) {
            fitting.retain(of_kind);
        }
        let key = match (&fitting[..], &keys[..]) {
            ([one], _) => (*one).clone(),
            // The reason why the only key is of no use is worth more than that there is none.
            ([], [only]) if named.is_none() => only.clone(),
            ([], _) => {
                let name = named.map_or_else(|| format!("of the kind {ED25519}"), str::to_owned);
                return Err(AgentError::NotThere(name));
            }
            (several, _) => return Err(AgentError::Several(several.len())),
        };
        let fingerprint = || key.fingerprint.clone();
        let Some(public) = key.public else {
            let algorithm = key.algorithm.clone();
            return Err(AgentError::OtherAlgorithm { key: fingerprint(), algorithm });
        };
        match public.check() {
            Ok(_) => Ok(key),
            Err(why) => Err(AgentError::BadKey { key: fingerprint(), why }),
        }
    }

    /// The signature of the agent's key over `bytes`. The caller checks it.
    ///
    /// # Errors
    /// When the agent has no such key, refuses, is too slow or answers something else.
    pub fn sign(&self, key: &PublicKey, bytes: &[u8]) -> Result<Signature, AgentError> {
        let mut request = vec![SIGN_REQUEST];
        put(&mut request, &blob(key))?;
        put(&mut request, bytes)?;
        request.extend(0_u32.to_be_bytes());
        let answer = self.ask(&request)?;
        match answer.split_first() {
            Some((&SIGN_RESPONSE, rest)) => signature(rest),
            Some((kind, _)) if FAILURES.contains(kind) => Err(self.why_not(key)?),
            _ => Err(AgentError::Malformed("no signature")),
        }
    }

    /// Why it may have refused: a locked agent shows no keys.
    fn why_not(&self, key: &PublicKey) -> Result<AgentError, AgentError> {
        let keys = self.keys()?;
        Ok(if keys.is_empty() {
            AgentError::Empty
        } else if keys.iter().any(|held| held.public == Some(*key)) {
            AgentError::Refused
        } else {
            AgentError::NotThere(key.to_string())
        })
    }

    fn ask(&self, request: &[u8]) -> Result<Vec<u8>, AgentError> {
        let until = Instant::now().checked_add(self.patience);
        let failed = |error: io::Error| {
            use io::ErrorKind::{TimedOut, UnexpectedEof, WouldBlock};
            let kind = error.kind();
            if [WouldBlock, TimedOut].contains(&kind) {
                AgentError::Slow(self.patience)
            } else if kind == UnexpectedEof {
                AgentError::Malformed("it ends too early")
            } else {
                AgentError::Unreachable { path: self.socket.clone(), error }
            }
        };
        let mut stream = UnixStream::connect(&self.socket).map_err(failed)?;
        stream.set_write_timeout(Some(self.patience)).map_err(failed)?;
        let mut framed = Vec::with_capacity(request.len().saturating_add(4));
        put(&mut framed, request)?;
        stream.write_all(&framed).map_err(failed)?;
        let mut length = [0; 4];
        read_until(&mut stream, &mut length, until).map_err(failed)?;
        let found = u32::from_be_bytes(length);
        let bounded = usize::try_from(found).ok().filter(|length| *length <= ANSWER_BYTES_MAX);
        let mut answer = vec![0; bounded.ok_or(AgentError::TooLarge { found })?];
        read_until(&mut stream, &mut answer, until).map_err(failed)?;
        Ok(answer)
    }
}

impl AgentKey {
    fn is_called(&self, name: &str) -> bool {
        self.fingerprint == name
            || self.comment == name
            || self.public.is_some_and(|public| public.to_string() == name)
    }
}

/// Fills `bytes`, in time all together: one byte now and then is not an answer.
fn read_until(
    stream: &mut UnixStream,
    mut bytes: &mut [u8],
    until: Option<Instant>,
) -> io::Result<()> {
    while !bytes.is_empty() {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(left)?;
        match stream.read(bytes) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => bytes = bytes.get_mut(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Appends a string: its length, then its bytes.
fn put(to: &mut Vec<u8>, bytes: &[u8]) -> Result<(), AgentError> {
    let length = u32::try_from(bytes.len());
    to.extend(length.map_err(|_| AgentError::Malformed("a request too long"))?.to_be_bytes());
    to.extend(bytes);
    Ok(())
}

fn take_u32(rest: &mut &[u8]) -> Result<u32, AgentError> {
    let (number, after) =
        rest.split_first_chunk().ok_or(AgentError::Malformed("it ends too early"))?;
    *rest = after;
    Ok(u32::from_be_bytes(*number))
}

fn take<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], AgentError> {
    let length = usize::try_from(take_u32(rest)?).unwrap_or(usize::MAX);
    let split = rest.split_at_checked(length);
    let (bytes, after) = split.ok_or(AgentError::Malformed("it ends too early"))?;
    *rest = after;
    Ok(bytes)
}

/// An Ed25519 key as SSH writes it.
fn blob(key: &PublicKey) -> Vec<u8> {
    let length = |length: u32| length.to_be_bytes();
    [&length(11)[..], ED25519.as_bytes(), &length(32), &key.0].concat()
}

fn take_key(rest: &mut &[u8]) -> Result<AgentKey, AgentError> {
    let (blob, comment) = (take(rest)?, take(rest)?);
    let mut inside = blob;
    let algorithm = String::from_utf8_lossy(take(&mut inside)?).into_owned();
    let public = match algorithm.as_str() {
        ED25519 => {
            let key = take(&mut inside)?.try_into().ok().filter(|_| inside.is_empty());
            Some(PublicKey(key.ok_or(AgentError::Malformed("an Ed25519 key without 32 bytes"))?))
        }
        _ => None,
    };
    Ok(AgentKey {
        algorithm,
        public,
        fingerprint: format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob))),
        comment: String::from_utf8_lossy(comment).into_owned(),
    })
}

fn signature(mut rest: &[u8]) -> Result<Signature, AgentError> {
    let mut inside = take(&mut rest)?;
    let (algorithm, bytes) = (take(&mut inside)?, take(&mut inside)?);
    let whole = rest.is_empty() && inside.is_empty() && algorithm == ED25519.as_bytes();
    let bytes: Option<[u8; 64]> = bytes.try_into().ok().filter(|_| whole);
    bytes.map(Signature).ok_or(AgentError::Malformed("a signature of another kind"))
}
