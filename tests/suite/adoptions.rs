//! Logs that adopt newer versions of the charter: who signs that, and which key signs checkpoints from there on.

use cairn_ledger::adoption::{ADOPT, Adoption};
use cairn_ledger::authority::NotAuthorised;
use cairn_ledger::charter::{Ended, PendingCharter};
use cairn_ledger::hash::CharterId;
use cairn_ledger::proof::TreeHead;
use cairn_ledger::statement::Timestamp;
use cairn_ledger::{
    AdmitError, Charter, Checkpoint, Cosigned, Entry, Log, SecretKey, SignedStatement, TreeHash,
};
use cairn_tests::people::{NOON, Network, Person, key};

/// A network whose first member has another log key by version 2, and is removed by version 3.
struct Story {
    network: Network,
    charter: Charter,
    renewed: SecretKey,
}

fn amended(charter: &Charter, people: &[Person], ended: Vec<Ended>, by: &[Person]) -> Charter {
    let cards: Vec<_> = people.iter().map(|one| one.card().sign(&one.secrets)).collect();
    let (at, rules) = (Timestamp(NOON.0 + 86_400), charter.rules().clone());
    let next = PendingCharter::amend(charter, at, rules, &cards, Vec::new(), ended);
    let mut next = next.expect("an amendment");
    by.iter().for_each(|one| drop(next.sign(&one.secrets.root).expect("a member")));
    charter.with(next).expect("enough have signed")
}

impl Story {
    fn new() -> Self {
        let network = Network::of(5);
        let mut people = network.people.clone();
        people[0].secrets.log = key(900);
        let charter = amended(&network.charter, &people, Vec::new(), &network.people[..4]);
        Self { renewed: key(900), network, charter }
    }

    fn log(&self, charter: &Charter) -> Log {
        let mut log = Log::new(charter, &self.network.people[0].code).expect("a member");
        let contributor = &self.network.people[0].contributor;
        self.push(&mut log, self.network.authorise(0, contributor, Default::default()));
        log
    }

    fn push(&self, log: &mut Log, statement: SignedStatement) {
        let entry = Entry::place(log.size(), log.last(), statement);
        log.admit(&entry, |_| None).expect("it has a place");
    }

    fn adoption(&self, version: u32, charter: CharterId, by: &[&SecretKey]) -> SignedStatement {
        let body = Adoption { version, charter }.encode();
        self.network.statement(0, 70, ADOPT, body).sign(by)
    }
}

#[test]
fn an_adoption_is_signed_with_the_log_key_that_the_version_lists_and_with_no_other() {
    let story = Story::new();
    let (log, id) = (story.log(&story.charter), story.charter.id());
    let secrets = &story.network.people[0].secrets;
    let others = [
        &secrets.log,
        &secrets.root,
        &secrets.cosign,
        &secrets.transport,
        &story.network.people[0].contributor,
        &story.network.people[1].secrets.log,
    ];
    for by in others {
        assert_eq!(
            log.judge(&story.adoption(2, id, &[by])),
            Err(NotAuthorised::NeedsLogKey { version: 2 })
        );
        let two = story.adoption(2, id, &[&story.renewed, by]);
        assert_eq!(log.judge(&two), Err(NotAuthorised::NeedsLogKey { version: 2 }));
        assert_eq!(log.adoption(by), None, "nor does anybody try");
    }
    assert_eq!(log.judge(&story.adoption(2, id, &[&story.renewed])), Ok(()));
    assert_eq!(log.judge(&log.adoption(&story.renewed).expect("it is due")), Ok(()));
}

#[test]
fn only_a_version_that_is_complete_newer_and_lists_the_member_is_adopted() {
    let story = Story::new();
    let mut log = story.log(&story.charter);
    let sign = |version, id| story.adoption(version, id, &[&story.renewed]);
    let refused = |log: &Log, version, id| log.judge(&sign(version, id)).expect_err("it may not");
    let (first, second) = (story.network.charter.id(), story.charter.id());
    for (version, id) in [(2, CharterId([7; 32])), (2, first), (3, second), (1, second)] {
        let unknown = NotAuthorised::CharterUnknown { version };
        assert_eq!(refused(&log, version, id), unknown, "version {version}");
    }
    let older = |version, before| NotAuthorised::CharterOlder { version, before };
    let by_first = story.adoption(1, first, &[&story.network.people[0].secrets.log]);
    assert_eq!(log.judge(&by_first), Err(older(1, 1)));
    story.push(&mut log, sign(2, second));
    assert_eq!(refused(&log, 2, second), older(2, 2));
    assert_eq!(log.judge(&by_first), Err(older(1, 2)));
    // Version 3 lists the member no more: none of its keys can adopt that.
    let code = story.network.people[0].code.clone();
    let ended = Ended { member: code, size: 1, root: TreeHash([7; 32]) };
    let (rest, by) = (&story.network.people[1..], &story.network.people[1..]);
    let without = amended(&story.charter, rest, vec![ended], by);
    let log = story.log(&without);
    assert_eq!(refused(&log, 3, without.id()), NotAuthorised::NeedsLogKey { version: 3 });
}

#[test]
fn from_the_adoption_on_the_new_log_key_signs_checkpoints_and_before_it_the_old_one() {
    let story = Story::new();
    let (mut log, old) = (story.log(&story.charter), &story.network.people[0].secrets.log);
    let origin = story.charter.origin(log.member());
    let promise = |size: u64, key: &SecretKey| {
        Checkpoint::sign(&origin, TreeHead { size, root: TreeHash([size as u8; 32]) }, key)
    };
    let accepts = |log: &Log, size: u64| {
        [old, &story.renewed].map(|key| log.accepts_key(&promise(size, key)))
    };
    // Nobody knows yet with which entry it will be adopted.
    assert_eq!([1, 2, 9].map(|size| accepts(&log, size)), [[true, false], [true; 2], [true; 2]]);
    assert!(!log.accepts_key(&promise(9, &key(77))), "a key that nobody lists");
    let adoption = log.adoption(&story.renewed).expect("it is due");
    story.push(&mut log, adoption);
    let then = [1, 2, 9].map(|size| accepts(&log, size));
    assert_eq!(then, [[true, false], [false, true], [false, true]]);
    // The old key adds nothing, even where every entry is true.
    let note = Entry::place(log.size(), log.last(), story.network.note(0, 1));
    let mut longer = log.clone();
    longer.admit(&note, |_| None).expect("it has a place");
    let by = |key| Checkpoint::sign(&origin, longer.head(), key);
    let extended = |key| log.extended(std::slice::from_ref(&note), &by(key), &[]);
    assert_eq!(extended(&story.renewed), Ok(longer.clone()));
    assert_eq!(extended(old), Err(AdmitError::WrongKey { size: 3, found: old.public() }));
}

/// A log that has adopted version 2 is confirmed by the cosigning keys of that version, and by those of version 1
/// where version 2 has lost its force.
#[test]
fn replaced_cosigning_keys_confirm_nothing_under_the_version_that_replaced_them() {
    let network = Network::of(5);
    let mut people = network.people.clone();
    (people[1].secrets.cosign, people[2].secrets.cosign) = (key(901), key(902));
    let by = &network.people[..4];
    let renewed = amended(&network.charter, &people, Vec::new(), by);
    let author = &network.people[0].code;
    let head = TreeHead { size: 3, root: TreeHash([3; 32]) };
    let promise = Checkpoint::sign(&renewed.origin(author), head, &people[0].secrets.log);
    let cosigned = |charter: &Charter, keys: &[Person]| {
        let sign = |it: Cosigned, one: &Person| {
            it.sign(charter, &one.code, 1_795_000_000, &one.secrets.cosign)
        };
        keys[1..4].iter().fold(Cosigned::new(promise.clone()), sign)
    };
    let (old, new) = (cosigned(&network.charter, &network.people), cosigned(&renewed, &people));
    let confirmed = |charter: &Charter, since| {
        [&old, &new].map(|it| it.is_confirmed_since(charter, author, since))
    };
    assert_eq!((old.members(author), new.members(author)), (4, 4));
    assert_eq!(confirmed(&renewed, 2), [false, true]);
    assert_eq!(confirmed(&renewed, 1), [true, true]);
    // A second successor takes its force from the first.
    let mut others = people.clone();
    others[3].secrets.cosign = key(903);
    let cards: Vec<_> = others.iter().map(|one| one.card().sign(&one.secrets)).collect();
    let (at, rules) = (NOON, network.charter.rules().clone());
    let other = PendingCharter::amend(&network.charter, at, rules, &cards, Vec::new(), Vec::new());
    let mut other = other.expect("an amendment");
    by.iter().for_each(|one| drop(other.sign(&one.secrets.root).expect("a member")));
    let forked = renewed.with(other).expect("enough have signed");
    assert_eq!((forked.version(), forked.fork().is_some()), (1, true));
    assert_eq!(confirmed(&forked, 2), [true, false]);
}
