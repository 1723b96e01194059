//! The village itself: its nodes, its links, its clock, and what is due.

use super::disk::Disk;
use super::liar::Liar;
use super::rng::Rng;
use super::talk::Message;
use super::watch::Watch;
use super::weather::{Change, Weather};
use crate::people::Network;
use cairn_ledger::card::MemberSecrets;
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Cosigned, SignedStatement};
use cairn_replica::{CharterWork, Input, Limits, Output, Replica, Time, Token};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::sync::Arc;

/// One node: its process, while it runs, and its disk.
#[derive(Debug)]
pub struct Node {
    /// Whose.
    pub code: MemberCode,
    /// The process; nothing while the power is out.
    pub replica: Option<Replica>,
    /// What stays when the power goes.
    pub disk: Disk,
    /// How often it was started: what belongs to an earlier life comes too late.
    pub(crate) life: u32,
    /// When it wants to be woken.
    wake: Option<u64>,
    /// Statements made so far.
    said: u64,
    /// What plays the node, if no honest replica does.
    pub liar: Option<Liar>,
    /// Keys that its operator has made beside the first ones: those that the charter lists are used.
    pub spare: Vec<MemberSecrets>,
    /// The keys with which it runs.
    secrets: Option<MemberSecrets>,
}

/// A link between two nodes, the lower number first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Link {
    /// Both ends know that there is a connection.
    pub up: bool,
    /// Messages vanish silently: from the lower to the higher, and back.
    pub blocked: [bool; 2],
}

/// Something that is due.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Deliver { from: usize, to: usize, message: Message },
    Written { node: usize, life: u32 },
    Guarded { node: usize, life: u32 },
    Cosigned { node: usize, life: u32 },
    Wake { node: usize, life: u32, at: u64 },
    Say { node: usize },
    Change(Change),
}

/// A village.
#[derive(Debug)]
pub struct World {
    /// The seed that everything follows from.
    pub seed: u64,
    /// The members.
    pub network: Arc<Network>,
    /// The nodes, in the order of the members.
    pub nodes: Vec<Node>,
    /// The links, by the numbers of their ends.
    pub links: BTreeMap<(usize, usize), Link>,
    /// What is kept to check at the end.
    pub watch: Watch,
    /// What the weather is like now.
    pub weather: Weather,
    /// The virtual clock, in milliseconds.
    pub now: u64,
    pub(crate) rng: Rng,
    pub(crate) numbers: BTreeMap<MemberCode, usize>,
    pub(crate) limits: Limits,
    due: BinaryHeap<Reverse<(u64, u64)>>,
    events: BTreeMap<u64, Event>,
    next_event: u64,
    trace: bool,
}

impl World {
    /// A village where nothing has happened yet and every node is about to start.
    #[must_use]
    pub fn new(seed: u64, network: Arc<Network>, limits: Limits, weather: Weather) -> Self {
        let node = |code: &MemberCode| Node {
            code: code.clone(),
            replica: None,
            disk: Disk::new(code.clone()),
            life: 0,
            wake: None,
            said: 0,
            liar: None,
            spare: Vec::new(),
            secrets: None,
        };
        let codes: Vec<_> = network.people.iter().map(|one| one.code.clone()).collect();
        let numbers = codes.iter().cloned().enumerate().map(|(n, code)| (code, n)).collect();
        Self {
            seed,
            nodes: codes.iter().map(node).collect(),
            links: BTreeMap::new(),
            watch: Watch::default(),
            weather,
            now: 0,
            rng: Rng::new(seed),
            numbers,
            limits,
            network,
            due: BinaryHeap::new(),
            events: BTreeMap::new(),
            next_event: 0,
            trace: std::env::var_os("CAIRN_SEED").is_some(),
        }
    }

    /// Links everybody in a ring, and everybody to so many others at random besides.
    pub fn link_at_random(&mut self, more: usize) {
        let count = self.nodes.len();
        for one in 0..count {
            self.link(one, (one + 1) % count);
            for _ in 0..more {
                let other = self.rng.below(count);
                self.link(one, other);
            }
        }
    }

    /// Links two nodes, if they are two.
    pub fn link(&mut self, one: usize, other: usize) {
        if one != other {
            let ends = (one.min(other), one.max(other));
            self.links.insert(ends, Link { up: true, ..Link::default() });
        }
    }

    /// Starts a node from what its disk holds.
    pub fn start(&mut self, node: usize) {
        let network = self.network.clone();
        let Node { disk, liar, replica, life, wake, code, spare, secrets, .. } =
            &mut self.nodes[node];
        if replica.is_some() {
            return;
        }
        (*life, *wake) = (*life + 1, None);
        if liar.is_none() {
            let amendments = disk.amendments(&network.charter);
            let restored = disk.restore(amendments.charter());
            let listed = amendments.charter().log(code).map(|card| card.keys.log);
            let first = &network.people[node].secrets;
            let fits = |one: &&MemberSecrets| Some(one.log.public()) == listed;
            *secrets = Some(spare.iter().find(fits).unwrap_or(first).clone());
            let key = secrets.as_ref().unwrap_or(first).log.clone();
            *replica = Some(Replica::new(code.clone(), key, amendments, self.limits, restored));
        }
        self.check_restored(node);
        self.input(node, Input::Tick);
        let links: Vec<_> =
            self.links.iter().filter(|(_, link)| link.up).map(|(e, _)| *e).collect();
        for (one, other) in links {
            if one == node || other == node {
                self.disconnect(one, other);
                self.connect(one, other);
            }
        }
    }

    /// True while a process runs there.
    #[must_use]
    pub fn runs(&self, node: usize) -> bool {
        self.nodes[node].replica.is_some() || self.nodes[node].liar.is_some()
    }

    /// Puts a liar in a node's place.
    pub fn lie(&mut self, node: usize, liar: Liar) {
        (self.nodes[node].replica, self.nodes[node].liar) = (None, Some(liar));
        self.watch.trouble_expected = true;
    }

    pub(crate) fn connect(&mut self, one: usize, other: usize) {
        if self.runs(one) && self.runs(other) {
            for (at, peer) in [(one, other), (other, one)] {
                let code = self.nodes[peer].code.clone();
                self.input(at, Input::Connected(code));
            }
        }
    }

    pub(crate) fn disconnect(&mut self, one: usize, other: usize) {
        for (at, peer) in [(one, other), (other, one)] {
            let code = self.nodes[peer].code.clone();
            self.input(at, Input::Disconnected(code));
        }
    }

    /// Hands a statement to a member's node.
    pub fn append(&mut self, node: usize, statement: SignedStatement) {
        let said = &mut self.nodes[node].said;
        *said += 1;
        let token = Token(*said);
        self.input(node, Input::Append(token, statement));
    }

    /// A contributor of a member says something, or its root key lets it.
    fn say(&mut self, node: usize) {
        let Some(replica) = &self.nodes[node].replica else { return };
        let me = &self.network.people[node];
        let held = &replica.logs()[&me.code];
        let may = held.stored().authority().grants().next().is_some();
        let reference = self.rng.draw();
        let statement = match may {
            true => self.network.note(node, reference),
            false => self.network.authorise(node, &me.contributor, Default::default()),
        };
        self.append(node, statement);
    }

    /// Every member says something at so many random moments before `until`.
    pub fn say_at_random(&mut self, times: usize, until: u64) {
        for node in 0..self.nodes.len() {
            for _ in 0..times {
                let at = self.rng.between(self.now, until);
                self.at(at, Event::Say { node });
            }
        }
    }

    pub(crate) fn at(&mut self, at: u64, event: Event) {
        self.due.push(Reverse((at, self.next_event)));
        self.events.insert(self.next_event, event);
        self.next_event += 1;
    }

    /// Lets everything happen that is due until then.
    pub fn run_until(&mut self, until: u64) {
        while let Some(Reverse((at, number))) = self.due.peek().copied() {
            if at > until {
                break;
            }
            self.due.pop();
            self.now = self.now.max(at);
            if let Some(event) = self.events.remove(&number) {
                if self.trace {
                    eprintln!("{at:>8} {event:?}");
                }
                self.happen(event);
            }
        }
        self.now = self.now.max(until);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Deliver { from, to, message } => self.deliver(from, to, message),
            Event::Written { node, life } if self.nodes[node].life == life && self.runs(node) => {
                if let Some(ticket) = self.nodes[node].disk.end_write(&mut self.rng) {
                    self.input(node, Input::Persisted(ticket));
                }
            }
            Event::Guarded { node, life } if self.nodes[node].life == life && self.runs(node) => {
                self.nodes[node].disk.end_guard();
                self.input(node, Input::Guarded);
            }
            Event::Cosigned { node, life } if self.nodes[node].life == life && self.runs(node) => {
                if let Some((log, cosigned)) = self.nodes[node].disk.end_cosign() {
                    self.watch_cosigned(node, &log, &cosigned);
                    self.input(node, Input::Cosigned(log, cosigned));
                }
            }
            Event::Wake { node, life, at } => {
                if self.nodes[node].life == life && self.nodes[node].wake == Some(at) {
                    self.nodes[node].wake = None;
                    self.input(node, Input::Tick);
                }
            }
            Event::Say { node } => self.say(node),
            Event::Change(change) => self.change(change),
            Event::Written { .. } | Event::Guarded { .. } | Event::Cosigned { .. } => {}
        }
    }

    /// Gives a node an input and does what it answers.
    pub fn input(&mut self, node: usize, input: Input) {
        if self.nodes[node].liar.is_some() {
            self.tell_liar(node, input);
            return;
        }
        let now = Time(self.now);
        let Node { replica, disk, .. } = &mut self.nodes[node];
        let Some(replica) = replica else { return };
        let outputs: Vec<_> = replica.handle(now, input, disk).collect();
        let amended =
            outputs.iter().any(|output| matches!(output, Output::Charters(CharterWork::BeginAnew)));
        for output in outputs {
            self.output(node, output);
        }
        if amended {
            self.begin_anew(node);
        }
    }

    /// A node ends in order and starts again from its disk.
    fn begin_anew(&mut self, node: usize) {
        self.nodes[node].disk.end_all(&mut self.rng);
        self.nodes[node].replica = None;
        self.start(node);
    }

    fn output(&mut self, node: usize, output: Output) {
        let life = self.nodes[node].life;
        match output {
            Output::Persist { ticket, log, entries, checkpoint } => {
                self.nodes[node].disk.begin_write(ticket, log, entries, checkpoint);
                let at = self.now + self.disk_delay();
                self.at(at, Event::Written { node, life });
            }
            Output::Guard(checkpoint) => {
                self.watch_signed(node, &checkpoint);
                self.nodes[node].disk.begin_guard(checkpoint);
                let at = self.now + self.disk_delay();
                self.at(at, Event::Guarded { node, life });
            }
            Output::Accepted { position, entry, .. } => self.watch_accepted(node, position, entry),
            Output::Refused(_, why) => self.watch_refused(node, why),
            Output::Witnessed(token, answer) => self.watch.witnessed.push((node, token, answer)),
            Output::SendHeads(peer, heads) => {
                self.watch_announced(node, &heads);
                self.send(node, &peer, Message::Heads(heads));
            }
            Output::Push { peer, start, checkpoint, cosign } => {
                self.push(node, &peer, start, checkpoint, cosign);
            }
            Output::Cosign { log, checkpoint, not_before } => {
                let person = &self.network.people[node];
                // Every clock is wrong in its own way, and some go back.
                let clock = 1_790_000_000 + self.now / 1000 - (node as u64 % 3) * (self.now / 1500);
                let at = &self.nodes[node];
                let key = &at.secrets.as_ref().unwrap_or(&person.secrets).cosign;
                let charter = at.replica.as_ref().expect("it runs").charter().clone();
                let unsigned = Cosigned::new(checkpoint);
                let cosigned = unsigned.sign(&charter, &at.code, clock.max(not_before), key);
                self.nodes[node].disk.begin_cosign(log, cosigned);
                let at = self.now + self.disk_delay();
                self.at(at, Event::Cosigned { node, life });
            }
            Output::SendCosigned(peers, cosigned) => {
                for peer in peers {
                    self.send(node, &peer, Message::Cosigned(cosigned.clone()));
                }
            }
            Output::KeepConfirmed { log, confirmed } => {
                self.nodes[node].disk.keep_confirmed(log, confirmed);
            }
            Output::Collected { .. } | Output::Confirmed { .. } => {}
            Output::Fetch { peer, log, start, entries_max } => {
                self.send(node, &peer, Message::Fetch { log, start, entries_max });
            }
            Output::Prove { peer, log, size } => self.send(node, &peer, Message::Prove(log, size)),
            Output::KeepFork(fork) => self.nodes[node].disk.keep_fork(fork),
            Output::SendFork(peer, fork) => {
                self.send(node, &peer, Message::Forked(Box::new(fork)));
            }
            Output::Charters(work) => self.on_charters(node, work),
            Output::Drop(peer, fault) => {
                self.watch_drop(node, &peer, fault);
                let other = self.numbers[&peer];
                if let Some(link) = self.links.get_mut(&(node.min(other), node.max(other))) {
                    link.up = false;
                }
                let code = self.nodes[node].code.clone();
                self.input(other, Input::Disconnected(code));
            }
            Output::Alarm(alarm) => self.watch_alarm(node, alarm),
            Output::Grew { log, to, .. } => self.check_grew(node, &log, to),
            Output::WakeAt(Time(at)) => self.wake_at(node, at),
        }
    }

    fn on_charters(&mut self, node: usize, work: CharterWork) {
        let Node { replica, disk, .. } = &mut self.nodes[node];
        let replica = replica.as_ref().expect("it runs");
        match work {
            CharterWork::Keep => disk.keep_charters(replica.amendments()),
            CharterWork::Tell(peer) => {
                let known = replica.known_charters();
                self.send(node, &peer, Message::ChartersTold(known));
            }
            CharterWork::Answer(_, answer) => self.watch.offered.push((node, answer)),
            // When everything else is done.
            CharterWork::BeginAnew => {}
        }
    }

    fn wake_at(&mut self, node: usize, at: u64) {
        let (at, life) = (at.max(self.now + 1), self.nodes[node].life);
        let wake = &mut self.nodes[node].wake;
        if wake.is_none_or(|earlier| at < earlier) {
            *wake = Some(at);
            self.at(at, Event::Wake { node, life, at });
        }
    }

    fn disk_delay(&mut self) -> u64 {
        let slowest = self.weather.disk_ms_max;
        self.rng.between(1, slowest)
    }

    /// Numbers of the nodes that honest members run.
    #[must_use]
    pub fn honest(&self) -> BTreeSet<usize> {
        (0..self.nodes.len()).filter(|node| self.nodes[*node].liar.is_none()).collect()
    }
}
