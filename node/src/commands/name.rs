//! Who a contributor is: sealed for the member's own vault, and handed in before the authorisation.

use anyhow::{Context, bail, ensure};
use cairn_api::{Problem, route};
use cairn_ledger::card::Card;
use cairn_ledger::hash::Reference;
use cairn_ledger::statement::{Audience, SealedPart};
use cairn_ledger::{MemberCode, NetworkId};
use cairn_sealing::{Place, Recipient, Sealed, seal};
use clap::Args;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The number of an authorisation's part with a person's name.
pub(super) const NAME_PART: u16 = 1;
/// A name, and how to reach its bearer.
const NAME_BYTES_MAX: usize = 4096;

/// Who the contributor is.
#[derive(Args)]
pub(super) struct Name {
    /// Who it is: a text file, or - for standard input. It stays in the member's vault, and everybody else
    /// sees a salted commitment.
    #[arg(long = "name", value_name = "FILE", requires = "token_file", conflicts_with = "out")]
    file: Option<PathBuf>,
    /// The file with a contributor's token of the node, as `user add` makes it: a name is handed in with it.
    #[arg(long, value_name = "FILE", env = "CAIRN_TOKEN_FILE")]
    token_file: Option<PathBuf>,
}

/// A name that is sealed.
pub(super) struct SealedName {
    reference: Reference,
    sealed: Sealed,
    token: Zeroizing<String>,
}

impl Name {
    /// Seals the name for the member of a card.
    pub(super) fn seal(
        self,
        network: NetworkId,
        card: &Card,
        reference: Reference,
    ) -> anyhow::Result<Option<SealedName>> {
        let (Some(file), Some(token)) = (self.file, self.token_file) else { return Ok(None) };
        let mut name = Zeroizing::new(String::new());
        let most = NAME_BYTES_MAX as u64 + 1;
        let read = match file.as_os_str() == "-" {
            true => io::stdin().take(most).read_to_string(&mut name),
            false => File::open(&file)?.take(most).read_to_string(&mut name),
        };
        read.with_context(|| format!("cannot read {}", file.display()))?;
        let found = name.len();
        ensure!(
            (1..=NAME_BYTES_MAX).contains(&found),
            "a name has 1 to {NAME_BYTES_MAX} bytes, this has {found}"
        );
        let mut text = Zeroizing::new(String::new());
        let read = File::open(&token).and_then(|file| file.take(1024).read_to_string(&mut text));
        read.with_context(|| format!("cannot read the token in {}", token.display()))?;
        let member: MemberCode = card.code.clone();
        let place = Place { network, member, reference, part: NAME_PART };
        let sealed = seal(place, &[Recipient::of(card)?], name.as_bytes())?;
        let token = Zeroizing::new(text.trim().to_owned());
        Ok(Some(SealedName { reference, sealed, token }))
    }
}

impl SealedName {
    /// What the statement says of it.
    pub(super) fn part(&self) -> SealedPart {
        let (size_class, commitment) = (self.sealed.size_class, self.sealed.commitment);
        SealedPart { part: NAME_PART, audience: Audience::Holder, size_class, commitment }
    }

    /// Hands it in.
    pub(super) fn hand_in(&self, node: &str) -> anyhow::Result<()> {
        let path = route::STAGED.replace("{reference}", &self.reference.to_string());
        let path = path.replace("{part}", &NAME_PART.to_string());
        let Sealed { commitment, size_class, payload, .. } = &self.sealed;
        let node = node.trim_end_matches('/');
        let url = format!("{node}{path}?commitment={commitment}&class={size_class}&audience=");
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = agent.put(&url).header("authorization", format!("Bearer {}", *self.token));
        let mut answer = request
            .content_type("application/octet-stream")
            .send(&payload[..])
            .with_context(|| format!("the node at {node} does not answer: is it running?"))?;
        if answer.status().is_success() {
            return Ok(());
        }
        let text = answer.body_mut().read_to_string()?;
        let why = serde_json::from_str(&text).map(|problem: Problem| problem.error);
        bail!("the name was not taken: {}", why.unwrap_or(text))
    }
}
