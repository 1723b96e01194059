//! Inclusion and consistency proofs.

use super::{Vector, bad, good};
use cairn_ledger::TreeHash;
use cairn_ledger::proof::{consistency, inclusion, subtree};
use cairn_ledger::tree::{leaf_hash, node_hash};
use serde_json::{Value, json};
use std::convert::Infallible;

fn node(level: u32, index: u64) -> Result<TreeHash, Infallible> {
    if level == 0 {
        return Ok(leaf_hash(&index.to_le_bytes()));
    }
    let (Ok(left), Ok(right)) = (node(level - 1, index * 2), node(level - 1, index * 2 + 1));
    Ok(node_hash(&left, &right))
}

fn root(size: u64) -> String {
    let Ok(root) = subtree(0, size, &mut node);
    root.to_string()
}

fn texts(proof: &[TreeHash]) -> Vec<String> {
    proof.iter().map(TreeHash::to_string).collect()
}

fn included(index: u64, size: u64) -> Value {
    let (Ok(leaf), Ok(proof)) = (node(0, index), inclusion(index, size, &mut node));
    json!({ "leaf": leaf.to_string(), "index": index, "size": size, "root": root(size), "proof": texts(&proof) })
}

fn prefix(old: u64, new: u64) -> Value {
    let Ok(proof) = consistency(old, new, &mut node);
    let head = |size| json!({ "size": size, "root": root(size) });
    json!({ "old": head(old), "new": head(new), "proof": texts(&proof) })
}

/// A vector's input with its proof changed.
fn with(mut input: Value, change: impl FnOnce(&mut Vec<Value>)) -> Value {
    change(input["proof"].as_array_mut().unwrap());
    input
}

fn set(mut input: Value, field: &str, value: Value) -> Value {
    input[field] = value;
    input
}

pub(crate) fn make() -> Vec<Vector> {
    let other = json!(leaf_hash(b"other").to_string());
    let flip = |proof: &mut Vec<Value>| proof[1] = other.clone();
    let swap = |proof: &mut Vec<Value>| proof.swap(0, 1);
    let longer = |proof: &mut Vec<Value>| proof.push(other.clone());
    let shorter = |proof: &mut Vec<Value>| drop(proof.pop());
    let (length, wrong) = ("another number", "another root");
    let outside = "does not have";
    let larger = json!({ "old": { "size": 8, "root": root(8) }, "new": { "size": 7, "root": root(7) }, "proof": [] });
    let other_old = set(prefix(6, 13), "old", json!({ "size": 6, "root": other }));
    let other_same = set(prefix(7, 7), "old", json!({ "size": 7, "root": other }));
    let other_empty = set(prefix(0, 7), "old", json!({ "size": 0, "root": other }));
    vec![
        good("inclusion/first-of-one", "03:9", "the only leaf needs no hashes", included(0, 1)),
        good(
            "inclusion/last-of-thirteen",
            "03:9",
            "the last leaf of an odd tree",
            included(12, 13),
        ),
        good("inclusion/middle-of-thirteen", "03:9", "a leaf in the middle", included(6, 13)),
        bad(
            "inclusion/hash-changed",
            "03:9",
            "one hash is another",
            with(included(6, 13), flip),
            wrong,
        ),
        bad(
            "inclusion/hashes-swapped",
            "03:9",
            "two hashes are swapped",
            with(included(6, 13), swap),
            wrong,
        ),
        bad(
            "inclusion/hash-too-many",
            "03:9",
            "one hash too many",
            with(included(6, 13), longer),
            length,
        ),
        bad(
            "inclusion/hash-too-few",
            "03:9",
            "one hash too few",
            with(included(6, 13), shorter),
            length,
        ),
        bad(
            "inclusion/other-leaf",
            "03:9",
            "another leaf",
            set(included(6, 13), "leaf", other.clone()),
            wrong,
        ),
        bad(
            "inclusion/other-root",
            "03:9",
            "another root",
            set(included(6, 13), "root", other.clone()),
            wrong,
        ),
        bad(
            "inclusion/other-index",
            "03:9",
            "the proof of the leaf beside it",
            set(included(6, 13), "index", json!(7)),
            wrong,
        ),
        bad(
            "inclusion/outside",
            "03:9",
            "the index is the size",
            set(included(6, 13), "index", json!(13)),
            outside,
        ),
        good(
            "consistency/six-of-thirteen",
            "03:10",
            "six leaves are a prefix of thirteen",
            prefix(6, 13),
        ),
        good(
            "consistency/eight-of-thirteen",
            "03:10",
            "a perfect tree is a prefix of thirteen",
            prefix(8, 13),
        ),
        good(
            "consistency/nothing-of-seven",
            "03:10",
            "the empty tree is a prefix of every tree",
            prefix(0, 7),
        ),
        good("consistency/seven-of-seven", "03:10", "a tree is a prefix of itself", prefix(7, 7)),
        bad(
            "consistency/hash-changed",
            "03:10",
            "one hash is another",
            with(prefix(6, 13), flip),
            wrong,
        ),
        bad(
            "consistency/hashes-swapped",
            "03:10",
            "two hashes are swapped",
            with(prefix(6, 13), swap),
            wrong,
        ),
        bad(
            "consistency/hash-too-many",
            "03:10",
            "one hash too many",
            with(prefix(6, 13), longer),
            length,
        ),
        bad(
            "consistency/hash-too-few",
            "03:10",
            "one hash too few",
            with(prefix(6, 13), shorter),
            length,
        ),
        bad(
            "consistency/other-old-root",
            "03:10",
            "the smaller tree has another root",
            other_old,
            wrong,
        ),
        bad(
            "consistency/same-size-other-root",
            "03:10",
            "one size with two roots",
            other_same,
            wrong,
        ),
        bad(
            "consistency/empty-with-a-root",
            "03:10",
            "the empty tree has another root",
            other_empty,
            wrong,
        ),
        bad(
            "consistency/nothing-of-nothing-else",
            "03:10",
            "both trees are empty and one has another root",
            set(prefix(0, 0), "new", json!({ "size": 0, "root": other })),
            wrong,
        ),
        bad(
            "consistency/proof-for-the-empty-tree",
            "03:10",
            "a proof for the empty tree has a hash",
            with(prefix(0, 7), longer),
            length,
        ),
        bad("consistency/shrinking", "03:10", "the older tree is the larger one", larger, outside),
    ]
}
