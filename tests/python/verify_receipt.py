#!/usr/bin/env python3
"""Believes a receipt, a fork proof or an exported log, or refutes it.

Written from docs/spec/ alone, with nothing of Cairn's own code. It trusts nobody: it needs a file and the id of the network, which comes from somebody you believe and never from the
file. It opens no connection. `(05:8)` names sentence 8 of page 05 of the specification.

    pip install -r requirements.txt                             once
    python3 verify_receipt.py COD-17.tlog-proof --network ID    a receipt
    python3 verify_receipt.py COD.cairnlog --network ID         an exported log
    python3 verify_receipt.py COD.fork --network ID             a fork proof, by the file `charter` beside it or --charter FILE

Exit codes: 0 true, 1 refuted, 2 could not tell.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import sys
from dataclasses import dataclass

from amendment import FILE_BYTES_MAX, VERSIONS_MAX, Charter, Cosigner, charter_of, read_charter
from checkpoint import NOTE_BYTES_MAX, Cosigned, read_cosigned
from encoding import Reader, Refused, Unknown, limit, read_base64, read_decimal, refuse
from entry import Entry, read_entry
from log import EXPORT_LINE, Export, read_export
from tree import PROOF_HASHES_MAX, check_consistency, check_inclusion, leaf_hash

RECEIPT_BYTES_MAX = 8_388_608
FORK_BYTES_MAX = 2 * NOTE_BYTES_MAX + 8_192
RECEIPT_LINE = b"c2sp.org/tlog-proof@v1\n"


# 10 Receipts


@dataclass(frozen=True)
class Receipt:
    charter: Charter
    entry: Entry
    cosigned: Cosigned


def read_receipt(data: bytes, network: bytes) -> Receipt:
    limit(len(data), RECEIPT_BYTES_MAX, "10:1", "the bytes of a receipt")
    if not data.startswith(RECEIPT_LINE):
        refuse("10:1", f"a receipt begins with the line {RECEIPT_LINE.decode().strip()}")
    head, empty, note = data[len(RECEIPT_LINE) :].partition(b"\n\n")
    lines = head.decode("utf-8", "replace").split("\n")
    if not empty or len(lines) < 2 or not lines[0].startswith("extra ") or not lines[1].startswith("index "):
        refuse("10:1", "a receipt has the lines extra and index, hashes, an empty line and a checkpoint")
    limit(len(lines) - 2, PROOF_HASHES_MAX, "03:11", "the inclusion proof")
    extra = read_base64(lines[0][6:], "10:1", "the line extra")
    index = read_decimal(lines[1][6:], "10:1", "the index")
    proof = [read_base64(line, "10:1", "a hash") for line in lines[2:]]
    if any(len(one) != 32 for one in proof):
        refuse("10:1", "a hash of the inclusion proof has not 32 bytes")
    reader = Reader(extra, "the line extra")
    reader.version()
    charters, entry_bytes = reader.many(reader.blob, 1, VERSIONS_MAX, "10:2", "the list of charters"), reader.blob()
    reader.end()
    return check_receipt(charter_of(charters, network), entry_bytes, index, proof, note, network)


def check_receipt(
    charter: Charter, entry_bytes: bytes, index: int, proof: list[bytes], note: bytes, network: bytes
) -> Receipt:
    entry = read_entry(entry_bytes, network)
    member = entry.statement.member
    if entry.position != index:
        refuse("10:5", f"the entry is at position {entry.position}, the receipt says {index}")
    if charter.begins(member) is None:
        refuse("10:5", f"{member} is no member of the network, and was none")
    cosigned = read_cosigned(note, charter, member)
    check_inclusion(leaf_hash(entry_bytes), index, cosigned.checkpoint.size, cosigned.checkpoint.root, proof)
    return Receipt(charter, entry, cosigned)


# 11 Forks


@dataclass(frozen=True)
class Fork:
    member: str
    size: int
    cosigners_of_both: list[Cosigner]


def read_fork(data: bytes, charter: Charter) -> Fork:
    limit(len(data), FORK_BYTES_MAX, "11:3", "the bytes of a fork proof")
    reader = Reader(data, "a fork proof")
    reader.version()
    member, size = reader.code(), reader.number(8)

    def hashes() -> list[bytes]:
        return reader.many(lambda: reader.take(32), 0, PROOF_HASHES_MAX, "03:11", "a consistency proof")

    sides = [(reader.take(32), hashes(), reader.blob()) for _ in range(2)]
    reader.end()
    if not charter.log_keys(member):
        refuse("11:4", f"{member} is no member of the network, and was none")
    if size == 0:
        refuse("11:5", "nobody can differ about no entries")
    if sides[0][0] == sides[1][0]:
        refuse("11:5", "both sides have one root")
    if sides[0][0] > sides[1][0]:
        refuse("11:3", "the side with the larger root stands first")
    found = []
    for root, proof, note in sides:
        cosigned = read_cosigned(note, charter, member)
        check_consistency((size, root), (cosigned.checkpoint.size, cosigned.checkpoint.root), proof)
        found.append(cosigned)
    return Fork(member, size, sorted(found[0].cosigners.keys() & found[1].cosigners.keys()))


# What is typed and what is said


Said = dict[str, object]


def moment(seconds: int) -> str:
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} seconds after 1970"


def receipt_values(receipt: Receipt) -> Said:
    """What `cairn verify --json` says of it as well."""
    entry, cosigned = receipt.entry, receipt.cosigned
    return {
        "member": cosigned.member,
        "position": entry.position,
        "entry": entry.hash().hex(),
        "statement": entry.statement.id.hex(),
        "signers": [key.hex() for key in entry.signers],
        "made_at": entry.statement.made_at,
        "size": cosigned.checkpoint.size,
        "cosignatures": [{"cosigner": one.name, "time": line.time} for one, line in cosigned.cosigners.items()],
        "members": cosigned.members,
        "needed": receipt.charter.current.rules.confirm,
        "confirmed": cosigned.confirmed,
    }


def receipt_lines(receipt: Receipt) -> list[str]:
    entry, cosigned = receipt.entry, receipt.cosigned
    return [
        f"{cosigned.member}/{entry.position}  a statement of kind {entry.statement.kind}",
        "proven:",
        *(f"  the key {key.hex()} signed exactly this statement" for key in entry.signers),
        f"  the log {receipt.charter.origin(cosigned.member)} holds it at position {entry.position}, among its first "
        f"{cosigned.checkpoint.size} entries",
        *(f"  {one.name} held it at {moment(line.time)}, by its own clock" for one, line in cosigned.cosigners.items()),
        f"  {'confirmed' if cosigned.confirmed else 'NOT confirmed'}: {cosigned.members} members stand behind it, the "
        f"charter asks for {receipt.charter.current.rules.confirm}",
        "not proven:",
        "  that what it says is true, or still stands: later entries may correct it",
        "  that the key was authorised: that follows from the entries before it, which are not here",
        f"  that it was made at {moment(entry.statement.made_at)}, as its author says",
        "true: every signature and the place in the log were checked",
    ]


def fork_values(fork: Fork) -> Said:
    return {
        "log": fork.member,
        "position": fork.size - 1,
        "cosigners_of_both": [one.name for one in fork.cosigners_of_both],
    }


def fork_lines(fork: Fork) -> list[str]:
    return [
        f"the log key of {fork.member} has signed two histories: at most the first {fork.size - 1} entries are the "
        "same in both",
        *(f"{one.name} has cosigned both" for one in fork.cosigners_of_both),
        "true: both checkpoints are signed and contradict each other",
    ]


def export_values(export: Export) -> Said:
    log = export.log
    values: Said = {"member": log.member, "size": log.size, "root": log.root().hex(), "last": log.last.hex()}
    return values | {"signatures": export.signatures, "compromised": compromised(export)}


def compromised(export: Export) -> list[Said]:
    """Keys whose statements count for nothing from one position to before another (03:31)."""
    return [
        {"key": key.hex(), "since": since, "from": begin, "said_at": said_at}
        for key, known in sorted(export.log.authority.suspicions.items())
        for since, begin, said_at in known
        if begin < said_at
    ]


def export_lines(export: Export) -> list[str]:
    log = export.log
    return [
        f"the log {log.charter.origin(log.member)}: {log.size} entries with the root {log.root().hex()}",
        *(
            f"what key {one['key']} signed from position {one['from']} to before {one['said_at']} counts for nothing: "
            f"the key was compromised (entry {log.member}/{one['said_at']})"
            for one in compromised(export)
        ),
        "true: every signature, link, authority and the root were checked",
    ]


def network_id(text: str) -> bytes:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError("a network's id has 64 characters of 0-9 a-f")
    return bytes.fromhex(text)


def load(path: str, most: int) -> bytes:
    """A file, or its beginning: one byte more than may be there is enough to refuse it."""
    try:
        with open(path, "rb") as file:
            return file.read(most + 1)
    except OSError as why:
        raise Unknown(f"{path} cannot be read: {why.strerror}") from why


def check(path: str, network: bytes, charter_path: str | None) -> tuple[Said, list[str]]:
    if charter_path or path.endswith(".fork"):
        charter_path = charter_path or os.path.join(os.path.dirname(path), "charter")
        charter = read_charter(load(charter_path, FILE_BYTES_MAX), network)
        fork = read_fork(load(path, FORK_BYTES_MAX), charter)
        return fork_values(fork), fork_lines(fork)
    if load(path, len(EXPORT_LINE)).startswith(EXPORT_LINE):
        with open(path, "rb") as file:
            export = read_export(file, network)
        return export_values(export), export_lines(export)
    receipt = read_receipt(load(path, RECEIPT_BYTES_MAX), network)
    return receipt_values(receipt), receipt_lines(receipt)


def printable(line: str) -> str:
    """Text of others cannot steer the terminal."""
    return "".join(one if one.isprintable() else f"\\u{{{ord(one):x}}}" for one in line)


def main() -> int:
    parser = argparse.ArgumentParser(description="Believes a receipt, a fork proof or an exported log, or refutes it.")
    parser.add_argument(
        "file", metavar="FILE", help="a receipt, an exported log, or, where it ends in .fork, a fork proof"
    )
    parser.add_argument("--network", metavar="ID", type=network_id, required=True, help="the network's id")
    parser.add_argument(
        "--charter", metavar="FILE", help="the network's charter, for a fork proof that has none beside it"
    )
    parser.add_argument("--json", action="store_true", help="say it as JSON")
    args = parser.parse_args()
    said: Said
    try:
        said, lines = check(args.file, args.network, args.charter)
        result, code = "true", 0
    except Refused as why:
        said, lines = {"reason": str(why), "sentence": why.sentence}, [f"REFUTED  {args.file}: {why}"]
        result, code = "refuted", 1
    except Unknown as why:
        said, lines = {"reason": str(why)}, [f"could not tell: {why}"]
        result, code = "unknown", 2
    if args.json:
        print(json.dumps({"network": args.network.hex(), "path": args.file, "result": result, **said}))
    else:
        print("\n".join(map(printable, lines)))
    return code


if __name__ == "__main__":
    sys.exit(main())
