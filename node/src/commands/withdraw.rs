//! `cairn-node suspend | revoke | two-people`: who speaks for the member no longer, and who not alone.

use super::dates::moment;
use super::root::{Place, Second};
use anyhow::ensure;
use cairn_api::words::{kind_typed, kind_words, marked_words};
use cairn_ledger::PublicKey;
use cairn_ledger::administration::{
    COMPROMISED, Compromise, SUSPEND, Suspension, TWO_PEOPLE, TwoPeople, may_need_second,
};
use cairn_ledger::authority::{REVOKE, Revocation};
use cairn_ledger::statement::{Kind, Timestamp};
use cairn_ledger::text::Text;
use clap::Args;

/// Let a contributor's key not speak for the member until it is authorised again.
#[derive(Args)]
pub(super) struct Suspend {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    second: Second,
    /// The contributor's public key.
    #[arg(long)]
    key: PublicKey,
    /// Why, for everybody to read.
    #[arg(long)]
    reason: Text<200>,
}

/// Let a contributor's key speak for the member no longer.
#[derive(Args)]
pub(super) struct Revoke {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    second: Second,
    /// The contributor's public key.
    #[arg(long)]
    key: PublicKey,
    /// Why, for everybody to read.
    #[arg(long)]
    reason: Text<200>,
    /// Somebody else may have used the key since then (2026-11-20 or 2026-11-20T14:05:00Z): it is revoked
    /// for ever, and what it signed since then counts for nothing. Two people sign this by the usual rules.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    compromised_since: Option<Timestamp>,
}

/// Say which kinds of statement need two people for this member, beside those of the charter.
#[derive(Args)]
pub(super) struct NeedsTwo {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    second: Second,
    /// A kind, by name (closed, compromised) or number. They take the place of those said before.
    #[arg(long, value_name = "KIND", value_parser = kind_typed, value_delimiter = ',')]
    kind: Vec<Kind>,
    /// No kinds beside those of the charter.
    #[arg(long, conflicts_with = "kind", required_unless_present = "kind")]
    none: bool,
}

impl Suspend {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let body = Suspension { key: self.key, reason: self.reason }.encode();
        self.place.state(SUSPEND, body, Some(self.second)).map(|_| ())
    }
}

impl Revoke {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let (key, reason) = (self.key, self.reason);
        let Some(since) = self.compromised_since else {
            let body = Revocation { key, reason }.encode();
            return self.place.state(REVOKE, body, None).map(|_| ());
        };
        let body = Compromise { key, reason, since }.encode();
        let Some(stands) = self.place.state(COMPROMISED, body, Some(self.second))? else {
            return Ok(());
        };
        let keys = stands.authority()?.keys;
        let ranges = keys.iter().filter(|one| one.key == key).flat_map(|one| &one.marked);
        let mut ranges = ranges.filter(|range| range.said_at == stands.position).peekable();
        if ranges.peek().is_none() {
            say!(
                "this marks nothing more: nothing that stands before it in the log claims that time or a later \
                 one. If the thief claimed earlier times, say it again with an earlier time"
            );
        }
        ranges.for_each(|range| say!("{}", marked_words(&stands.member, range)));
        Ok(())
    }
}

impl NeedsTwo {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let mut kinds = self.kind;
        kinds.sort_unstable();
        kinds.dedup();
        let without_force = |kind: &&Kind| kind.is_administrative() && !may_need_second(**kind);
        let odd = kinds.iter().find(without_force).map(|kind| kind_words(*kind));
        ensure!(odd.is_none(), "\"{}\" is for the root key alone", odd.unwrap_or_default());
        let body = TwoPeople { kinds }.encode();
        self.place.state(TWO_PEOPLE, body, Some(self.second)).map(|_| ())
    }
}
