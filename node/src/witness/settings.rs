//! What an operator says of outside witnesses in `node.toml`.

use anyhow::{Context, ensure};
use cairn_ledger::{Text, WitnessKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// The most outside witnesses of one log: a receipt carries a line of each.
pub const WITNESSES_MAX: usize = 16;
/// How often they may be shown a checkpoint, in seconds.
const INTERVAL_S: RangeInclusive<u64> = 1..=86_400;

/// A witness outside of the network, as it stands in `node.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutsideWitness {
    /// What the operator calls it.
    pub name: String,
    /// Its key, as it publishes it: `name+id+key`.
    pub vkey: String,
    /// Where it takes checkpoints: what stands before `/add-checkpoint`.
    pub url: String,
}

/// The same, checked.
#[derive(Debug, Clone)]
pub(super) struct Witness {
    pub(super) name: String,
    pub(super) key: WitnessKey,
    /// Without a slash at its end.
    pub(super) url: String,
}

/// Checks the settings.
pub(super) fn check(all: &[OutsideWitness], interval_s: u64) -> anyhow::Result<Vec<Witness>> {
    let found = all.len();
    ensure!(found <= WITNESSES_MAX, "node.toml names {found} witnesses, at most {WITNESSES_MAX}");
    ensure!(
        INTERVAL_S.contains(&interval_s),
        "witness_interval_s in node.toml is {interval_s}, expected 1 to 86400"
    );
    let one = |it: &OutsideWitness| {
        checked(it).with_context(|| format!("the witness {:?} in node.toml", it.name))
    };
    let list: Vec<_> = all.iter().map(one).collect::<Result<_, _>>()?;
    let keys: BTreeSet<_> = list.iter().map(|witness| *witness.key.key()).collect();
    let names: BTreeSet<_> = list.iter().map(|witness| &witness.name).collect();
    let distinct = keys.len() == found && names.len() == found;
    ensure!(distinct, "two witnesses in node.toml have one name or one key");
    Ok(list)
}

fn checked(it: &OutsideWitness) -> anyhow::Result<Witness> {
    Text::<120>::new(&it.name)?;
    ensure!(!it.name.is_empty(), "it has no name");
    let url = it.url.trim_end_matches('/').to_string();
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let plain = |rest: &&str| {
        let strange = |c: char| matches!(c, '?' | '#' | '@') || c.is_whitespace() || c.is_control();
        !rest.is_empty() && !rest.starts_with('/') && !rest.contains(strange)
    };
    let url_is_plain = rest.filter(plain).is_some();
    ensure!(url_is_plain, "{:?} is not an address such as https://witness.example.org/w", it.url);
    Ok(Witness { name: it.name.clone(), key: it.vkey.parse()?, url })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cairn_ledger::SecretKey;

    fn witness(seed: u8) -> OutsideWitness {
        let key = SecretKey::from_seed([seed; 32]).public();
        let key = WitnessKey::new("w.example/one", key).unwrap();
        let (name, url) = (format!("witness {seed}"), "https://w.example/one/".into());
        OutsideWitness { name, vkey: key.to_string(), url }
    }

    #[test]
    fn what_names_a_witness_is_taken_and_nothing_else() {
        let list = check(&[witness(1), witness(2)], 30).unwrap();
        assert_eq!(list[0].url, "https://w.example/one");
        let changed = |change: fn(&mut OutsideWitness)| {
            let mut one = witness(1);
            change(&mut one);
            check(&[one, witness(2)], 30).map(|_| ()).unwrap_err()
        };
        let changes: [fn(&mut OutsideWitness); 10] = [
            |it| it.name.clear(),
            |it| it.name.push('\u{1b}'),
            |it| it.name = "witness 2".into(),
            |it| it.vkey = witness(2).vkey,
            |it| it.vkey.truncate(20),
            |it| it.url.clear(),
            |it| it.url = "ftp://w.example".into(),
            |it| it.url = "https:///one".into(),
            |it| it.url = "https://me:secret@w.example".into(),
            |it| it.url = "https://w.example/?a=b".into(),
        ];
        for change in changes {
            changed(change);
        }
        assert!(check(&[witness(1)], 0).is_err() && check(&[witness(1)], 86_401).is_err());
        let many: Vec<_> = (0..17).map(witness).collect();
        assert!(check(&many, 30).is_err() && check(&many[1..], 30).is_ok());
    }
}
