"""Pages 02 and 03 of the specification: what a contributor signed, and the entry that holds it."""

from __future__ import annotations

from dataclasses import dataclass

from encoding import Reader, ascending, derive, is_signed, limit, refuse, usable

STATEMENT_BYTES_MAX = 60_000
SIGNED_STATEMENT_BYTES_MAX = 61_024
ENTRY_BYTES_MAX = 65_535

Signatures = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Statement:
    id: bytes
    network: bytes
    member: str
    made_at: int
    kind: int
    topics: list[str]
    body: bytes


@dataclass(frozen=True)
class Entry:
    data: bytes
    position: int
    previous: bytes
    statement: Statement
    signers: list[bytes]

    def hash(self) -> bytes:
        return derive("cairn 2026-11 entry v1", self.data)


def read_statement(data: bytes) -> Statement:
    limit(len(data), STATEMENT_BYTES_MAX, "02:3", "the bytes of a statement")
    reader = Reader(data, "a statement")
    reader.version()
    network, member, _reference = reader.take(32), reader.code(), reader.take(16)
    made_at, kind = reader.number(8, signed=True), reader.number(2)
    topics, body = read_topics(reader, 64, "02:4"), reader.blob()
    reader.many(lambda: read_sealed_part(reader), 0, 64, "02:5", "the list of sealed parts")
    reader.end()
    return Statement(derive("cairn 2026-11 statement v1", data), network, member, made_at, kind, topics, body)


def read_topics(reader: Reader, most: int, sentence: str) -> list[str]:
    topics = reader.many(
        lambda: reader.shaped(r"[A-Za-z0-9/._-]{1,64}", "01:14", "topic"), 0, most, sentence, "the list of topics"
    )
    ascending(topics, sentence, "topics")
    return topics


def read_sealed_part(reader: Reader) -> None:
    reader.take(2)
    if reader.variant(4, 3) == 1:
        ascending(reader.many(reader.code, 1, 512, "02:6", "an audience"), "02:6", "members of an audience")
    reader.take(1 + 32)


def read_signatures(reader: Reader) -> Signatures:
    found = reader.many(lambda: (reader.take(32), reader.take(64)), 1, 8, "02:9", "the list of signatures")
    ascending([key for key, _ in found], "02:9", "signatures")
    return found


def check_statement(statement: Statement, signatures: Signatures, network: bytes) -> None:
    if statement.network != network:
        refuse("02:11", f"the statement is of network {statement.network.hex()}, expected {network.hex()}")
    for key, signature in signatures:
        usable(key, "02:12", "the key of a signature")
        if not is_signed(key, b"cairn/statement/v1\n" + statement.id, signature):
            refuse("02:12", f"the signature by {key.hex()} is not its key's")


def read_signed_statement(data: bytes, network: bytes) -> Statement:
    limit(len(data), SIGNED_STATEMENT_BYTES_MAX, "02:10", "the bytes of a signed statement")
    reader = Reader(data, "a signed statement")
    reader.version()
    inner, signatures = reader.blob(), read_signatures(reader)
    reader.end()
    statement = read_statement(inner)
    check_statement(statement, signatures, network)
    return statement


def read_entry(data: bytes, network: bytes) -> Entry:
    limit(len(data), ENTRY_BYTES_MAX, "03:3", "the bytes of an entry")
    reader = Reader(data, "an entry")
    reader.version()
    position, previous = reader.number(8), reader.take(32)
    inner, signatures = reader.blob(), read_signatures(reader)
    reader.end()
    statement = read_statement(inner)
    check_statement(statement, signatures, network)
    return Entry(data, position, previous, statement, [key for key, _ in signatures])
