"""Pages 04 and 09 of the specification: a log's signed promise, and who has checked it."""

from __future__ import annotations

from dataclasses import dataclass

from amendment import Charter, Cosigner
from charter import LOG_LINE, Version, is_key_name, key_id
from encoding import is_signed, limit, read_base64, read_decimal, refuse, usable

NOTE_BYTES_MAX = 131_072
NOTE_LINES_MAX = 600


@dataclass(frozen=True)
class Note:
    text: str
    lines: list[tuple[str, bytes, bytes]]
    """Name, key id and what follows it."""

    def signatures(self, name: str, kind: bytes, key: bytes) -> list[bytes]:
        """What stands on the lines of this name and key."""
        wanted = (name, key_id(name, kind, key))
        return [rest for found, id_found, rest in self.lines if (found, id_found) == wanted]


@dataclass(frozen=True)
class Checkpoint:
    note: Note
    size: int
    root: bytes
    key: bytes
    """Which of the log's keys has signed it."""


def read_note(data: bytes) -> Note:
    limit(len(data), NOTE_BYTES_MAX, "04:6", "the bytes of a note")
    try:
        found = data.decode("utf-8")
    except UnicodeDecodeError:
        refuse("04:6", "a note is not UTF-8")
    if any(character < " " and character != "\n" for character in found):
        refuse("04:6", "a note contains a control character")
    text, empty, rest = found.rpartition("\n\n")
    if not empty:
        refuse("04:5", "a note has no empty line")
    *lines, last = rest.split("\n")
    if last:
        refuse("04:5", "a note does not end in a line feed")
    limit(len(lines), NOTE_LINES_MAX, "04:6", "the signature lines of a note")
    return Note(text + "\n", [read_signature_line(line) for line in lines])


def read_signature_line(line: str) -> tuple[str, bytes, bytes]:
    dash, name, *rest = [*line.split(" "), ""]
    if dash != "\u2014" or len(rest) != 2:
        refuse("04:5", "a signature line is not a dash, a name and base64")
    if not is_key_name(name):
        refuse("04:7", "a signature line has a name that is none")
    data = read_base64(rest[0], "04:5", "a signature line")
    if len(data) < 5:
        refuse("04:5", "a signature line holds no signature")
    return name, data[:4], data[4:]


def read_checkpoint(data: bytes, origin: str, keys: list[bytes]) -> Checkpoint:
    """A checkpoint by one of the keys that were listed for the log, in the order of 04:16."""
    for key in keys:
        usable(key, "01:20", f"a log key of {origin}")
    note = read_note(data)
    lines = note.text.split("\n")
    if len(lines) != 4:
        refuse("04:1", f"a checkpoint has {len(lines) - 1} lines, expected 3")
    size = read_decimal(lines[1], "04:3", "the size of a checkpoint")
    root = read_base64(lines[2], "04:4", "the root of a checkpoint")
    if len(root) != 32:
        refuse("04:4", f"the root of a checkpoint has {len(root)} bytes, expected 32")
    if lines[0] != origin:
        refuse("04:10", f"the checkpoint is of {lines[0]}, expected {origin}")
    named = [key for key in keys if note.signatures(origin, LOG_LINE, key)]
    if not named:
        refuse("04:10", f"no line of {origin} stands on the checkpoint")
    key = named[0]
    if not all(is_signed(key, note.text.encode(), one) for one in note.signatures(origin, LOG_LINE, key)):
        refuse("04:10", f"a line of {origin} on the checkpoint is not its log key's")
    return Checkpoint(note, size, root, key)


@dataclass(frozen=True)
class Cosignature:
    time: int
    key: bytes


@dataclass(frozen=True)
class Cosigned:
    """A member's checkpoint and who stands behind it."""

    member: str
    checkpoint: Checkpoint
    cosigners: dict[Cosigner, Cosignature]
    """What stands on each one's line, members first."""
    members: int
    """How many distinct members stand behind it, its author among them (09:9)."""
    confirmed: bool


def read_cosigned(data: bytes, charter: Charter, member: str) -> Cosigned:
    checkpoint = read_checkpoint(data, charter.origin(member), charter.log_keys(member))
    listed = charter.cosigners()
    cosigners: dict[Cosigner, Cosignature] = {}
    for name, id_found, rest in checkpoint.note.lines:
        if (name, id_found) not in listed:
            continue
        cosigner, key = listed[name, id_found]
        time, signature = int.from_bytes(rest[:8], "big"), rest[8:]
        message = f"cosignature/v1\ntime {time}\n{checkpoint.note.text}"
        if not is_signed(key, message.encode(), signature):
            refuse("09:5", f"the line of {name} is not its cosigning key's")
        cosigners[cosigner] = Cosignature(time, key)
    members = len({one.name for one in cosigners if not one.is_witness} | {member})
    confirmed = is_confirmed(charter, member, checkpoint.key, cosigners)
    return Cosigned(member, checkpoint, dict(sorted(cosigners.items())), members, confirmed)


def is_confirmed(charter: Charter, author: str, key: bytes, cosigners: dict[Cosigner, Cosignature]) -> bool:
    """Under a version in force, from the first on that lists the checkpoint's key for the log (05:28, 05:29)."""
    lists = [author in version.members and version.members[author].log == key for version in charter.history]
    since = charter.history[lists.index(True) :] if True in lists else []
    return any(stand_behind(version, author, cosigners) >= version.rules.confirm for version in since)


def stand_behind(version: Version, author: str, cosigners: dict[Cosigner, Cosignature]) -> int:
    """How many members of a version, with the keys that it lists; the log's own signature is its author's."""
    keys = {one.name: line.key for one, line in cosigners.items() if not one.is_witness}
    return sum(code == author or keys.get(code) == card.cosigning for code, card in version.members.items())
