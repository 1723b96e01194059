//! What must hold at every step and at the end, whatever the weather was.

use super::talk::tree_node;
use super::world::World;
use cairn_ledger::charter::{CharterError, Learnt};
use cairn_ledger::proof::subtree;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Checkpoint, Cosigned, Cosigner, Entry, EntryHash, TreeHash};
use cairn_replica::{Alarm, AppendError, Fault, HeadOf, Range, Token, WitnessError};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

/// What happened, as far as it has to be remembered.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    /// Everything that was acknowledged: by whom, where, which entry.
    pub accepted: Vec<(usize, u64, EntryHash)>,
    /// Every checkpoint that was ever signed: size and root, by author.
    pub signed: BTreeMap<usize, BTreeMap<u64, TreeHash>>,
    /// What each has cosigned last of each log: size and time.
    pub cosigned: BTreeMap<(usize, MemberCode), (u64, u64)>,
    /// Every alarm.
    pub alarms: Vec<(usize, Alarm)>,
    /// Everybody who was dropped, with the reason.
    pub drops: Vec<(usize, MemberCode, Fault)>,
    /// Every refusal.
    pub refused: Vec<(usize, AppendError)>,
    /// Every answer to somebody who wanted a checkpoint cosigned.
    pub witnessed: Vec<(usize, Token, Result<Cosigned, WitnessError>)>,
    /// Every answer to somebody who handed in a charter.
    pub offered: Vec<(usize, Result<Learnt, CharterError>)>,
    /// True where somebody wants checkpoints cosigned that are cosigned already: with a new date.
    pub submitted: bool,
    /// How often the power went.
    pub cuts: usize,
    /// True where the village has a liar or an old disk: alarms and drops are not failures then.
    pub trouble_expected: bool,
    /// Members that went on alone after that, and so signed what nobody else has.
    pub went_on_alone: std::collections::BTreeSet<usize>,
    /// Members whose disk was replaced by an older copy of itself, with what it held before.
    pub(crate) replaced: BTreeMap<usize, super::disk::Disk>,
}

impl World {
    /// Ends the run.
    ///
    /// # Panics
    /// Always, with the seed.
    pub fn fail(&self, why: &str) -> ! {
        panic!(
            "at {} ms of seed {seed}: {why}\n(run it again with CAIRN_SEED={seed})",
            self.now,
            seed = self.seed
        )
    }

    pub(crate) fn watch_accepted(&mut self, node: usize, position: u64, entry: EntryHash) {
        let code = &self.nodes[node].code;
        if self.nodes[node].disk.durable(code, position) != Some(entry) {
            self.fail(&format!("{code} acknowledged {position} before it was on the disk"));
        }
        self.watch.accepted.push((node, position, entry));
    }

    pub(crate) fn watch_refused(&mut self, node: usize, why: AppendError) {
        if matches!(why, AppendError::Frozen) {
            self.fail("an honest log was frozen");
        }
        self.watch.refused.push((node, why));
    }

    /// Notes a signature, whether it ever leaves the node or not.
    pub(crate) fn watch_signed(&mut self, node: usize, checkpoint: &Checkpoint) {
        let head = checkpoint.head();
        let before = self.watch.signed.entry(node).or_default().insert(head.size, head.root);
        if self.watch.went_on_alone.contains(&node) {
            return;
        }
        if before.is_some_and(|before| before != head.root) {
            self.fail(&format!("{} signed two histories of size {}", node, head.size));
        }
    }

    /// Whoever speaks of a log's size holds it, and its author can no longer forget it.
    pub(crate) fn watch_announced(&mut self, node: usize, heads: &[HeadOf]) {
        for HeadOf { log, checkpoint, .. } in heads {
            let size = checkpoint.size();
            if (self.nodes[node].disk.file(log).len() as u64) < size {
                self.fail(&format!("{node} announced {size} entries of {log} and holds fewer"));
            }
            let author = self.numbers[log];
            if self.nodes[author].liar.is_some() || self.watch.replaced.contains_key(&author) {
                continue;
            }
            let signed = self.watch.signed.get(&author);
            if signed.and_then(|signed| signed.get(&size)) != Some(&checkpoint.head().root) {
                self.fail(&format!("{node} announced a checkpoint of {log} that nobody signed"));
            }
            if self.nodes[author].disk.guarded() < Some(size) {
                self.fail(&format!("{node} announced {size} entries of {log} before its guard"));
            }
        }
    }

    /// Whoever cosigns holds what it cosigns, and never less of it than before, nor earlier.
    pub(crate) fn watch_cosigned(&mut self, node: usize, log: &MemberCode, cosigned: &Cosigned) {
        let (code, head) = (&self.nodes[node].code, cosigned.checkpoint().head());
        let held = self.nodes[node].disk.file(log);
        let last = head.size.checked_sub(1);
        let durable = last.is_none_or(|at| self.nodes[node].disk.durable(log, at).is_some());
        if !durable || root_of(held, head.size) != head.root {
            self.fail(&format!("{code} cosigned {} of {log}, which it does not hold", head.size));
        }
        let time = cosigned.cosignatures()[&Cosigner::Member(code.clone())].time;
        let before = self.watch.cosigned.insert((node, log.clone()), (head.size, time));
        let replaced = self.watch.replaced.contains_key(&node);
        let least = if self.watch.submitted { head.size } else { head.size.saturating_sub(1) };
        if !replaced && before.is_some_and(|(size, at)| size > least || at > time) {
            self.fail(&format!("{code} cosigned {before:?} of {log} and then {}", head.size));
        }
    }

    pub(crate) fn watch_alarm(&mut self, node: usize, alarm: Alarm) {
        if let Alarm::Fork { log, .. } = &alarm
            && self.nodes[self.numbers[log]].liar.is_none()
        {
            self.fail(&format!("{node} accuses the honest {log} of a fork"));
        }
        let accuses = !matches!(alarm, Alarm::Stalled { .. } | Alarm::Unconfirmed { .. });
        if accuses && !self.watch.trouble_expected {
            self.fail(&format!("an alarm among honest members, at {node}: {alarm:?}"));
        }
        self.watch.alarms.push((node, alarm));
    }

    pub(crate) fn watch_drop(&mut self, node: usize, peer: &MemberCode, fault: Fault) {
        if !self.watch.trouble_expected {
            self.fail(&format!("{node} dropped the honest {peer}: {fault}"));
        }
        self.watch.drops.push((node, peer.clone(), fault));
    }

    /// Nobody is ever sent an entry that its author can still forget.
    pub(crate) fn check_durable(&self, from: usize, to: usize, range: &Range) {
        let author = self.numbers[&range.log];
        if self.nodes[author].liar.is_some() || self.nodes[from].liar.is_some() {
            return;
        }
        for entry in &range.entries {
            if !self.author_keeps(author, entry) {
                let at = entry.position();
                self.fail(&format!("{to} got {} {at}, which its author can forget", range.log));
            }
        }
    }

    fn author_keeps(&self, author: usize, entry: &Entry) -> bool {
        let (log, at) = (&self.nodes[author].code, entry.position());
        let disks = [Some(&self.nodes[author].disk), self.watch.replaced.get(&author)];
        disks.into_iter().flatten().any(|disk| disk.durable(log, at) == Some(entry.hash()))
    }

    /// What a replica calls stored is on its disk.
    pub(crate) fn check_grew(&self, node: usize, log: &MemberCode, to: u64) {
        let found = self.nodes[node].disk.file(log).len() as u64;
        if found < to {
            self.fail(&format!("{node} says that {log} grew to {to}, the disk holds {found}"));
        }
    }

    /// What was acknowledged is there when the node starts again.
    pub(crate) fn check_restored(&self, node: usize) {
        let code = &self.nodes[node].code;
        if self.watch.replaced.contains_key(&node) {
            return;
        }
        for (author, position, entry) in &self.watch.accepted {
            if *author == node && self.nodes[node].disk.durable(code, *position) != Some(*entry) {
                self.fail(&format!("{code} lost {position}, which it had acknowledged"));
            }
        }
    }

    /// Everything that can only be said at the end, when nobody says anything new any more.
    pub fn check_end(&self) {
        let honest = self.honest();
        honest.iter().for_each(|node| self.check_restored(*node));
        for author in honest.difference(&self.watch.went_on_alone) {
            let log = &self.nodes[*author].code;
            let file = self.nodes[*author].disk.file(log);
            for (size, root) in self.watch.signed.get(author).into_iter().flatten() {
                if *size > file.len() as u64 || root_of(file, *size) != *root {
                    self.fail(&format!("{log} signed {size} entries that are not its history"));
                }
            }
        }
        if !self.agrees() {
            let differences: Vec<_> = self.differences().collect();
            self.fail(&format!("the village does not agree:\n{}", differences.join("\n")));
        }
    }

    /// True when all honest nodes run and hold the whole log of every honest member, under its
    /// newest checkpoint.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.differences().next().is_none()
    }

    fn differences(&self) -> impl Iterator<Item = String> + '_ {
        let honest: Vec<_> = self.honest().into_iter().collect();
        let pairs = honest.clone().into_iter().flat_map(move |author| {
            let nodes = honest.clone();
            nodes.into_iter().map(move |node| (node, author))
        });
        let liars = (0..self.nodes.len()).filter(|node| self.nodes[*node].liar.is_some());
        let forks = liars.filter_map(|author| self.fork_difference(author));
        pairs.filter_map(|(node, author)| self.difference(node, author)).chain(forks)
    }

    /// Where a liar's log is forked, as each honest node knows it; nothing for those that know none.
    #[must_use]
    pub fn forks(&self, author: usize) -> Vec<Option<u64>> {
        let log = &self.nodes[author].code;
        let running = self.nodes.iter().filter_map(|node| node.replica.as_ref());
        running.map(|replica| Some(replica.logs()[log].fork()?.position())).collect()
    }

    /// How honest nodes differ about the fork of a liar's log, if they do.
    fn fork_difference(&self, author: usize) -> Option<String> {
        let mut forks = self.forks(author);
        forks.dedup();
        let log = &self.nodes[author].code;
        (forks.len() > 1).then(|| format!("the fork of {log} is known differently: {forks:?}"))
    }

    /// How a node's copy of a log differs from what its author holds, if it does.
    fn difference(&self, node: usize, author: usize) -> Option<String> {
        let log = &self.nodes[author].code;
        let file = self.nodes[author].disk.file(log);
        let Some(replica) = &self.nodes[node].replica else {
            return Some(format!("{node} does not run"));
        };
        let held = &replica.logs()[log];
        let (stored, covered) = (held.stored().size(), held.checkpoint().map(Checkpoint::size));
        let last = file.last().map_or(EntryHash::NONE, |entry| entry.hash());
        let size = file.len() as u64;
        let same = (stored, covered) == (size, Some(size)) && held.stored().last() == last;
        let heads = || held.checkpoint().map(Checkpoint::head) == Some(held.stored().head());
        let confirmed = held.cosignatures().confirmed_size();
        let quorum = usize::from(self.network.charter.rules().confirm);
        let enough = size == 0 || confirmed == size || self.honest().len() < quorum;
        let differs = || {
            format!(
                "{node} holds {stored} of {size} of {log}, covered {covered:?}, confirmed {confirmed}"
            )
        };
        (!(same && heads() && enough)).then(differs)
    }
}

/// The root over the first `size` entries.
fn root_of(entries: &[Arc<Entry>], size: u64) -> TreeHash {
    let mut node = |level, index| Ok::<_, Infallible>(tree_node(entries, level, index));
    let Ok(root) = subtree(0, size, &mut node);
    root
}
