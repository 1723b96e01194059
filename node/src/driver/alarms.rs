//! What an operator is told when something is wrong, and the evidence that is kept of it.

use super::Driver;
use cairn_api::Event;
use cairn_ledger::Fork;
use cairn_ledger::charter::Version;
use cairn_ledger::text::MemberCode;
use cairn_replica::Alarm;

/// More alarms than this say nothing new.
const ALARMS_MAX: usize = 100;

impl Driver {
    pub(super) fn on_alarm(&mut self, alarm: &Alarm) {
        let text = self.text(alarm);
        tracing::error!(alarm = text, "an operator has to know");
        match alarm {
            Alarm::Diverges { log, shown, .. } => {
                let held = self.replica.logs().get(log).and_then(|held| held.checkpoint());
                let held = held.map_or_else(String::new, |held| held.note().to_string());
                let kept = self.store.keep_diverging(log, &[&held, shown.note()]);
                self.say_unkept(log, kept);
                self.keep_alarm(text.clone());
            }
            Alarm::OwnLogUnseen(unseen) => {
                let me = self.replica.me().clone();
                let kept = self.store.keep_unseen(&me, unseen);
                self.say_unkept(&me, kept);
            }
            Alarm::OwnLogBehind { .. } => self.behind = Some(text.clone()),
            // The replica can tell of these for as long as they last.
            Alarm::CharterFork { .. }
            | Alarm::Fork { .. }
            | Alarm::Shrank { .. }
            | Alarm::Stalled { .. }
            | Alarm::Unconfirmed { .. } => {}
        }
        self.tell(Event::Alarm { text });
    }

    /// It is on the disk before anybody is told.
    pub(super) fn keep_fork(&mut self, fork: &Fork) {
        let kept = self.store.keep_fork(fork);
        self.say_unkept(fork.log(), kept);
    }

    fn say_unkept(&mut self, log: &MemberCode, kept: Result<(), crate::store::StoreError>) {
        if let Err(error) = kept {
            tracing::error!(%error, %log, "cannot keep evidence");
            self.keep_alarm(format!("evidence about the log of {log} cannot be kept: {error}"));
        }
    }

    fn keep_alarm(&mut self, text: String) {
        if !self.alarms.contains(&text) && self.alarms.len() < ALARMS_MAX {
            self.alarms.push(text);
        }
    }

    /// Everything that an operator has to know now, one sentence each.
    pub(super) fn all_alarms(&self) -> Vec<String> {
        let lasting = self.replica.logs().values().flat_map(|held| held.alarms());
        let lasting = lasting.map(|alarm| self.text(&alarm));
        let all = lasting.chain(self.alarms.iter().cloned());
        let all = all.chain(self.still_behind().cloned());
        let charter = self.replica.amendments().charter();
        let version = charter.version();
        let forked = charter.fork().map(|_| self.text(&Alarm::CharterFork { version }));
        let all = all.chain(forked).chain(self.removed());
        all.chain(self.witnesses.alarms()).collect()
    }

    /// What is over, and what to do, once our own member was removed.
    fn removed(&self) -> Option<String> {
        let (charter, me) = (self.replica.charter(), self.replica.me());
        let size = charter.ends(me)?.size;
        let ends = |version: &Version| version.ended().iter().any(|ended| ended.member == *me);
        let version = charter.history().find(|version| ends(version))?.version();
        Some(format!(
            "{me} is no member any more: version {version} of the charter has ended its log at {size} entries, and this node takes nothing more; `cairn charter history` shows who has signed that; take an archive away with `cairn export`, then stop this node; whoever comes back joins under another code"
        ))
    }

    fn still_behind(&self) -> Option<&String> {
        let own = self.replica.logs().get(self.replica.me())?;
        self.behind.as_ref().filter(|_| own.promised_size() > own.stored().size())
    }

    fn text(&self, alarm: &Alarm) -> String {
        let lasted = self.replica.limits().standstill_ms / 1000;
        match alarm {
            Alarm::Fork { log, position } => format!(
                "the log of {log} is forked: its key has signed two histories that part at or after position {position}; it is frozen there, `cairn export` hands out the proof"
            ),
            Alarm::CharterFork { version } => format!(
                "enough members have signed two successors of version {version} of the charter: neither has force, version {version} has; `cairn charter history` shows who has signed both"
            ),
            Alarm::Diverges { log, peer, size, .. } => format!(
                "{peer} shows a log of {log} that does not continue the {size} entries held here, and does not prove it"
            ),
            Alarm::OwnLogBehind { size, promised } => format!(
                "a peer holds {promised} entries of our own log, this folder {size}: it was restored from an old copy, or a second node runs with our keys; nothing is appended until they are fetched back"
            ),
            Alarm::OwnLogUnseen(unseen) => format!(
                "no peer has the entries of our own log from position {} on, and peers hold others there, signed with our key: this folder was restored from an old copy and went on by itself, or a second node runs with our keys; nothing is appended or signed; stop this node and any other with our keys, then run `cairn-node set-aside`",
                unseen.position
            ),
            Alarm::Shrank { log, told, promised } => format!(
                "the node of {log} shows {told} entries of its own log, its key has promised {promised}: that is no proof against it, it may be restored from an old copy"
            ),
            Alarm::Stalled { log, size, promised } => format!(
                "nobody has given the entries of {log} from {size} to {promised} for {lasted} seconds, though its key has promised them"
            ),
            Alarm::Unconfirmed { log, size, confirmed } => format!(
                "{confirmed} of {size} entries of {log} are confirmed, and no more have been for {lasted} seconds: too few members cosign"
            ),
        }
    }
}
