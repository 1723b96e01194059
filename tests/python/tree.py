"""Section 3.3 of the specification: a log's tree, and what shows that something is in it or that it has only grown."""

from __future__ import annotations

import hashlib

from encoding import refuse

PROOF_HASHES_MAX = 65


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


EMPTY_ROOT = hashlib.sha256(b"").digest()


def check_inclusion(leaf: bytes, index: int, size: int, root: bytes, proof: list[bytes]) -> None:
    """RFC 9162, 2.1.3.2, which checks the audit paths of RFC 6962."""
    if index >= size:
        refuse("03:9", f"index {index} is outside of a tree of {size}")
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            refuse("03:9", "the proof has hashes too many")
        if place % 2 or place == last:
            found = node_hash(sibling, found)
            while place and place % 2 == 0:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last:
        refuse("03:9", "the proof has hashes too few")
    if found != root:
        refuse("03:9", "the proof leads to another root")


def check_consistency(old: tuple[int, bytes], new: tuple[int, bytes], proof: list[bytes]) -> None:
    """RFC 9162, 2.1.4.2, which checks the consistency proofs of RFC 6962."""
    (old_size, old_root), (new_size, new_root) = old, new
    if old_size > new_size:
        refuse("03:10", f"a tree of {old_size} is no beginning of one of {new_size}")
    if old_size in (0, new_size):
        if proof:
            refuse("03:10", "a proof that has to be empty has hashes")
        if old_root != (new_root if old_size else EMPTY_ROOT):
            refuse("03:10", "one size has two roots")
        if new_size == 0 and new_root != EMPTY_ROOT:
            refuse("03:10", "the empty tree has another root")
        return
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not path:
        refuse("03:10", "the proof has hashes too few")
    place, last = old_size - 1, new_size - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    left = whole = path[0]
    for sibling in path[1:]:
        if last == 0:
            refuse("03:10", "the proof has hashes too many")
        if place % 2 or place == last:
            left, whole = node_hash(sibling, left), node_hash(sibling, whole)
            while place and place % 2 == 0:
                place, last = place >> 1, last >> 1
        else:
            whole = node_hash(whole, sibling)
        place, last = place >> 1, last >> 1
    if last:
        refuse("03:10", "the proof has hashes too few")
    if left != old_root or whole != new_root:
        refuse("03:10", "the proof leads to another root")
