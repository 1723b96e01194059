//! `cairn-node authorise`: a contributor's key speaks for the member, within a scope.

use super::dates::{Edge, day, second_of};
use super::name::Name;
use super::root::Place;
use anyhow::{Context, ensure};
use cairn_api::words::kind_typed;
use cairn_casebook::{CaseId, MissionCode};
use cairn_ledger::PublicKey;
use cairn_ledger::administration::NOTHING;
use cairn_ledger::authority::{AUTHORISE, Authorisation, Scope};
use cairn_ledger::statement::Kind;
use cairn_ledger::text::{Text, Topic};
use clap::Args;
use jiff::civil::Date;

/// Let a contributor's key speak for the member, or speak again, or within another scope.
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
    #[command(flatten)]
    limits: Limits,
    #[command(flatten)]
    name: Name,
}

/// What the key may state. What is not limited is not limited at all.
#[derive(Args)]
struct Limits {
    /// A kind of statement that it may make, by name (note, notified) or number. Default: all.
    #[arg(long, value_name = "KIND", value_parser = kind_typed, value_delimiter = ',')]
    kind: Vec<Kind>,
    /// A mission about whose cases it may speak, such as MONUSCO. Default: all.
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    mission: Vec<MissionCode>,
    /// A case about which it may speak. Default: all.
    #[arg(long, value_name = "CASE", value_delimiter = ',')]
    case: Vec<CaseId>,
    /// A topic about which it may speak, where it is neither a mission nor a case.
    #[arg(long, value_delimiter = ',')]
    topic: Vec<Topic>,
    /// The first day, in UTC, on which what it states may be made.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    not_before: Option<Date>,
    /// The last such day.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    not_after: Option<Date>,
    /// It may read and state nothing.
    #[arg(long, conflicts_with_all = ["kind", "mission", "case", "topic"])]
    read_only: bool,
}

impl Authorise {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        self.key.check().context("the contributor's key")?;
        let (key, office, scope) = (self.key, self.office, self.limits.scope()?);
        let body = Authorisation { key, office, scope }.encode();
        self.place.state_with(AUTHORISE, body, None, Some(self.name)).map(|_| ())
    }
}

impl Limits {
    fn scope(self) -> anyhow::Result<Scope> {
        let missions = self.mission.iter().map(MissionCode::topic);
        let topics =
            self.topic.into_iter().chain(missions).chain(self.case.iter().map(CaseId::topic));
        let mut scope = Scope {
            kinds: if self.read_only { vec![NOTHING] } else { self.kind },
            topics: topics.collect(),
            not_before: self.not_before.map(|date| second_of(date, Edge::Begin)).transpose()?,
            not_after: self.not_after.map(|date| second_of(date, Edge::End)).transpose()?,
        };
        scope.kinds.sort_unstable();
        scope.kinds.dedup();
        scope.topics.sort_unstable();
        scope.topics.dedup();
        let ends_early = matches!((scope.not_before, scope.not_after), (Some(a), Some(b)) if b < a);
        ensure!(!ends_early, "--not-after lies before --not-before");
        Ok(scope)
    }
}
