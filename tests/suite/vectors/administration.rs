//! Suspended and compromised keys, kinds that need two people, and which statements are marked.

use super::logs::Book;
use super::{Vector, bad, good};
use cairn_ledger::administration::{COMPROMISED, NOTHING, SUSPEND, TWO_PEOPLE, TwoPeople};
use cairn_ledger::authority::{AUTHORISE, Scope};
use cairn_ledger::charter::Rules;
use cairn_ledger::hash::Bytes;
use cairn_ledger::statement::Timestamp;
use cairn_ledger::{Kind, SecretKey, SignedStatement, Statement};
use cairn_tests::people::{NOON, NOTE, Network, key};
use serde_json::{Value, json};

/// The second contributor.
fn other() -> SecretKey {
    key(95)
}

fn reading() -> Scope {
    Scope { kinds: vec![NOTHING], ..Scope::default() }
}

/// The same statement with a reference of its own.
fn numbered(statement: &Statement, number: u8) -> Statement {
    let mut statement = statement.clone();
    statement.reference.0[15] = number;
    statement
}

/// A log with two contributors, the second within a scope.
fn two(network: &Network, scope: Scope) -> Book {
    let (root, own) = (&network.people[0].secrets.root, &network.people[0].contributor);
    let second = network.authorise(0, &other(), scope);
    Book::new(network.clone())
        .then(network.authorise(0, own, Scope::default()))
        .then(numbered(second.statement(), 1).sign(&[root]))
}

fn two_people(network: &Network, kinds: &[Kind]) -> Statement {
    let fields = TwoPeople { kinds: kinds.to_vec() };
    network.statement(0, 40, TWO_PEOPLE, fields.encode())
}

pub(crate) fn make_logs() -> Vec<Vector> {
    let mut all = suspension();
    all.extend(compromise());
    all.extend(by_the_log());
    all.extend(seconds());
    all
}

fn suspension() -> Vec<Vector> {
    let network = Network::of(1);
    let (root, own) = (&network.people[0].secrets.root, &network.people[0].contributor);
    let book = || two(&network, Scope::default());
    let suspended = || book().then(network.suspend(0, own));
    let again = numbered(network.authorise(0, own, Scope::default()).statement(), 2).sign(&[root]);
    let unreadable = network.statement(0, 9, SUSPEND, Bytes(vec![1])).sign(&[root]);
    let both = network.suspend(0, own).statement().clone().sign(&[root, &other()]);
    vec![
        good(
            "log/suspension",
            "03:24",
            "the root key suspends a contributor",
            book().say(network.suspend(0, own)),
        ),
        good(
            "log/suspension-of-one-of-two",
            "03:24",
            "another contributor speaks on",
            suspended().say(network.note(0, 7).statement().clone().sign(&[&other()])),
        ),
        good(
            "log/suspension-ends",
            "03:24",
            "a suspended key is authorised again and speaks",
            suspended().then(again).say(network.note(0, 7)),
        ),
        bad(
            "log/suspended",
            "03:24",
            "a suspended key speaks",
            suspended().say(network.note(0, 7)),
            "is suspended at position 2",
        ),
        bad(
            "log/suspends-a-stranger",
            "03:24",
            "a key is suspended that the log never authorised",
            book().say(network.suspend(0, &key(93))),
            "is not authorised",
        ),
        bad(
            "log/suspends-a-revoked-key",
            "03:24",
            "a key is suspended that was revoked before",
            book().then(network.revoke(0, own)).say(network.suspend(0, own)),
            "was revoked at position 2",
        ),
        bad(
            "log/suspension-unreadable",
            "03:29",
            "a suspension whose fields end early",
            book().say(unreadable),
            "cannot be read",
        ),
        bad(
            "log/suspension-by-two",
            "03:13",
            "a contributor signs beside the root key and no rule asks for two people",
            book().say(both),
            "root key alone",
        ),
        bad(
            "log/reader-speaks",
            "03:30",
            "a contributor who reads states something",
            two(&network, reading()).say(network.note(0, 7).statement().clone().sign(&[&other()])),
            "cover its kind",
        ),
    ]
}

fn compromise() -> Vec<Vector> {
    let network = Network::of(1);
    let (root, own) = (&network.people[0].secrets.root, &network.people[0].contributor);
    let book = || two(&network, Scope::default());
    let said = network.compromised(0, own, NOON);
    let stolen = || book().then(said.clone().sign(&[root]));
    let again = numbered(network.authorise(0, own, Scope::default()).statement(), 2).sign(&[root]);
    let stranger = network.compromised(0, &key(93), NOON).sign(&[root]);
    let unreadable = network.statement(0, 9, COMPROMISED, Bytes(vec![1])).sign(&[root]);
    vec![
        good(
            "log/compromised",
            "03:25",
            "the root key revokes a contributor's key as compromised",
            book().say(said.clone().sign(&[root])),
        ),
        good(
            "log/compromised-when-revoked",
            "03:25",
            "the key was revoked before",
            book().then(network.revoke(0, own)).say(said.clone().sign(&[root])),
        ),
        good(
            "log/compromised-twice",
            "03:26",
            "a second statement that it was compromised, longer ago",
            stolen().say(
                numbered(&network.compromised(0, own, Timestamp(NOON.0 - 9)), 4).sign(&[root]),
            ),
        ),
        bad(
            "log/compromised-speaks",
            "03:26",
            "a compromised key speaks",
            stolen().say(network.note(0, 7)),
            "revoked as compromised at position 2",
        ),
        bad(
            "log/compromised-authorised-again",
            "03:26",
            "a compromised key is authorised again",
            stolen().say(again.clone()),
            "revoked as compromised at position 2",
        ),
        bad(
            "log/compromised-revoked-and-authorised",
            "03:26",
            "a plain revocation of a compromised key makes it no better",
            stolen().then(network.revoke(0, own)).say(again),
            "revoked as compromised at position 2",
        ),
        bad(
            "log/compromised-stranger",
            "03:25",
            "a key is said to be compromised that the log never authorised",
            book().say(stranger),
            "is not authorised",
        ),
        bad(
            "log/compromised-unreadable",
            "03:29",
            "the fields end early",
            book().say(unreadable),
            "cannot be read",
        ),
    ]
}

fn by_the_log() -> Vec<Vector> {
    let network = Network::of(1);
    let (root, own) = (&network.people[0].secrets.root, &network.people[0].contributor);
    let book = || two(&network, Scope::default());
    let ruled = || book().then(two_people(&network, &[NOTE]).sign(&[root]));
    let note = network.note(0, 7).statement().clone();
    let descending = two_people(&network, &[Kind(101), Kind(100)]).sign(&[root]);
    let none = numbered(&two_people(&network, &[]), 9).sign(&[root]);
    let unreadable = network.statement(0, 9, TWO_PEOPLE, Bytes(vec![1])).sign(&[root]);
    let administrative = two_people(&network, &[AUTHORISE, SUSPEND, COMPROMISED, TWO_PEOPLE]);
    let administrative = || book().then(administrative.clone().sign(&[root]));
    let third = numbered(network.authorise(0, &key(96), Scope::default()).statement(), 3);
    vec![
        good(
            "log/two-people-said",
            "03:27",
            "the root key says which kinds need two people in this log",
            book().say(two_people(&network, &[Kind(100), NOTE]).sign(&[root])),
        ),
        good(
            "log/two-people-of-the-log",
            "03:27",
            "two contributors sign a kind that the log lists",
            ruled().say(note.clone().sign(&[own, &other()])),
        ),
        good(
            "log/two-people-taken-back",
            "03:27",
            "an empty list takes the place of the one before",
            ruled().then(none).say(note.clone().sign(&[own])),
        ),
        good(
            "log/authorisation-needs-no-second",
            "03:28",
            "kind 1 is listed, which has no force",
            administrative().say(third.sign(&[root])),
        ),
        good(
            "log/two-people-seconded",
            "03:28",
            "a log that lists kind 6 changes its list with two people",
            administrative().say(numbered(&two_people(&network, &[]), 9).sign(&[root, own])),
        ),
        bad(
            "log/two-people-of-the-log-one-signs",
            "03:21",
            "one contributor signs a kind that the log lists",
            ruled().say(note.sign(&[own])),
            "two contributors",
        ),
        bad(
            "log/two-people-descending-list",
            "03:27",
            "the kinds are not in ascending order",
            book().say(descending),
            "ascending",
        ),
        bad(
            "log/two-people-unreadable",
            "03:29",
            "the list ends early",
            book().say(unreadable),
            "cannot be read",
        ),
        bad(
            "log/two-people-by-the-root-alone",
            "03:28",
            "a log that lists kind 6, and the root key alone changes its list",
            administrative().say(numbered(&two_people(&network, &[]), 9).sign(&[root])),
            "and that of a contributor",
        ),
        bad(
            "log/suspension-needs-a-second",
            "03:28",
            "a log that lists kind 4, and the root key alone suspends",
            administrative().say(network.suspend(0, own)),
            "and that of a contributor",
        ),
    ]
}

/// What the charter of a new network asks for where a key is said to be compromised.
fn seconds() -> Vec<Vector> {
    let rules = Rules { secretariat_signs: false, ..Rules::two_thirds_of(1) };
    let network = Network::ruled(1, rules);
    let (root, own) = (&network.people[0].secrets.root, &network.people[0].contributor);
    let said = network.compromised(0, own, NOON);
    let say = |scope: Scope, keys: &[&SecretKey]| two(&network, scope).say(said.clone().sign(keys));
    let suspended = two(&network, Scope::default()).then(network.suspend(0, &other()));
    let five = Scope { kinds: vec![COMPROMISED], ..Scope::default() };
    vec![
        good(
            "log/compromised-seconded",
            "03:28",
            "the root key and another contributor say that a key was compromised",
            say(Scope::default(), &[root, &other()]),
        ),
        good(
            "log/compromised-seconded-in-scope",
            "03:28",
            "the scope of the second lists kind 5",
            say(five, &[root, &other()]),
        ),
        bad(
            "log/compromised-by-the-root-alone",
            "03:28",
            "nobody signs beside the root key",
            say(Scope::default(), &[root]),
            "and that of a contributor",
        ),
        bad(
            "log/compromised-without-the-root",
            "03:28",
            "two contributors sign, and not the root key",
            say(Scope::default(), &[own, &other()]),
            "and that of a contributor",
        ),
        bad(
            "log/compromised-seconded-by-itself",
            "03:28",
            "the second is the key that is said to be compromised",
            say(Scope::default(), &[root, own]),
            "cannot be the second",
        ),
        bad(
            "log/compromised-seconded-out-of-scope",
            "03:18",
            "the second is a contributor who reads",
            say(reading(), &[root, &other()]),
            "cover its kind",
        ),
        bad(
            "log/compromised-seconded-by-a-suspended-key",
            "03:24",
            "the second is suspended",
            suspended.say(said.clone().sign(&[root, &other()])),
            "is suspended",
        ),
        bad(
            "log/compromised-seconded-by-a-stranger",
            "03:18",
            "the second is not authorised",
            say(Scope::default(), &[root, &key(93)]),
            "is not authorised",
        ),
    ]
}

/// A statement of a contributor, made so many seconds after noon.
fn note(network: &Network, number: u64, seconds: i64, keys: &[&SecretKey]) -> SignedStatement {
    let body = Bytes(number.to_le_bytes().to_vec());
    let made_at = Timestamp(NOON.0 + seconds);
    Statement { made_at, ..network.statement(0, number, NOTE, body) }.sign(keys)
}

/// What is marked where contributor 0 and contributor 1 say things at these seconds after noon.
fn story(said: &[(usize, i64)], since: &[i64]) -> Value {
    let network = Network::of(1);
    let (root, own) = (&network.people[0].secrets.root, &network.people[0].contributor);
    let keys = [own, &other()];
    let mut book = two(&network, Scope::default());
    for (number, (who, seconds)) in (10..).zip(said) {
        book = book.then(note(&network, number, *seconds, &[keys[*who]]));
    }
    for (number, since) in (100..).zip(since) {
        let late = Timestamp(NOON.0 + 1_000);
        let said = network.compromised(0, own, Timestamp(NOON.0 + since));
        let said = Statement { made_at: late, ..numbered(&said, number) };
        book = book.then(said.sign(&[root]));
    }
    input(&book)
}

fn input(book: &Book) -> Value {
    json!({
        "charter": hex::encode(book.network.charter.encode()),
        "member": book.network.people[0].code.as_str(),
        "entries": book.entries(),
    })
}

pub(crate) fn make_marks() -> Vec<Vector> {
    // The entries 0 and 1 authorise the two contributors, at noon.
    let honest = [(0, 10), (1, 20), (0, 30), (1, 40), (0, 50)];
    let network = Network::of(1);
    let (root, own) = (&network.people[0].secrets.root, &network.people[0].contributor);
    let both = two(&network, Scope::default())
        .then(note(&network, 10, 10, &[own, &other()]))
        .then(network.compromised(0, own, NOON).sign(&[root]));
    vec![
        good(
            "marks/since",
            "03:31",
            "what the key signed at and after that time is marked, what others signed is not",
            story(&honest, &[30]),
        ),
        good(
            "marks/backdated",
            "03:31",
            "a thief claims an earlier time, behind a statement of somebody else made since",
            story(&[(0, 10), (1, 60), (0, 5)], &[40]),
        ),
        good(
            "marks/clock-behind",
            "03:31",
            "what stands before the first statement since then is not marked, whatever follows",
            story(&[(0, 10), (0, 70), (0, 20)], &[60]),
        ),
        good(
            "marks/own-times-only",
            "03:31",
            "a thief who never claims a time since then, and nobody else speaks: nothing is marked",
            story(&[(0, 10), (0, 20), (0, 25)], &[30]),
        ),
        good(
            "marks/from-the-beginning",
            "03:31",
            "compromised before anything was said: the authorisation's own time counts",
            story(&honest, &[-100]),
        ),
        good(
            "marks/after-everything",
            "03:31",
            "compromised after everything that was said",
            story(&honest, &[900]),
        ),
        good(
            "marks/wider",
            "03:32",
            "said again with an earlier time: more is marked, and the first entry is named",
            story(&honest, &[50, 30]),
        ),
        good(
            "marks/narrower",
            "03:32",
            "said again with a later time: nothing is taken away",
            story(&honest, &[30, 50]),
        ),
        good(
            "marks/one-of-two-signers",
            "03:31",
            "a statement of two contributors, one of whose keys was compromised",
            input(&both),
        ),
    ]
}
