"""Page 05 of the specification: one version of the charter, with its members, their keys and its rules."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from encoding import Reader, ascending, derive, is_signed, limit, refuse, usable

CHARTER_BYTES_MAX = 4_194_304
CARD_BYTES_MAX = 16_384
MEMBERS_MAX = 512
WITNESSES_MAX = 512
ENDED_MAX = 4_096
FIRST, AMENDMENT = 1, 2
X_WING, X_WING_BYTES = 1, 1216
LOG_LINE, COSIGNATURE_LINE = b"\x01", b"\x04"
ROLES = ("root", "log", "cosigning", "transport")

Proofs = list[tuple[str, bytes]]
"""Who has signed, and the signature."""


@dataclass(frozen=True)
class Card:
    data: bytes
    """As it was signed."""
    code: str
    kind: int
    keys: tuple[bytes, ...]

    @property
    def root(self) -> bytes:
        return self.keys[0]

    @property
    def log(self) -> bytes:
        return self.keys[1]

    @property
    def cosigning(self) -> bytes:
        return self.keys[2]


@dataclass(frozen=True)
class Rules:
    amend: int
    rotate: int
    confirm: int
    secretariat_signs: bool
    two_people: list[int]
    """The kinds that need the signatures of two contributors (03:21)."""


@dataclass(frozen=True)
class Version:
    id: bytes
    number: int
    previous: bytes
    name: str
    made_at: int
    rules: Rules
    members: dict[str, Card]
    witnesses: list[tuple[str, bytes]]
    ended: dict[str, tuple[int, bytes]]
    """The sizes at which the logs of removed members have ended, and the roots."""


def read_card(data: bytes) -> Card:
    limit(len(data), CARD_BYTES_MAX, "05:9", "the bytes of a signed card")
    reader = Reader(data, "a signed card")
    reader.version()
    inner, proofs = reader.blob(), [reader.take(64) for _ in ROLES]
    reader.end()
    reader = Reader(inner, "a card")
    reader.version()
    code, _name, kind = reader.code(), reader.text(120), reader.variant(4, 4)
    keys = tuple(reader.take(32) for _ in ROLES)
    sealing = reader.many(lambda: (reader.number(2), reader.blob()), 0, CARD_BYTES_MAX, "05:10", "the list of sealing keys")
    reader.end()
    known = [key for algorithm, key in sealing if algorithm == X_WING]
    if len(known) > 1 or any(len(key) != X_WING_BYTES for key in known):
        refuse("05:31", f"{code} lists {len(known)} sealing keys of algorithm 1, or one that has not {X_WING_BYTES} bytes")
    if len(set(keys)) < len(keys):
        refuse("05:11", f"{code} has one key for two purposes")
    message = b"cairn/card/v1\n" + derive("cairn 2026-11 card v1", inner)
    for role, key, proof in zip(ROLES, keys, proofs):
        usable(key, "05:11", f"the {role} key of {code}")
        if not is_signed(key, message, proof):
            refuse("05:11", f"the {role} key of {code} has not signed its card")
    return Card(data, code, kind, keys)


def read_first(data: bytes) -> Version:
    """The first version of a charter, which founds a network (05:8)."""
    limit(len(data), CHARTER_BYTES_MAX, "05:1", "the bytes of a charter")
    reader = Reader(data, "a signed charter")
    reader.version(FIRST)
    body = reader.blob()
    signatures = read_member_signatures(reader)
    reader.end()
    version = read_body(body, FIRST)
    check_signatures(version.id, roots(version), signatures, "05:6")
    if missing := sorted(version.members.keys() - dict(signatures).keys()):
        refuse("05:8", f"not signed yet by {', '.join(missing)}")
    return version


def read_member_signatures(reader: Reader) -> Proofs:
    return reader.many(lambda: (reader.code(), reader.take(64)), 0, MEMBERS_MAX, "05:6", "the list of signatures")


def read_body(body: bytes, form: int) -> Version:
    reader = Reader(body, "a charter")
    reader.version(form)
    number, previous = reader.number(4), reader.take(32)
    if form == FIRST and number != 1:
        refuse("05:4", f"charter version {number} cannot found a network")
    if form == FIRST and previous != bytes(32):
        refuse("05:4", "a first charter names a predecessor")
    name = reader.shaped(r"[a-z0-9/.-]{3,64}", "01:15", "network name")
    made_at = reader.number(8, signed=True)
    rules = read_rules(reader)
    signed = reader.many(reader.blob, 0, MEMBERS_MAX, "05:5", "the list of members")
    witnesses = reader.many(
        lambda: (reader.text(120), reader.take(32)), 0, WITNESSES_MAX, "05:3", "the list of witnesses"
    )
    ended = read_ended(reader) if form == AMENDMENT else {}
    reader.end()
    cards = [read_card(data) for data in signed]
    check_members(cards, witnesses)
    for threshold in (rules.amend, rules.rotate, rules.confirm):
        if not 1 <= threshold <= len(cards):
            refuse("05:7", f"a threshold of {threshold} cannot work with {len(cards)} members")
    for witness, key in witnesses:
        check_witness(witness, key, name)
    if len(dict(witnesses)) < len(witnesses):
        refuse("05:3", "the name of a witness stands twice")
    named = derive("cairn 2026-11 charter v1", body)
    members = {card.code: card for card in cards}
    return Version(named, number, previous, name, made_at, rules, members, witnesses, ended)


def read_rules(reader: Reader) -> Rules:
    amend, rotate, confirm = (reader.number(2) for _ in range(3))
    secretariat_signs = reader.variant(1, 2) == 1
    two_people = reader.many(lambda: reader.number(2), 0, 65_536, "05:7", "the list of kinds")
    ascending(two_people, "05:7", "kinds for two people")
    return Rules(amend, rotate, confirm, secretariat_signs, two_people)


def read_ended(reader: Reader) -> dict[str, tuple[int, bytes]]:
    found = reader.many(
        lambda: (reader.code(), (reader.number(8), reader.take(32))), 0, ENDED_MAX, "05:14", "the list of ended logs"
    )
    ascending([code for code, _ in found], "05:14", "logs that have ended")
    return dict(found)


def check_members(cards: list[Card], witnesses: list[tuple[str, bytes]]) -> None:
    if not cards:
        refuse("05:5", "the charter has no members")
    codes = [card.code for card in cards]
    if len(set(codes)) < len(codes):
        refuse("05:5", "a member stands twice")
    ascending(codes, "05:3", "members")
    keys = [key for card in cards for key in card.keys] + [key for _, key in witnesses]
    if len(set(keys)) < len(keys):
        refuse("05:5", "a key stands twice")


def check_witness(name: str, key: bytes, network_name: str) -> None:
    usable(key, "05:3", f"the key of witness {name}")
    if not is_key_name(name):
        refuse("05:3", f"{name!r} cannot be the name of a witness")
    if name.startswith(f"{network_name}/"):
        refuse("05:3", f"the name of witness {name} is for members")


def roots(version: Version) -> dict[str, bytes]:
    return {code: card.root for code, card in version.members.items()}


def check_signatures(charter: bytes, keys: dict[str, bytes], signatures: Proofs, sentence: str) -> None:
    """Everybody who has signed may do so, once, with the key that is listed."""
    ascending([name for name, _ in signatures], sentence, "signatures of a charter")
    for name, signature in signatures:
        if name not in keys:
            refuse(sentence, f"{name} has signed and is nobody who may")
        if not is_signed(keys[name], b"cairn/charter/v1\n" + charter, signature):
            refuse(sentence, f"the signature of {name} is not its key's")


def is_key_name(name: str) -> bool:
    return name != "" and "+" not in name and not any(character.isspace() for character in name)


def key_id(name: str, kind: bytes, key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + kind + key).digest()[:4]
