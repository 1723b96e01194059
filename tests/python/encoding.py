"""Page 01 of the specification: how values stand in bytes, how things are named, and how signatures are checked."""

from __future__ import annotations

import base64
import binascii
import itertools
import re
import unicodedata
from collections.abc import Callable
from typing import NoReturn, TypeVar

from blake3 import blake3
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

T = TypeVar("T")

U64_MAX = 2**64 - 1
FORBIDDEN = [
    (0x61C, 0x61C), (0x200B, 0x200B), (0x200E, 0x200F), (0x2028, 0x202E), (0x2060, 0x2069),
    (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0xE0000, 0xE007F),
]  # fmt: skip


class Refused(Exception):
    """Why something is not believed, and the sentence of the specification that says so."""

    def __init__(self, sentence: str, why: str) -> None:
        super().__init__(f"{why} ({sentence})")
        self.sentence = sentence


class Unknown(Exception):
    """Why this program cannot tell."""


def refuse(sentence: str, why: str) -> NoReturn:
    raise Refused(sentence, why)


def limit(found: int, most: int, sentence: str, what: str) -> None:
    if found > most:
        refuse(sentence, f"{what} has {found}, the limit is {most}")


class Reader:
    """Takes values off the front of bytes. Every value has one encoding: what else could be there is refused (01:8)."""

    def __init__(self, data: bytes, what: str) -> None:
        self.data, self.at, self.what = data, 0, what

    def take(self, count: int) -> bytes:
        if count > (left := self.left()):
            refuse("01:8", f"{self.what} ends early: {count} bytes are wanted at byte {self.at}, {left} are left")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, size: int, signed: bool = False) -> int:
        return int.from_bytes(self.take(size), "little", signed=signed)

    def version(self, known: int = 1) -> None:
        if (found := self.number(2)) != known:
            refuse("01:9", f"{self.what} has format version {found}, this program knows {known}")

    def variant(self, size: int, known: int) -> int:
        """A bool, the mark of an option or the number of an enum's variant."""
        if (found := self.number(size)) >= known:
            refuse("01:8", f"{self.what} holds {found} where 0 to {known - 1} are known")
        return found

    def blob(self) -> bytes:
        return self.take(self.number(8))

    def text(self, most: int) -> str:
        raw = self.blob()
        limit(len(raw), most, "01:11", f"a text in {self.what}")
        return checked_text(raw)

    def shaped(self, shape: str, sentence: str, what: str) -> str:
        """A text of few characters: a code, a topic, a network's name."""
        raw = self.blob()
        found = raw.decode("ascii", "replace")
        if not re.fullmatch(shape, found):
            refuse(sentence, f"{self.what} holds a {what} that is none, of {len(raw)} bytes")
        return found

    def code(self) -> str:
        return self.shaped(r"[A-Z0-9-]{2,16}", "01:13", "code")

    def many(self, read: Callable[[], T], least: int, most: int, sentence: str, what: str) -> list[T]:
        count = self.number(8)
        limit(count, most, sentence, what)
        if count < least:
            refuse(sentence, f"{what} has {count}, at least {least} are needed")
        return [read() for _ in range(count)]

    def left(self) -> int:
        return len(self.data) - self.at

    def end(self) -> None:
        if left := self.left():
            refuse("01:8", f"{left} bytes follow the end of {self.what}")


def checked_text(raw: bytes) -> str:
    try:
        found = raw.decode("utf-8")
    except UnicodeDecodeError:
        refuse("01:11", "a text is not UTF-8")
    if any(unicodedata.category(character) == "Cn" for character in found):
        raise Unknown(f"a text has a character that is newer than this Python's Unicode {unicodedata.unidata_version}")
    if unicodedata.normalize("NFC", found) != found:
        refuse("01:11", "a text is not in normalisation form C")
    for character in found:
        at = ord(character)
        if unicodedata.category(character) == "Cc" or any(first <= at <= last for first, last in FORBIDDEN):
            refuse("01:12", f"a text contains U+{at:04X}")
    return found


def ascending(found: list[T], sentence: str, what: str) -> None:
    if any(one >= after for one, after in itertools.pairwise(found)):  # type: ignore[operator]
        refuse(sentence, f"{what} are not in ascending order")


def derive(context: str, data: bytes) -> bytes:
    return blake3(data, derive_key_context=context).digest()


def read_base64(found: str, sentence: str, what: str) -> bytes:
    """RFC 4648, section 4, with padding, and no other text for the same bytes."""
    try:
        data = base64.b64decode(found.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        refuse(sentence, f"{what} is not base64")
    if base64.b64encode(data).decode() != found:
        refuse(sentence, f"{what} is not the one base64 of its bytes")
    return data


def read_decimal(found: str, sentence: str, what: str) -> int:
    if not re.fullmatch(r"0|[1-9][0-9]{0,19}", found) or int(found) > U64_MAX:
        refuse(sentence, f"{what} is no number from 0 to 2^64 - 1 in plain digits")
    return int(found)


# The strict rule for signatures. OpenSSL checks the equation without the cofactor and compares R as bytes, but it takes
# keys and Rs of small order and keys with a second encoding: those are looked at here.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def point_fault(encoded: bytes) -> str | None:
    """Why 32 bytes are not the one encoding of a curve point whose order is large."""
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    if y >= P:
        return "not the canonical encoding of a point"
    y2 = y * y % P
    x2 = (y2 - 1) * pow(D * y2 + 1, -1, P) % P
    if pow(x2, (P - 1) // 2, P) not in (0, 1):
        return "no point of the curve"
    for _ in range(3):
        # Doubling needs the squares of both coordinates alone: eight times a point of small order is the neutral one.
        y = (y2 + x2) * pow(1 - D * x2 * y2, -1, P) % P
        y2 = y * y % P
        x2 = (y2 - 1) * pow(D * y2 + 1, -1, P) % P
    return "of small order" if y == 1 else None


def usable(key: bytes, sentence: str, what: str) -> None:
    if fault := point_fault(key):
        refuse(sentence, f"{what} is {fault}")


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a usable key signed this, under the strict rule (01:19)."""
    if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= ORDER or point_fault(signature[:32]):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True
