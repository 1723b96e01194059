"""Section 5.3 of the specification: how one version of the charter follows from another, and which are in force."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from charter import (
    AMENDMENT,
    COSIGNATURE_LINE,
    WITNESSES_MAX,
    Proofs,
    Version,
    check_signatures,
    key_id,
    read_body,
    read_first,
    read_member_signatures,
    roots,
)
from encoding import Reader, ascending, limit, refuse

AMENDMENT_BYTES_MAX = 1_048_576
VERSIONS_MAX = 1_024
FILE_BYTES_MAX = 67_108_864
FILE = (3).to_bytes(2, "little")
SECRETARIAT = 1


def read_amendment(data: bytes, known: dict[bytes, Version]) -> Version:
    """A complete version (05:21) that amends one of those that are known."""
    limit(len(data), AMENDMENT_BYTES_MAX, "05:13", "the bytes of an amendment")
    reader = Reader(data, "a signed amendment")
    reader.version(AMENDMENT)
    body, signatures = reader.blob(), read_member_signatures(reader)
    proofs = reader.many(lambda: (reader.text(120), reader.take(64)), 0, WITNESSES_MAX, "05:20", "the list of proofs")
    reader.end()
    version = read_body(body, AMENDMENT)
    if (before := known.get(version.previous)) is None:
        refuse("05:14", f"version {version.number} amends {version.previous.hex()}, which is not at hand")
    check_change(before, version)
    check_logs(before, version)
    check_signers(before, version, signatures)
    check_proofs(before, version, proofs)
    return version


def check_change(before: Version, after: Version) -> None:
    if after.number != before.number + 1:
        refuse("05:14", f"version {after.number} does not follow version {before.number}")
    if after.name != before.name:
        refuse("05:15", "the name of the network is another")
    if after.made_at < before.made_at:
        refuse("05:15", "it was made before what it amends")
    same_cards = [card.data for card in before.members.values()] == [card.data for card in after.members.values()]
    if same_cards and same_witnesses_and_rules(before, after):
        refuse("05:15", "it changes nothing")
    for code, card in after.members.items():
        if code in before.ended or code in after.ended:
            refuse("05:16", f"{code} was removed and is listed again")
        if code in before.members and before.members[code].kind != card.kind:
            refuse("05:16", f"{code} is of another kind than before")


def same_witnesses_and_rules(before: Version, after: Version) -> bool:
    return before.witnesses == after.witnesses and before.rules == after.rules


def check_logs(before: Version, after: Version) -> None:
    for code, end in before.ended.items():
        if after.ended.get(code) != end:
            refuse("05:17", f"the log of {code} had ended otherwise")
    removed = before.members.keys() - after.members.keys()
    if removed != (found := after.ended.keys() - before.ended.keys()):
        refuse("05:17", f"{sorted(removed)} are removed, and the logs of {sorted(found)} end")


def check_signers(before: Version, after: Version, signatures: Proofs) -> None:
    check_signatures(after.id, roots(before), signatures, "05:18")
    rotates = before.members.keys() == after.members.keys() and same_witnesses_and_rules(before, after)
    needed = before.rules.rotate if rotates else before.rules.amend
    if len(signatures) < needed:
        refuse("05:18", f"signed by {len(signatures)} members of the version before, {needed} are needed")
    if not before.rules.secretariat_signs:
        return
    signers = dict(signatures)
    for code, card in before.members.items():
        replaced = code in after.members and after.members[code].root != card.root
        if card.kind == SECRETARIAT and not replaced and code not in signers:
            refuse("05:19", f"{code} is of the Secretariat and has not signed")


def check_proofs(before: Version, after: Version, proofs: Proofs) -> None:
    new = {name: key for name, key in after.witnesses if (name, key) not in before.witnesses}
    check_signatures(after.id, new, proofs, "05:20")
    if missing := sorted(new.keys() - dict(proofs).keys()):
        refuse("05:20", f"not signed yet by {', '.join(missing)}")


class Cosigner(NamedTuple):
    """A witness may be named as a member's code is: it stays a witness."""

    is_witness: bool
    name: str


@dataclass(frozen=True)
class Charter:
    """All versions that are known, and those that are or were in force."""

    known: dict[bytes, Version]
    history: list[Version]

    @property
    def network(self) -> bytes:
        return self.history[0].id

    @property
    def current(self) -> Version:
        return self.history[-1]

    def origin(self, code: str) -> str:
        return f"{self.current.name}/{code}"

    def begins(self, code: str) -> Version | None:
        """The version under which a log begins (03:34): none for somebody who has no log."""
        return next((version for version in self.history if code in version.members), None)

    def logs(self) -> set[str]:
        return {code for version in self.history for code in version.members}

    def log_keys(self, code: str) -> list[bytes]:
        """Every key that was listed for a log, in the order of 04:16."""
        disputed = sorted(self.known.keys() - {version.id for version in self.history})
        versions = [*reversed(self.history), *(self.known[one] for one in disputed)]
        return list(dict.fromkeys(version.members[code].log for version in versions if code in version.members))

    def cosigners(self) -> dict[tuple[str, bytes], tuple[Cosigner, bytes]]:
        """Who it is, and the key, behind each name and key id that may stand on a cosigner's line (09:2)."""
        listed: list[tuple[str, Cosigner, bytes]] = []
        for version in self.history:
            listed += [
                (f"{self.origin(code)}/cosigner", Cosigner(False, code), card.cosigning)
                for code, card in version.members.items()
            ]
            listed += [(name, Cosigner(True, name), key) for name, key in version.witnesses]
        return {(name, key_id(name, COSIGNATURE_LINE, key)): (who, key) for name, who, key in listed}


def charter_of(signed: Iterable[bytes], network: bytes | None) -> Charter:
    """The charter of signed versions, the first one first (05:25), which founds `network` where one is named."""
    first, *rest = signed
    founding = read_first(first)
    if network is not None and network != founding.id:
        refuse("05:2", f"the charter founds network {founding.id.hex()}, expected {network.hex()}")
    known, order = {founding.id: founding}, [(founding.number, founding.id)]
    for data in rest:
        version = read_amendment(data, known)
        known[version.id] = version
        order.append((version.number, version.id))
    ascending(order, "05:25", "versions of a charter")
    history = [founding]
    while len(after := [one for one in known.values() if one.previous == history[-1].id]) == 1:
        history += after
    return Charter(known, history)


def read_charter(data: bytes, network: bytes | None) -> Charter:
    """A charter's file (05:25)."""
    if not data.startswith(FILE):
        return charter_of([data], network)
    limit(len(data), FILE_BYTES_MAX, "05:25", "the bytes of a charter's file")
    reader = Reader(data, "a charter's file")
    signed: list[bytes] = []
    reader.take(len(FILE))
    while reader.left():
        limit(len(signed) + 1, VERSIONS_MAX, "05:24", "the list of versions")
        signed.append(reader.take(reader.number(4)))
    if len(signed) < 2:
        refuse("05:25", f"a file of several versions has {len(signed)}")
    return charter_of(signed, network)
