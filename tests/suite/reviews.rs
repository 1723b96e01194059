//! Two people: a statement waits at its member's node until a second one signs, or refuses.

use cairn_api::{Outcome, Problem, Review, ReviewList, Reviewed, route};
use cairn_casebook::fact::{Retraction, Says};
use cairn_casebook::vocabulary::{Basis, Reason, Verification};
use cairn_casebook::{EntryRef, Fact};
use cairn_ledger::hash::Bytes;
use cairn_ledger::key::BadSignature;
use cairn_ledger::{Kind, Refusal, SecretKey, SignedStatement, StatementId};
use cairn_tests::nodes::{Contributor, Founded, Node, cairn_node, http, post_json, submit};

/// The kind of a note, which needs two people in these networks.
const NOTE: Kind = Kind(150);

/// A running node under a charter by which notes need two people, the first person, and a second one.
fn two_people() -> (Founded, Contributor, SecretKey) {
    let mut founded = Founded::with_two_people(&["UNSEC", "COD"], &[NOTE]);
    founded.node_mut("UNSEC").start();
    let first = founded.contributor("UNSEC");
    let second = SecretKey::from_seed([2; 32]);
    authorise(&founded, &second);
    (founded, first, second)
}

fn authorise(founded: &Founded, key: &SecretKey) {
    let node = founded.node("UNSEC");
    let (folder, url, key) =
        (node.folder.display().to_string(), node.url(), key.public().to_string());
    let args = ["authorise", "--data", &folder, "--node", &url, "--key", &key, "--office", "Desk"];
    let _ = cairn_node(args).yes();
}

fn also_signed(signed: &SignedStatement, key: &SecretKey) -> SignedStatement {
    let sign = |bytes: &[u8]| Ok::<_, BadSignature>(key.sign_bytes(bytes));
    signed.clone().cosign_elsewhere(key.public(), sign).unwrap()
}

fn refusal(id: StatementId, key: &SecretKey, reason: &str) -> Refusal {
    let sign = |bytes: &[u8]| Ok::<_, BadSignature>(key.sign_bytes(bytes));
    Refusal::sign(&id, key.public(), reason.parse().unwrap(), sign).unwrap()
}

/// Hands a statement in for review, or says why the node does not take it.
fn review(node: &Node, signed: &SignedStatement) -> Result<Reviewed, Problem> {
    let body = serde_json::json!({ "statement": Bytes(signed.encode()) });
    let (status, text) = post_json(&format!("{}{}", node.url(), route::REVIEWS), &body).unwrap();
    match status {
        200 => Ok(serde_json::from_str(&text).unwrap()),
        422 => Err(serde_json::from_str(&text).unwrap()),
        other => panic!("status {other}: {text}"),
    }
}

fn waits(node: &Node, signed: &SignedStatement) {
    assert_eq!(review(node, signed), Ok(Reviewed::Waits { waits: signed.id() }));
}

fn refuse(node: &Node, id: StatementId, refusal: &Refusal) -> (u16, String) {
    let path = route::REVIEW_REFUSAL.replace("{id}", &id.to_string());
    let body = serde_json::to_value(refusal).unwrap();
    post_json(&format!("{}{path}", node.url()), &body).unwrap()
}

fn listed(node: &Node) -> Vec<Review> {
    let (status, body) = http(&format!("{}{}", node.url(), route::REVIEWS)).unwrap();
    assert_eq!(status, 200);
    serde_json::from_slice::<ReviewList>(&body).unwrap().reviews
}

#[test]
fn what_needs_two_waits_through_a_crash_and_stands_when_the_second_signs() {
    let (mut founded, first, second) = two_people();
    let note = first.note(1);
    let result = submit(&founded.node("UNSEC").url(), std::slice::from_ref(&note)).unwrap();
    let [Outcome::Refused(problem)] = &result.outcomes[..] else { panic!("{result:?}") };
    assert!(
        problem.needs_second && problem.hint.as_ref().unwrap().contains("a second contributor")
    );
    waits(founded.node("UNSEC"), &note);

    founded.node_mut("UNSEC").kill();
    founded.node_mut("UNSEC").start();
    let node = founded.node("UNSEC");
    let [one] = &listed(node)[..] else { panic!("one statement waits") };
    assert_eq!((one.id, &one.statement.0), (note.id(), &note.encode()));
    assert_eq!(one.signers[0].office.as_deref(), Some("Focal point"));

    // The first person a second time is nobody new.
    waits(node, &note);
    assert_eq!(node.log("UNSEC").size, 2);
    // The second one's signature alone is enough: the node has the first.
    let alone = first.note(1).statement().clone().sign(&[&second]);
    assert_eq!(alone.id(), note.id());
    let became = review(node, &alone).unwrap();
    let Reviewed::Became(Outcome::Accepted { position: 2, entry, .. }) = became else {
        panic!("{became:?}")
    };
    assert!(listed(node).is_empty());
    // The same once more, whoever sends it, is known and does not wait.
    let known = review(node, &note).unwrap();
    assert!(
        matches!(known, Reviewed::Became(Outcome::Known { position: 2, entry: same, .. }) if same == entry)
    );
    founded.node_mut("UNSEC").kill();
    founded.node_mut("UNSEC").start();
    assert!(listed(founded.node("UNSEC")).is_empty());
}

#[test]
fn a_draft_that_two_have_signed_is_submitted_like_any_other_and_waits_no_longer() {
    let (founded, first, second) = two_people();
    let (node, note) = (founded.node("UNSEC"), first.note(1));
    waits(node, &note);
    let both = also_signed(&note, &second);
    let result = submit(&node.url(), &[both]).unwrap();
    assert!(matches!(result.outcomes[..], [Outcome::Accepted { .. }]), "{result:?}");
    assert!(listed(node).is_empty());
}

#[test]
fn a_refusal_is_kept_with_its_reason_and_is_the_end_of_that_statement() {
    let (mut founded, first, second) = two_people();
    let note = first.note(1);
    waits(founded.node("UNSEC"), &note);
    let node = founded.node("UNSEC");
    let stranger = SecretKey::from_seed([9; 32]);
    let (status, text) = refuse(node, note.id(), &refusal(note.id(), &stranger, "no"));
    assert_eq!(status, 422);
    assert!(text.contains("does not authorise"), "{text}");
    let mut forged = refusal(note.id(), &second, "not our case");
    forged.reason = "our case".parse().unwrap();
    assert_eq!(refuse(node, note.id(), &forged).0, 422);
    let other = refusal(StatementId([1; 32]), &second, "not our case");
    assert_eq!(refuse(node, note.id(), &other).0, 422, "of another statement");
    assert_eq!(refuse(node, other_id(), &refusal(other_id(), &second, "no")).0, 422, "unknown");
    assert!(listed(node)[0].refusal.is_none());

    let good = refusal(note.id(), &second, "not our case");
    assert_eq!(refuse(node, note.id(), &good).0, 200);
    founded.node_mut("UNSEC").kill();
    founded.node_mut("UNSEC").start();
    let node = founded.node("UNSEC");
    assert_eq!(listed(node)[0].refusal.as_ref(), Some(&good));
    for again in [note.clone(), also_signed(&note, &second)] {
        let why = review(node, &again).unwrap_err();
        assert!(why.error.contains("not our case"), "{why:?}");
    }
    waits(node, &first.note(2));
}

fn other_id() -> StatementId {
    StatementId([1; 32])
}

#[test]
fn what_a_revoked_key_has_signed_is_shown_as_such_and_cannot_be_approved() {
    let (founded, first, second) = two_people();
    let (node, note) = (founded.node("UNSEC"), first.note(1));
    waits(node, &note);
    let (folder, url) = (node.folder.display().to_string(), node.url());
    let key = first.key.public().to_string();
    let args = ["revoke", "--data", &folder, "--node", &url, "--key", &key, "--reason", "left"];
    let _ = cairn_node(args).yes();
    let trouble = listed(node)[0].trouble.clone().unwrap();
    assert!(trouble.contains("was revoked (entry UNSEC/2): left"), "{trouble}");
    let why = review(node, &also_signed(&note, &second)).unwrap_err();
    assert!(
        why.error.contains("was revoked (entry UNSEC/2): left") && !why.needs_second,
        "{why:?}"
    );
    assert_eq!(node.log("UNSEC").size, 3);
}

#[test]
fn nobody_else_can_have_a_statement_wait_and_one_key_cannot_take_all_the_room() {
    let (founded, first, second) = two_people();
    let node = founded.node("UNSEC");
    let stranger = Contributor { key: SecretKey::from_seed([9; 32]), ..first.clone() };
    let why = review(node, &stranger.note(1)).unwrap_err();
    assert!(why.error.contains("does not authorise"), "{why:?}");
    let stranger_too = also_signed(&first.note(1), &stranger.key);
    assert!(review(node, &stranger_too).unwrap_err().error.contains("does not authorise"));
    let elsewhere = Contributor { member: "COD".parse().unwrap(), ..first.clone() };
    let why = review(node, &elsewhere.note(1)).unwrap_err();
    assert!(why.error.contains("is for member COD"), "{why:?}");
    for body in [serde_json::json!({}), serde_json::json!({ "statement": "xy" })] {
        let url = format!("{}{}", node.url(), route::REVIEWS);
        assert_eq!(post_json(&url, &body).unwrap().0, 400, "{body}");
    }
    assert!(listed(node).is_empty());

    (0..64).for_each(|number| waits(node, &first.note(number)));
    let why = review(node, &first.note(64)).unwrap_err();
    assert!(why.error.contains("64 statements of key"), "{why:?}");
    assert!(why.hint.unwrap().contains("approved or refused first"));
    // What waits already is taken again, and another key has room of its own.
    waits(node, &first.note(3));
    waits(node, &Contributor { key: second, ..first }.note(64));
    assert_eq!(listed(node).len(), 65);
}

#[test]
fn one_person_does_not_take_back_what_two_have_signed() {
    let (founded, first, second) = two_people();
    let node = founded.node("UNSEC");
    let both = also_signed(&first.note(1), &second);
    let result = submit(&node.url(), &[both]).unwrap();
    let [Outcome::Accepted { member, position, entry }] = &result.outcomes[..] else {
        panic!("{result:?}")
    };
    let (member, position, hash) = (member.clone(), *position, *entry);
    let fact = Fact::Retraction(Retraction {
        says: Says {
            basis: Basis::OwnAct,
            verification: Verification::Unverified,
            as_of: "2026-11-23".parse().unwrap(),
        },
        target: EntryRef { member, position, hash },
        reason: Reason::MadeInError,
        text: "".parse().unwrap(),
    });
    let alone = first.statement(2, fact.kind(), fact.encode());
    let result = submit(&node.url(), std::slice::from_ref(&alone)).unwrap();
    let [Outcome::Refused(problem)] = &result.outcomes[..] else { panic!("{result:?}") };
    assert!(problem.needs_second, "{problem:?}");
    waits(node, &alone);
    let became = review(node, &also_signed(&alone, &second)).unwrap();
    assert!(matches!(became, Reviewed::Became(Outcome::Accepted { .. })), "{became:?}");
}
