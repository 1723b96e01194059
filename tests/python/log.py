"""Section 3.2 and page 07.1 of the specification: a member's whole log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from amendment import FILE_BYTES_MAX, Charter, read_charter
from authority import ADOPT, DESTROYED, Authority
from charter import Version
from checkpoint import NOTE_BYTES_MAX, read_checkpoint
from encoding import Reader, limit, refuse
from entry import Entry, Statement, read_entry
from tree import EMPTY_ROOT, leaf_hash, node_hash

EXPORT_LINE = b"cairn/log-export/v1\n"


@dataclass
class Log:
    """What is known of a log after its entries so far."""

    charter: Charter
    member: str
    size: int = 0
    last: bytes = bytes(32)
    peaks: list[tuple[int, bytes]] = field(default_factory=list)
    """The perfect trees that the leaves make up, largest first, by their numbers of leaves."""

    def __post_init__(self) -> None:
        if (begins := self.charter.begins(self.member)) is None:
            refuse("03:34", f"no version in force has listed {self.member}")
        self.version = begins
        """The one under which it stands (03:34)."""
        self.authority = Authority(begins.members[self.member].root, begins.rules.two_people)

    def admit(self, entry: Entry) -> None:
        if entry.statement.member != self.member:
            refuse("03:6", f"the entry is for {entry.statement.member}, this is the log of {self.member}")
        if entry.position > self.size:
            refuse("03:6", f"the entry is at {entry.position}, the next free position is {self.size}")
        if entry.position < self.size:
            refuse("03:6", f"position {entry.position} is taken, the next free one is {self.size}")
        if entry.previous != self.last:
            refuse("03:6", f"entry {entry.position} names another entry before it")
        if entry.statement.kind == ADOPT:
            version = self.adopted(entry.statement)
            self.authority.adopt(entry, version, version.members[self.member])
            self.version = version
        elif entry.statement.kind == DESTROYED:
            self.authority.destroy(entry, self.version.members[self.member].log)
        else:
            self.authority.take(entry)
        self.size, self.last = self.size + 1, entry.hash()
        leaves, node = 1, leaf_hash(entry.data)
        while self.peaks and self.peaks[-1][0] == leaves:
            leaves, node = 2 * leaves, node_hash(self.peaks.pop()[1], node)
        self.peaks.append((leaves, node))

    def adopted(self, said: Statement) -> Version:
        reader = Reader(said.body, "an adoption")
        number, named = reader.number(4), reader.take(32)
        reader.end()
        version = self.charter.known.get(named)
        if version is None or version.number != number:
            refuse("07:28", f"the log adopts a version {number} of the charter that is not at hand")
        if number <= self.version.number:
            refuse("03:35", f"the log adopts version {number} and stands under version {self.version.number}")
        if self.member not in version.members:
            refuse("03:35", f"version {number} does not list {self.member}")
        return version

    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY_ROOT
        found = self.peaks[-1][1]
        for _, peak in reversed(self.peaks[:-1]):
            found = node_hash(peak, found)
        return found


@dataclass(frozen=True)
class Export:
    log: Log
    signatures: int


def read_export(file: BinaryIO, network: bytes) -> Export:
    """A whole log, entry by entry: however long it is, little of it is held."""
    if file.read(len(EXPORT_LINE)) != EXPORT_LINE:
        refuse("07:1", f"a log export begins with the line {EXPORT_LINE.decode().strip()}")
    charter = read_charter(read_part(file, FILE_BYTES_MAX, "the charter"), network)
    note = read_part(file, NOTE_BYTES_MAX, "the checkpoint")
    origin = note.split(b"\n", 1)[0].decode("utf-8", "replace")
    member = next((code for code in charter.logs() if charter.origin(code) == origin), None)
    if member is None:
        refuse("07:4", f"no member has the log {origin}")
    checkpoint = read_checkpoint(note, origin, charter.log_keys(member))
    log, signatures = Log(charter, member), 0
    for data in read_bundle(file):
        if log.size == checkpoint.size:
            refuse("07:5", f"bytes follow the {log.size} entries that the checkpoint covers")
        entry = read_entry(data, network)
        log.admit(entry)
        signatures += len(entry.signers)
    if log.size != checkpoint.size:
        refuse("07:5", f"there are {log.size} entries, the checkpoint promises {checkpoint.size}")
    if log.root() != checkpoint.root:
        refuse("07:5", "the entries lead to another root than the checkpoint promises")
    if checkpoint.key != log.version.members[member].log:
        refuse("05:27", f"the checkpoint is by a key that is not the log's at {log.size} entries")
    return Export(log, signatures)


def exactly(file: BinaryIO, count: int, sentence: str, what: str) -> bytes:
    data = file.read(count)
    if len(data) != count:
        refuse(sentence, f"the file ends inside {what}")
    return data


def read_part(file: BinaryIO, most: int, what: str) -> bytes:
    count = int.from_bytes(exactly(file, 4, "07:1", f"the length of {what}"), "big")
    limit(count, most, "07:2", what)
    return exactly(file, count, "07:1", what)


def read_bundle(file: BinaryIO) -> Iterator[bytes]:
    while begin := file.read(1):
        count = int.from_bytes(begin + exactly(file, 1, "03:23", "the length of an entry"), "big")
        yield exactly(file, count, "03:23", "an entry")
