"""Sections 3.4 and 3.6 of the specification: who may write what into a log, and what a stolen key's statements are worth."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

from charter import Card, Version
from encoding import Reader, ascending, refuse, usable
from entry import Entry, Statement, read_topics

AUTHORISE, REVOKE, ADOPT, SUSPEND, COMPROMISED, TWO_PEOPLE, DESTROYED, ROOT_KINDS = 1, 2, 3, 4, 5, 6, 7, 100
MAY_NEED_SECOND = (SUSPEND, COMPROMISED, TWO_PEOPLE)
LIST_MAX = 1_024


@dataclass(frozen=True)
class Scope:
    kinds: list[int]
    topics: list[str]
    not_before: int | None
    not_after: int | None

    def covers(self, said: Statement) -> bool:
        return (
            (not self.kinds or said.kind in self.kinds)
            and (not self.topics or any(topic in self.topics for topic in said.topics))
            and (self.not_before is None or said.made_at >= self.not_before)
            and (self.not_after is None or said.made_at <= self.not_after)
        )


@dataclass
class Grant:
    scope: Scope
    state: str = "in force"


@dataclass
class Authority:
    """What the entries of a log so far say of keys."""

    root: bytes
    charter_two_people: list[int]
    own_two_people: list[int] = field(default_factory=list)
    grants: dict[bytes, Grant] = field(default_factory=dict)
    records: list[tuple[int, int]] = field(default_factory=list)
    """Times that are later than all before, with their positions."""
    said: dict[bytes, list[int]] = field(default_factory=dict)
    """The positions at which each contributor has signed."""
    marks: dict[int, int] = field(default_factory=dict)
    """The positions of marked statements, with those of the entries that mark them."""
    suspicions: dict[bytes, list[tuple[int, int, int]]] = field(default_factory=dict)
    """Of each key that was compromised: since when, the first position that is marked, and the entry that says so."""

    def needs_two(self, kind: int) -> bool:
        return kind in self.charter_two_people or kind in self.own_two_people

    def take(self, entry: Entry) -> None:
        """Judges the signers by the entries before, and takes over what the entry changes."""
        said, signers = entry.statement, entry.signers
        if said.kind < ROOT_KINDS:
            self.check_root_kind(said, signers)
            self.note(entry)
            self.change(said, entry.position)
            return
        for key in signers:
            if key == self.root:
                refuse("03:13", f"the root key signs no kind {said.kind}")
            self.check_contributor(key, said)
        if self.needs_two(said.kind) and len(signers) < 2:
            refuse("03:21", f"kind {said.kind} needs two people")
        self.note(entry)
        for key in signers:
            self.said.setdefault(key, []).append(entry.position)

    def adopt(self, entry: Entry, version: Version, card: Card) -> None:
        """From here on another root key and other rules have force (03:34)."""
        if entry.signers != [card.log]:
            refuse("03:35", "an adoption is for the log key alone that the adopted version lists")
        self.note(entry)
        self.root, self.charter_two_people = card.root, version.rules.two_people

    def destroy(self, entry: Entry, log_key: bytes) -> None:
        """The node has carried out an erasure (03:38)."""
        if entry.signers != [log_key]:
            refuse("03:39", "what a node has destroyed is said by the log key alone")
        reader = Reader(entry.statement.body, "the body of a report of destruction")
        reader.code(), reader.number(8), reader.take(32)
        reader.end()
        self.note(entry)

    def note(self, entry: Entry) -> None:
        if not self.records or entry.statement.made_at > self.records[-1][0]:
            self.records.append((entry.statement.made_at, entry.position))

    def check_root_kind(self, said: Statement, signers: list[bytes]) -> None:
        if said.kind not in MAY_NEED_SECOND or not self.needs_two(said.kind):
            if signers != [self.root]:
                refuse("03:13", f"kind {said.kind} is for the root key alone")
            return
        seconds = [key for key in signers if key != self.root]
        if len(seconds) == len(signers) or not seconds:
            refuse("03:28", f"kind {said.kind} is for the root key and a contributor")
        for key in seconds:
            if said.kind != TWO_PEOPLE and said.body[:32] == key:
                refuse("03:28", "nobody is the second person in a matter of the own key")
            self.check_contributor(key, said)

    def change(self, said: Statement, position: int) -> None:
        reader = Reader(said.body, "the body of an administrative statement")
        if said.kind == AUTHORISE:
            key, _office, scope = reader.take(32), reader.text(120), read_scope(reader)
            reader.end()
            usable(key, "03:15", "the key that is authorised")
            if key in self.grants and self.grants[key].state == "compromised":
                refuse("03:26", f"the key {key.hex()} was compromised")
            self.grants[key] = Grant(scope)
        elif said.kind == REVOKE:
            key, _reason = reader.take(32), reader.text(200)
            reader.end()
            self.withdraw(key, "revoked", "03:16")
        elif said.kind == SUSPEND:
            key, _reason = reader.take(32), reader.text(200)
            reader.end()
            if key in self.grants and self.grants[key].state in ("revoked", "compromised"):
                refuse("03:24", "the key that is suspended was revoked")
            self.withdraw(key, "suspended", "03:24")
        elif said.kind == COMPROMISED:
            key, _reason, since = reader.take(32), reader.text(200), reader.number(8, signed=True)
            reader.end()
            self.withdraw(key, "compromised", "03:25")
            self.mark(key, since, position)
        elif said.kind == TWO_PEOPLE:
            kinds = read_kinds(reader, "03:27")
            reader.end()
            self.own_two_people = kinds

    def withdraw(self, key: bytes, state: str, sentence: str) -> None:
        if key not in self.grants:
            refuse(sentence, "the key was never authorised")
        if self.grants[key].state != "compromised":
            self.grants[key].state = state

    def mark(self, key: bytes, since: int, position: int) -> None:
        at = bisect.bisect_left(self.records, (since,))
        begin = self.records[at][1] if at < len(self.records) else position
        known = self.suspicions.setdefault(key, [])
        if all(begin < other for _, other, _ in known):
            known.append((since, begin, position))
        for one in self.said.get(key, []):
            if begin <= one < position:
                self.marks.setdefault(one, position)

    def check_contributor(self, key: bytes, said: Statement) -> None:
        grant = self.grants.get(key)
        if grant is None:
            refuse("03:18", f"the key {key.hex()} is not authorised")
        if grant.state != "in force":
            sentence = {"suspended": "03:24", "compromised": "03:26"}.get(grant.state, "03:18")
            refuse(sentence, f"the key {key.hex()} is {grant.state}")
        if not grant.scope.covers(said):
            refuse("03:18", f"the statement is outside of what the key {key.hex()} may say")


def read_kinds(reader: Reader, sentence: str) -> list[int]:
    kinds = reader.many(lambda: reader.number(2), 0, LIST_MAX, sentence, "the list of kinds")
    ascending(kinds, sentence, "the list of kinds")
    return kinds


def read_scope(reader: Reader) -> Scope:
    kinds, topics = read_kinds(reader, "03:14"), read_topics(reader, LIST_MAX, "03:14")
    times = [reader.number(8, signed=True) if reader.variant(1, 2) else None for _ in range(2)]
    return Scope(kinds, topics, *times)
