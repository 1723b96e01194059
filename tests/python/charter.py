"""Page 05 of the specification: who the members are, which keys are theirs, and what the rules are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from encoding import Reader, ascending, derive, is_signed, limit, refuse, usable

CHARTER_BYTES_MAX = 4_194_304
CARD_BYTES_MAX = 16_384
MEMBERS_MAX = 512
WITNESSES_MAX = 512
LOG_LINE, COSIGNATURE_LINE = b"\x01", b"\x04"
ROLES = ("root", "log", "cosigning", "transport")


@dataclass(frozen=True)
class Card:
    code: str
    keys: tuple[bytes, ...]


@dataclass(frozen=True)
class Charter:
    id: bytes
    name: str
    confirm: int
    two_people: list[int]
    """The kinds that need the signatures of two contributors (03:21)."""
    members: dict[str, Card]
    witnesses: dict[str, bytes]

    def origin(self, code: str) -> str:
        return f"{self.name}/{code}"


def read_card(data: bytes) -> Card:
    limit(len(data), CARD_BYTES_MAX, "05:9", "the bytes of a signed card")
    reader = Reader(data, "a signed card")
    reader.version()
    inner, proofs = reader.blob(), [reader.take(64) for _ in ROLES]
    reader.end()
    reader = Reader(inner, "a card")
    reader.version()
    code, _name, _kind = reader.code(), reader.text(120), reader.variant(4, 4)
    keys = tuple(reader.take(32) for _ in ROLES)
    reader.many(lambda: (reader.number(2), reader.blob()), 0, CARD_BYTES_MAX, "05:10", "the list of sealing keys")
    reader.end()
    if len(set(keys)) < len(keys):
        refuse("05:11", f"{code} has one key for two purposes")
    message = b"cairn/card/v1\n" + derive("cairn 2026-11 card v1", inner)
    for role, key, proof in zip(ROLES, keys, proofs):
        usable(key, "05:11", f"the {role} key of {code}")
        if not is_signed(key, message, proof):
            refuse("05:11", f"the {role} key of {code} has not signed its card")
    return Card(code, keys)


def read_charter(data: bytes, network: bytes | None) -> Charter:
    """A charter in force (05:8), which founds `network` where one is named."""
    limit(len(data), CHARTER_BYTES_MAX, "05:1", "the bytes of a charter")
    reader = Reader(data, "a signed charter")
    reader.version()
    body = reader.blob()
    signatures = reader.many(lambda: (reader.code(), reader.take(64)), 0, MEMBERS_MAX, "05:6", "the list of signatures")
    reader.end()
    charter = read_charter_body(body)
    if network is not None and network != charter.id:
        refuse("05:2", f"the charter founds network {charter.id.hex()}, expected {network.hex()}")
    check_charter_signatures(charter, signatures)
    return charter


def read_charter_body(body: bytes) -> Charter:
    reader = Reader(body, "a charter")
    reader.version()
    if (version := reader.number(4)) != 1:
        refuse("05:4", f"charter version {version} cannot found a network")
    if reader.take(32) != bytes(32):
        refuse("05:4", "a first charter names a predecessor")
    name = reader.shaped(r"[a-z0-9/.-]{3,64}", "01:15", "network name")
    reader.number(8, signed=True)
    thresholds = [reader.number(2) for _ in range(3)]
    reader.variant(1, 2)
    two_people = reader.many(lambda: reader.number(2), 0, 65_536, "05:7", "the list of kinds")
    ascending(two_people, "05:7", "kinds for two people")
    signed = reader.many(reader.blob, 0, MEMBERS_MAX, "05:5", "the list of members")
    listed = reader.many(lambda: (reader.text(120), reader.take(32)), 0, WITNESSES_MAX, "05:3", "the list of witnesses")
    reader.end()
    cards = [read_card(data) for data in signed]
    if not cards:
        refuse("05:5", "the charter has no members")
    codes = [card.code for card in cards]
    if len(set(codes)) < len(codes):
        refuse("05:5", "a member stands twice")
    ascending(codes, "05:3", "members")
    keys = [key for card in cards for key in card.keys] + [key for _, key in listed]
    if len(set(keys)) < len(keys):
        refuse("05:5", "a key stands twice")
    if not all(1 <= threshold <= len(cards) for threshold in thresholds):
        refuse("05:7", f"thresholds {thresholds} cannot work with {len(cards)} members")
    for witness, key in listed:
        check_witness(witness, key, name)
    if len(dict(listed)) < len(listed):
        refuse("05:3", "the name of a witness stands twice")
    members = {card.code: card for card in cards}
    return Charter(derive("cairn 2026-11 charter v1", body), name, thresholds[2], two_people, members, dict(listed))


def check_witness(name: str, key: bytes, network_name: str) -> None:
    usable(key, "05:3", f"the key of witness {name}")
    if not is_key_name(name):
        refuse("05:3", f"{name!r} cannot be the name of a witness")
    if name.startswith(f"{network_name}/"):
        refuse("05:3", f"the name of witness {name} is for members")


def check_charter_signatures(charter: Charter, signatures: list[tuple[str, bytes]]) -> None:
    ascending([code for code, _ in signatures], "05:6", "signatures of a charter")
    for code, signature in signatures:
        if code not in charter.members:
            refuse("05:6", f"{code} has signed and is no member")
        if not is_signed(charter.members[code].keys[0], b"cairn/charter/v1\n" + charter.id, signature):
            refuse("05:6", f"the signature of {code} is not its root key's")
    if missing := sorted(charter.members.keys() - dict(signatures).keys()):
        refuse("05:8", f"not signed yet by {', '.join(missing)}")


def is_key_name(name: str) -> bool:
    return name != "" and "+" not in name and not any(character.isspace() for character in name)


def key_id(name: str, kind: bytes, key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + kind + key).digest()[:4]
