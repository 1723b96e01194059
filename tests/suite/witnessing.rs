//! A replica as a witness for those who are no peers: what it cosigns, what it refuses, in which order.

use crate::village::FIVE;
use cairn_ledger::charter::Amendments;
use cairn_ledger::proof::{ProofError, TreeHead, consistency, subtree};
use cairn_ledger::text::MemberCode;
use cairn_ledger::{Charter, Checkpoint, Cosigned, Cosigner, Log, TreeHash};
use cairn_replica::{
    Alarm, HeadOf, Input, Limits, Output, Replica, Restored, Submission, Time, Token, Trees,
    WitnessError,
};
use cairn_tests::sim::talk::tree_node;
use cairn_tests::sim::{Face, Weather, World};
use std::convert::Infallible;

/// The log of member 0, and another history of it that begins in the same way.
fn histories() -> (Face, Face) {
    let face = |first: u64| {
        let contributor = &FIVE.people[0].contributor;
        let mut said = vec![FIVE.authorise(0, contributor, Default::default())];
        said.extend((first..first + 19).map(|n| FIVE.note(0, n)));
        Face::of(&FIVE, 0, said)
    };
    (face(10), face(500))
}

fn nodes(face: &Face) -> impl FnMut(u32, u64) -> Result<TreeHash, Infallible> {
    |level, index| Ok(tree_node(&face.entries, level, index))
}

/// The log's promise of its first entries.
fn at(face: &Face, size: u64) -> Checkpoint {
    let Ok(root) = subtree(0, size, &mut nodes(face));
    let origin = FIVE.charter.origin(&face.log);
    Checkpoint::sign(&origin, TreeHead { size, root }, &FIVE.people[0].secrets.log)
}

fn proof(face: &Face, old: u64, new: u64) -> Vec<TreeHash> {
    let Ok(proof) = consistency(old, new, &mut nodes(face));
    proof
}

/// Member 1's replica, which holds so many entries of a history, and does what its disk would do.
struct Witness {
    replica: Replica,
    held: Face,
    on_its_way: Option<Cosigned>,
    clock: u64,
    next: u64,
    answers: Vec<(Token, Result<Cosigned, WitnessError>)>,
    others: Vec<Output>,
}

struct Disk<'a>(&'a Face);

impl Trees for Disk<'_> {
    fn root(&self, log: &MemberCode, size: u64) -> Option<TreeHash> {
        let has = *log == self.0.log && size <= self.0.entries.len() as u64;
        has.then(|| at(self.0, size).head().root)
    }

    fn consistency(&self, log: &MemberCode, old: u64, new: u64) -> Option<Vec<TreeHash>> {
        let has = *log == self.0.log && new <= self.0.entries.len() as u64;
        has.then(|| proof(self.0, old, new))
    }
}

impl Witness {
    fn holding(held: &Face, size: u64, cosigned: Option<Cosigned>) -> Self {
        let mut log = Log::new(&FIVE.charter, &held.log).expect("a member");
        for entry in &held.entries[..size as usize] {
            log.admit(entry, |_| None).expect("authorised");
        }
        let checkpoint = Some(at(held, size)).filter(|_| size > 0);
        let restored = Restored {
            checkpoint: checkpoint.clone(),
            promised: checkpoint,
            cosigned,
            ..Restored::new(log)
        };
        let me = &FIVE.people[1];
        let (charter, key) = (FIVE.charter.clone(), me.secrets.log.clone());
        let replica = Replica::new(
            me.code.clone(),
            key,
            Amendments::new(Charter::clone(&charter)),
            Limits::default(),
            [restored],
        );
        let (held, clock) = (held.clone(), 1_790_000_000);
        let (answers, others, on_its_way) = (Vec::new(), Vec::new(), None);
        Self { replica, held, on_its_way, clock, next: 0, answers, others }
    }

    fn input(&mut self, now: u64, input: Input) {
        let outputs: Vec<_> = self.replica.handle(Time(now), input, &Disk(&self.held)).collect();
        for output in outputs {
            if let Output::Cosign { checkpoint, not_before, .. } = output {
                assert!(self.on_its_way.is_none(), "one after the other");
                let (me, time) = (&FIVE.people[1], self.clock.max(not_before));
                let cosigned = Cosigned::new(checkpoint);
                let key = &me.secrets.cosign;
                self.on_its_way = Some(cosigned.sign(&FIVE.charter, &me.code, time, key));
            } else if let Output::Witnessed(token, answer) = output {
                self.answers.push((token, answer));
            } else {
                self.others.push(output);
            }
        }
    }

    /// Shows it a checkpoint, and does not wait for the disk.
    fn shown(&mut self, old: u64, proof: Vec<TreeHash>, checkpoint: Checkpoint) -> Token {
        let (token, log) = (Token(self.next), self.held.log.clone());
        self.next += 1;
        self.input(0, Input::Submitted(Submission { token, log, old, proof, checkpoint }));
        token
    }

    /// The disk has what was on its way.
    fn flushed(&mut self) {
        if let Some(cosigned) = self.on_its_way.take() {
            self.input(0, Input::Cosigned(self.held.log.clone(), cosigned));
        }
    }

    fn asked(
        &mut self,
        old: u64,
        proof: Vec<TreeHash>,
        checkpoint: Checkpoint,
    ) -> Result<(u64, u64), WitnessError> {
        let token = self.shown(old, proof, checkpoint);
        self.flushed();
        let (answered, answer) = self.answers.pop().expect("an answer");
        assert_eq!(answered, token);
        answer.map(|cosigned| line(&cosigned))
    }

    fn honestly(&mut self, old: u64, new: u64) -> Result<(u64, u64), WitnessError> {
        let held = self.held.clone();
        self.asked(old, proof(&held, old, new), at(&held, new))
    }
}

/// The size and the date of member 1's cosignature.
fn line(cosigned: &Cosigned) -> (u64, u64) {
    let me = Cosigner::Member(FIVE.people[1].code.clone());
    (cosigned.checkpoint().size(), cosigned.cosignatures()[&me].time)
}

#[test]
fn what_continues_the_last_one_is_cosigned_and_everything_else_is_refused_with_its_reason() {
    let (face, other) = histories();
    let mut witness = Witness::holding(&face, 12, None);
    let now = witness.clock;
    assert_eq!(witness.honestly(3, 5), Err(WitnessError::Conflict { cosigned: 0, old: 3 }));
    assert_eq!(witness.honestly(0, 5), Ok((5, now)), "trusted at first use, of any size");
    assert_eq!(witness.honestly(0, 5), Err(WitnessError::Conflict { cosigned: 5, old: 0 }));
    assert_eq!(witness.honestly(9, 7), Err(WitnessError::OldTooLarge { old: 9, size: 7 }));
    assert_eq!(witness.honestly(5, 9), Ok((9, now)));
    assert_eq!(
        witness.honestly(5, 9),
        Err(WitnessError::Conflict { cosigned: 9, old: 5 }),
        "a replay"
    );
    assert_eq!(witness.honestly(9, 20), Err(WitnessError::NotHeld { held: 12, size: 20 }));
    let wrong = |proof| witness_of_nine(&face).asked(9, proof, at(&face, 12));
    let right = proof(&face, 9, 12);
    for (what, bad) in [
        ("none", Vec::new()),
        ("one too few", right[1..].to_vec()),
        ("one too many", [&right[..], &right[..1]].concat()),
        ("another", proof(&face, 8, 12)),
    ] {
        let answer = wrong(bad);
        assert!(
            matches!(answer, Err(WitnessError::NotConsistent { cosigned: 9, .. })),
            "{what}: {answer:?}"
        );
    }
    // A history that truly contains what was cosigned of another one does not exist: the proof of the
    // other history fails, although all of it is signed by the log.
    let answer = witness.asked(9, proof(&other, 9, 12), at(&other, 12));
    assert!(answer.is_err(), "{answer:?}");
}

fn witness_of_nine(face: &Face) -> Witness {
    let mut witness = Witness::holding(face, 12, None);
    witness.honestly(0, 9).expect("cosigned");
    witness
}

#[test]
fn a_proof_with_nothing_before_it_and_a_wrong_empty_tree_are_refused() {
    let (face, _) = histories();
    let mut witness = Witness::holding(&face, 12, None);
    let answer = witness.asked(0, proof(&face, 3, 5), at(&face, 5));
    let why = ProofError::WrongLength { found: proof(&face, 3, 5).len() };
    assert_eq!(answer, Err(WitnessError::NotConsistent { cosigned: 0, why }));
    let origin = FIVE.charter.origin(&face.log);
    let head = TreeHead { size: 0, root: TreeHash([7; 32]) };
    let empty = Checkpoint::sign(&origin, head, &FIVE.people[0].secrets.log);
    let wrong = WitnessError::NotConsistent { cosigned: 0, why: ProofError::WrongRoot };
    assert_eq!(witness.asked(0, Vec::new(), empty), Err(wrong));
    assert!(witness.honestly(0, 0).is_ok());
    assert!(witness.honestly(0, 12).is_ok());
}

#[test]
fn of_two_who_name_the_same_old_size_one_is_cosigned_and_the_other_told_the_new_size() {
    let (face, _) = histories();
    let mut witness = witness_of_nine(&face);
    let one = witness.shown(9, proof(&face, 9, 10), at(&face, 10));
    let other = witness.shown(9, proof(&face, 9, 11), at(&face, 11));
    let third = witness.shown(10, proof(&face, 10, 12), at(&face, 12));
    assert!(witness.answers.is_empty(), "nobody is told before the disk has it");
    witness.flushed();
    let answers: Vec<_> =
        witness.answers.iter().map(|(token, answer)| (*token, answer.as_ref().map(line))).collect();
    let conflict = WitnessError::Conflict { cosigned: 10, old: 9 };
    assert_eq!(answers, [(one, Ok((10, witness.clock))), (other, Err(&conflict))]);
    witness.flushed();
    let (token, answer) = witness.answers.last().expect("an answer");
    assert_eq!((*token, answer.as_ref().map(|it| line(it).0)), (third, Ok(12)));
}

#[test]
fn nobody_who_asks_is_forgotten_and_nobody_can_ask_without_end() {
    let (face, _) = histories();
    let mut witness = witness_of_nine(&face);
    let tokens: Vec<_> = (0..100).map(|_| witness.shown(9, Vec::new(), at(&face, 9))).collect();
    let busy = |answer: &Result<_, _>| matches!(answer, Err(WitnessError::Busy(64)));
    assert_eq!(witness.answers.iter().filter(|(_, answer)| busy(answer)).count(), 100 - 65);
    while witness.on_its_way.is_some() {
        witness.flushed();
    }
    let mut answered: Vec<_> = witness.answers.iter().map(|(token, _)| *token).collect();
    answered.sort();
    assert_eq!(answered, tokens);
    assert_eq!(witness.answers.iter().filter(|(_, answer)| answer.is_ok()).count(), 65);
}

#[test]
fn the_same_checkpoint_again_gets_a_new_date_never_an_earlier_one_and_peers_hear_of_it_once() {
    let (face, _) = histories();
    let mut witness = Witness::holding(&face, 12, None);
    let peer = FIVE.people[2].code.clone();
    witness.input(0, Input::Connected(peer));
    let now = witness.clock;
    assert_eq!(witness.honestly(0, 12), Ok((12, now)));
    witness.clock = now + 60;
    assert_eq!(witness.honestly(12, 12), Ok((12, now + 60)));
    witness.clock = now - 60;
    assert_eq!(witness.honestly(12, 12), Ok((12, now + 60)));
    let ours = |witness: &Witness| {
        line(witness.replica.logs()[&face.log].cosignatures().ours().expect("ours"))
    };
    assert_eq!(ours(&witness), (12, now + 60));
    (1..100).for_each(|round| witness.input(round * 20, Input::Tick));
    let told = witness.others.iter().filter(|it| matches!(it, Output::SendCosigned(..))).count();
    assert_eq!(told, 1);
    // A restart forgets nothing of it.
    let kept = witness.replica.logs()[&face.log].cosignatures().ours().cloned();
    let mut again = Witness::holding(&face, 12, kept);
    again.clock = now;
    assert_eq!(again.honestly(0, 12), Err(WitnessError::Conflict { cosigned: 12, old: 0 }));
    assert_eq!(again.honestly(12, 12), Ok((12, now + 60)));
}

#[test]
fn a_peer_and_one_who_asks_take_turns() {
    let (face, _) = histories();
    let mut witness = Witness::holding(&face, 12, None);
    let asks = HeadOf { log: face.log.clone(), checkpoint: at(&face, 12), cosigned: 0 };
    witness.input(0, Input::Connected(face.log.clone()));
    // The author's head comes while a cosignature for somebody else is on its way.
    witness.shown(0, Vec::new(), at(&face, 5));
    witness.shown(5, proof(&face, 5, 7), at(&face, 7));
    witness.input(0, Input::Heads(face.log.clone(), vec![asks]));
    witness.flushed();
    let way = witness.on_its_way.as_ref().map(|it| it.checkpoint().size());
    assert_eq!(way, Some(12), "the peer had to wait, and is next");
    witness.flushed();
    let answers: Vec<_> =
        witness.answers.iter().map(|(_, it)| it.as_ref().map(|it| line(it).0)).collect();
    assert_eq!(answers, [Ok(5), Err(&WitnessError::Conflict { cosigned: 12, old: 5 })]);
    assert!(witness.on_its_way.is_none());
}

#[test]
fn a_checkpoint_that_contradicts_is_evidence_and_a_frozen_log_is_never_cosigned() {
    let (face, other) = histories();
    let mut witness = witness_of_nine(&face);
    let answer = witness.asked(9, proof(&other, 9, 12), at(&other, 12));
    assert!(
        matches!(answer, Err(WitnessError::Frozen | WitnessError::NotConsistent { .. })),
        "{answer:?}"
    );
    let fork = |output: &Output| matches!(output, Output::Alarm(Alarm::Fork { log, .. }) if *log == face.log);
    assert!(witness.others.iter().any(fork), "{:?}", witness.others);
    assert_eq!(witness.honestly(9, 12), Err(WitnessError::Frozen));
    // Without anything cosigned there is no proof to be wrong: what is held decides.
    let mut fresh = Witness::holding(&face, 12, None);
    let answer = fresh.asked(0, Vec::new(), at(&other, 9));
    let refused =
        matches!(answer, Err(WitnessError::Contradicts { size: 9 } | WitnessError::Frozen));
    assert!(refused, "{answer:?}");
    let mut frozen = Witness::holding(&face, 12, None);
    let heads = [other].map(|other| HeadOf {
        log: face.log.clone(),
        checkpoint: at(&other, 12),
        cosigned: 0,
    });
    frozen.input(0, Input::Connected(face.log.clone()));
    frozen.input(0, Input::Heads(face.log.clone(), heads.into()));
    assert_eq!(frozen.honestly(0, 5), Err(WitnessError::Frozen));
}

#[test]
fn nobody_is_a_witness_of_itself_but_hears_what_is_shown_of_its_own_log() {
    let (face, _) = histories();
    let mut witness = Witness::holding(&face, 12, None);
    let me = &FIVE.people[1];
    let head = TreeHead { size: 7, root: TreeHash([7; 32]) };
    let checkpoint = Checkpoint::sign(&FIVE.charter.origin(&me.code), head, &me.secrets.log);
    let (token, log) = (Token(99), me.code.clone());
    witness.input(
        0,
        Input::Submitted(Submission { token, log, old: 0, proof: Vec::new(), checkpoint }),
    );
    assert!(matches!(witness.answers[..], [(Token(99), Err(WitnessError::NotWitnessed))]));
    let behind =
        |output: &Output| matches!(output, Output::Alarm(Alarm::OwnLogBehind { promised: 7, .. }));
    assert!(witness.others.iter().any(behind), "{:?}", witness.others);
}

/// Everybody is shown checkpoints at random while peers cosign as always: what a village promises
/// (`watch_cosigned`) holds all the same, whatever the weather.
#[test]
fn a_village_that_is_asked_from_outside_keeps_its_promises() {
    let mut cosigned = 0;
    for seed in 1..40 {
        let mut world = World::new(seed, FIVE.clone(), Limits::default(), Weather::of(seed));
        world.watch.submitted = true;
        world.link_at_random(1);
        world.wake_up();
        world.brew(20_000);
        world.say_at_random(12, 20_000);
        for step in 1..200_u64 {
            world.run_until(step * 100);
            ask_somebody(&mut world, seed.wrapping_mul(31).wrapping_add(step));
        }
        world.heal();
        world.settle(60_000);
        cosigned += world.watch.witnessed.iter().filter(|(.., answer)| answer.is_ok()).count();
    }
    assert!(cosigned > 100, "{cosigned}");
}

/// Shows a node the newest checkpoint of another, with what the node has cosigned last.
fn ask_somebody(world: &mut World, number: u64) {
    let (node, author) = ((number % 5) as usize, (number / 5 % 5) as usize);
    let log = FIVE.people[author].code.clone();
    let (Some(asked), Some(shown)) = (&world.nodes[node].replica, &world.nodes[author].replica)
    else {
        return;
    };
    let old = asked.logs()[&log].cosignatures().ours().map_or(0, |it| it.checkpoint().size());
    let Some(checkpoint) = shown.logs()[&log].checkpoint().cloned() else { return };
    let entries = world.nodes[author].disk.file(&log);
    let Ok(proof) = consistency(old, checkpoint.size(), &mut |level, index| {
        Ok::<_, Infallible>(tree_node(entries, level, index))
    });
    let submission = Submission { token: Token(number), log, old, proof, checkpoint };
    world.input(node, Input::Submitted(submission));
}
