#!/usr/bin/env python3
"""Reads vectors with the verifier in Python and says of each, in one line of JSON, what it knows or why it refuses it.

    python3 check_vectors.py FOLDER      a folder with a folder of vectors for each area

Nothing here compares: whoever asked knows what to expect.
"""

from __future__ import annotations

import base64
import io
import json
import pathlib
import sys
from collections.abc import Callable
from typing import Any

from amendment import read_amendment, read_charter
from charter import LOG_LINE, key_id, read_card
from checkpoint import read_checkpoint, read_cosigned
from encoding import Refused, Unknown
from entry import read_entry, read_signed_statement
from log import Log, read_export
from sealed import Place, SealingKey, open_payload, open_piece, read_manifest, read_opening, read_payload
from tree import check_consistency, check_inclusion, leaf_hash
from verify_receipt import fork_values, read_fork, read_receipt, receipt_values

Input = dict[str, Any]


def data(found: Input, field: str = "bytes") -> bytes:
    return bytes.fromhex(found[field])


def hashes(found: list[str]) -> list[bytes]:
    return [bytes.fromhex(one) for one in found]


def statement(found: Input) -> object:
    said = read_signed_statement(data(found), data(found, "network"))
    return {"id": said.id.hex(), "member": said.member, "kind": said.kind}


def entry(found: Input) -> object:
    read = read_entry(data(found), data(found, "network"))
    return {"hash": read.hash().hex(), "leaf": leaf_hash(read.data).hex(), "position": read.position}


def checkpoint(found: Input) -> object:
    note = data(found) if "bytes" in found else found["note"].encode()
    origin, key = found["origin"], data(found, "key")
    read = read_checkpoint(note, origin, [key])
    first = key_id(origin, LOG_LINE, key) + read.note.signatures(origin, LOG_LINE, key)[0]
    line = base64.b64encode(first).decode()
    return {"size": read.size, "root": read.root.hex(), "kept": f"{read.note.text}\n\u2014 {origin} {line}\n"}


def card(found: Input) -> object:
    read = read_card(data(found))
    return {"code": read.code, "root": read.keys[0].hex()}


def charter(found: Input) -> object:
    read = read_charter(data(found), data(found, "network") if "network" in found else None)
    return {"network": read.network.hex(), "members": list(read.current.members)}


def amendment(found: Input) -> object:
    read = read_amendment(data(found), read_charter(data(found, "charter"), None).known)
    return {"version": read.number, "id": read.id.hex(), "members": list(read.members)}


def inclusion(found: Input) -> object:
    leaf, root = data(found, "leaf"), data(found, "root")
    check_inclusion(leaf, found["index"], found["size"], root, hashes(found["proof"]))
    return True


def consistency(found: Input) -> object:
    old, new = ((found[which]["size"], data(found[which], "root")) for which in ("old", "new"))
    check_consistency(old, new, hashes(found["proof"]))
    return True


def log(found: Input) -> object:
    founded = read_charter(data(found, "charter"), None)
    held = Log(founded, found["member"])
    for text in [*found["before"], found["entry"]]:
        held.admit(read_entry(bytes.fromhex(text), founded.network))
    return {"size": held.size, "last": held.last.hex(), "root": held.root().hex()}


def marks(found: Input) -> object:
    founded = read_charter(data(found, "charter"), None)
    held = Log(founded, found["member"])
    for text in found["entries"]:
        held.admit(read_entry(bytes.fromhex(text), founded.network))
    return [{"position": at, "by": by} for at, by in sorted(held.authority.marks.items())]


def export(found: Input) -> object:
    read = read_export(io.BytesIO(data(found)), data(found, "network"))
    return {"member": read.log.member, "size": read.log.size}


def cosigned(found: Input) -> object:
    read = read_cosigned(found["note"].encode(), read_charter(data(found, "charter"), None), found["member"])
    return {"cosigners": [one.name for one in read.cosigners], "members": read.members, "confirmed": read.confirmed}


def receipt(found: Input) -> object:
    return receipt_values(read_receipt(found["text"].encode(), data(found, "network")))


def fork(found: Input) -> object:
    return fork_values(read_fork(data(found), read_charter(data(found, "charter"), None)))


def sealed(found: Input) -> object:
    commitment = data(found, "commitment")
    if "opening" in found:
        return {"content": read_opening(data(found, "opening"), commitment).hex()}
    place = Place(data(found, "network"), found["member"], data(found, "reference"), found["part"])
    key, payload = SealingKey.of(data(found, "key")), read_payload(data(found, "payload"))
    content = open_payload(payload, place, found["audience"], found["reader"], key, found["size_class"], commitment)
    return {"content": content.hex()}


def piece(found: Input) -> object:
    return {"content": open_piece(read_manifest(data(found, "manifest")), found["number"], data(found, "piece")).hex()}


AREAS: dict[str, Callable[[Input], object]] = {
    "statement": statement,
    "entry": entry,
    "checkpoint": checkpoint,
    "card": card,
    "charter": charter,
    "amendment": amendment,
    "inclusion": inclusion,
    "consistency": consistency,
    "log": log,
    "marks": marks,
    "export": export,
    "cosigned": cosigned,
    "receipt": receipt,
    "fork": fork,
    "sealed": sealed,
    "piece": piece,
}


def main() -> None:
    for area, check in AREAS.items():
        for path in sorted(pathlib.Path(sys.argv[1], area).glob("*.json")):
            said: dict[str, object] = {"name": f"{area}/{path.stem}"}
            try:
                said["accepted"] = check(json.loads(path.read_bytes())["input"])
            except Refused as why:
                said |= {"refused": str(why), "sentence": why.sentence}
            except Unknown as why:
                said["unknown"] = str(why)
            print(json.dumps(said))


if __name__ == "__main__":
    main()
