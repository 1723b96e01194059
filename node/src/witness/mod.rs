//! Witnesses outside of the network: our log's checkpoints are shown to them, and what they cosign is
//! kept for receipts (c2sp.org/tlog-witness, the side of the log).
//!
//! They know nothing of Cairn and vouch for one thing: that everybody was shown the same log. What
//! one of them refuses is an alarm. Source: `docs/spec/13-witness.md`.

mod kept;
mod rounds;
mod settings;
mod talk;

pub use settings::{OutsideWitness, WITNESSES_MAX};

use crate::config::{Config, Folder};
use cairn_api::WitnessStatus;
use cairn_ledger::note::NOTE_BYTES_MAX;
use cairn_ledger::{Charter, Cosigned, MemberCode};
use kept::Kept;
use rounds::Turn;
use settings::Witness;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// The outside witnesses of our log, and what is known of each.
#[derive(Debug)]
pub struct Witnesses {
    charter: Arc<Charter>,
    me: MemberCode,
    interval: Duration,
    /// The data folder.
    folder: PathBuf,
    agent: ureq::Agent,
    list: Vec<Witness>,
    /// One for each of the list.
    states: RwLock<Vec<State>>,
}

/// What is known of one witness.
#[derive(Debug, Clone, Default)]
struct State {
    newest: Option<Kept>,
    trouble: Option<Trouble>,
    turn: Turn,
}

/// Why a witness has not cosigned our newest checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trouble {
    /// It is away, or answers something else than it should: asking again may help.
    Failing(String),
    /// It says that we show it another history than before: somebody has to look.
    Refuses(String),
}

impl Witnesses {
    /// The witnesses of the settings, and what the folder holds of them.
    ///
    /// # Errors
    /// When the settings name one that cannot be one.
    pub fn open(
        config: &Config,
        folder: &Folder,
        charter: &Arc<Charter>,
        me: &MemberCode,
    ) -> anyhow::Result<Arc<Self>> {
        let list = settings::check(&config.witness, config.witness_interval_s)?;
        let state = |witness: &Witness| {
            let file = kept::file(&folder.0, me, &witness.key);
            State { newest: Kept::read(&file, &witness.key, charter, me), ..State::default() }
        };
        let states = RwLock::new(list.iter().map(state).collect());
        let interval = Duration::from_secs(config.witness_interval_s);
        let (charter, me, folder) = (charter.clone(), me.clone(), folder.0.clone());
        let agent = talk::agent();
        Ok(Arc::new(Self { charter, me, interval, folder, agent, list, states }))
    }

    /// How it stands with each.
    #[must_use]
    pub fn status(&self) -> Vec<WitnessStatus> {
        let states = self.states.read().unwrap_or_else(PoisonError::into_inner);
        let status = |(witness, state): (&Witness, &State)| {
            let (trouble, refuses) = match &state.trouble {
                None => (None, false),
                Some(Trouble::Failing(why)) => (Some(why.clone()), false),
                Some(Trouble::Refuses(why)) => (Some(why.clone()), true),
            };
            WitnessStatus {
                name: witness.name.clone(),
                key: witness.key.to_string(),
                url: witness.url.clone(),
                size: state.newest.as_ref().map(Kept::size),
                time: state.newest.as_ref().map(Kept::time),
                trouble,
                refuses,
            }
        };
        self.list.iter().zip(states.iter()).map(status).collect()
    }

    /// What an operator has to know of them, one sentence each.
    #[must_use]
    pub fn alarms(&self) -> Vec<String> {
        let status = self.status().into_iter().filter(|witness| witness.refuses);
        status.filter_map(|witness| Some(alarm(&witness.name, &witness.trouble?))).collect()
    }

    /// The checkpoint for a receipt of an entry, if it is one of ours, and the lines of the outside
    /// witnesses on it: the one that most of them have cosigned, unless the members stand behind
    /// `chosen` and not behind any of those.
    #[must_use]
    pub fn covering(
        &self,
        member: &MemberCode,
        position: u64,
        chosen: &Cosigned,
    ) -> Option<(Cosigned, String)> {
        if *member != self.me {
            return None;
        }
        let states = self.states.read().unwrap_or_else(PoisonError::into_inner);
        let mut found: BTreeMap<(u64, String), (Cosigned, usize, String)> = BTreeMap::new();
        for (witness, kept) in self.list.iter().zip(states.iter()) {
            let Some(kept) = kept.newest.as_ref().filter(|kept| kept.size() > position) else {
                continue;
            };
            let key = (kept.size(), kept.cosigned().checkpoint().text().to_string());
            let none = || (kept.cosigned().clone(), 0, String::new());
            let (cosigned, count, lines) = found.entry(key).or_insert_with(none);
            cosigned.merge(kept.cosigned());
            cosigned.merge(chosen);
            *count += 1;
            lines.push_str(&kept.line(&witness.key));
        }
        drop(states);
        let good = found.into_values().filter(|(cosigned, _, lines)| {
            let fits = cosigned.note(&self.charter).len() + lines.len() <= NOTE_BYTES_MAX;
            fits && self.is_as_good(cosigned, chosen)
        });
        // Of those with as many witnesses the last is the largest.
        let (cosigned, _, lines) = good.max_by_key(|(_, count, _)| *count)?;
        Some((cosigned, lines))
    }

    /// Whether the members stand behind one checkpoint as well as behind another.
    fn is_as_good(&self, one: &Cosigned, other: &Cosigned) -> bool {
        let confirmed = |it: &Cosigned| it.is_confirmed(&self.charter, &self.me);
        let members = |it: &Cosigned| it.members(&self.me);
        confirmed(one) || (!confirmed(other) && members(one) >= members(other))
    }
}

fn alarm(name: &str, why: &str) -> String {
    format!("outside witness {name} refuses our log: {why}")
}
