"""Page 15 of the specification: payloads of sealed parts, their openings, and the pieces of files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite

from encoding import Reader, ascending, derive, limit, refuse

PAYLOAD_BYTES_MAX = 983_040
OPENING_BYTES_MAX = 262_400
CONTENT_BYTES_MAX = 262_108
AUDIENCE_MAX = 512
CLASSES = range(8, 19)
PIECE_BYTES = 1_048_576
PIECES_MAX = 4_096
TAG_BYTES = 16


@dataclass(frozen=True)
class Place:
    """To which part of which statement something belongs."""

    network: bytes
    member: str
    reference: bytes
    part: int

    def encode(self) -> bytes:
        code = self.member.encode()
        return self.network + len(code).to_bytes(8, "little") + code + self.reference + self.part.to_bytes(2, "little")


@dataclass(frozen=True)
class SealingKey:
    secret: MLKEM768X25519PrivateKey
    id: int

    @staticmethod
    def of(seed: bytes) -> SealingKey:
        expanded = hashlib.shake_256(derive("cairn 2026-11 sealing key v1", seed)).digest(96)
        lattice = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        curve = X25519PrivateKey.from_private_bytes(expanded[64:])
        public = lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
        name = derive("cairn 2026-11 sealing key id v1", public)
        return SealingKey(MLKEM768X25519PrivateKey(lattice, curve), int.from_bytes(name[:8], "little"))


@dataclass(frozen=True)
class Payload:
    place: Place
    wraps: dict[str, tuple[int, bytes]]
    """For each member the id of its key, and what HPKE made for it."""
    hash: bytes
    body: bytes


def read_place(reader: Reader) -> Place:
    return Place(reader.take(32), reader.code(), reader.take(16), reader.number(2))


def read_payload(data: bytes) -> Payload:
    limit(len(data), PAYLOAD_BYTES_MAX, "15:4", "the bytes of a payload")
    reader = Reader(data, "a sealed payload")
    reader.version()
    header, body = reader.blob(), reader.blob()
    reader.end()
    reader = Reader(header, "the header of a payload")
    reader.version()
    place = read_place(reader)
    one = lambda: (reader.code(), (reader.number(8), reader.take(1120 + 48)))
    wraps = reader.many(one, 1, AUDIENCE_MAX, "15:5", "the list of members")
    reader.end()
    ascending([code for code, _ in wraps], "15:5", "members of an audience")
    return Payload(place, dict(wraps), derive("cairn 2026-11 sealed header v1", header), body)


def open_payload(
    payload: Payload, place: Place, audience: list[str], reader: str, key: SealingKey, size_class: int, commitment: bytes
) -> bytes:
    """What it says, if it is what the statement has committed to (15:10)."""
    if payload.place != place:
        refuse("15:10", "the payload belongs to another part or statement")
    if list(payload.wraps) != audience:
        refuse("15:16", f"the payload is sealed for {list(payload.wraps)}, the statement says {audience}")
    if reader not in payload.wraps:
        refuse("15:5", f"it is not sealed for {reader}")
    key_id, wrapped = payload.wraps[reader]
    if key_id != key.id:
        refuse("15:3", "it is sealed to another key")
    code = reader.encode()
    info = b"cairn/seal/v1\n" + b"\x01\x00" + place.encode() + len(code).to_bytes(8, "little") + code
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
    try:
        content_key = suite.decrypt(wrapped, key.secret, info)
    except InvalidTag:
        refuse("15:6", "what is wrapped for it does not open")
    if size_class not in CLASSES or len(payload.body) != 2**size_class + TAG_BYTES:
        refuse("15:10", f"the body has {len(payload.body)} bytes, its class is {size_class}")
    try:
        plain = ChaCha20Poly1305(content_key).decrypt(bytes(12), payload.body, payload.hash)
    except InvalidTag:
        refuse("15:8", "the body does not decrypt")
    length = int.from_bytes(plain[32:36], "little")
    salt, content, padding = plain[:32], plain[36 : 36 + length], plain[36 + length :]
    least = next(one for one in CLASSES if length + 36 <= 2**one)
    if len(content) != length or any(padding) or least != size_class:
        refuse("15:8", "the body is not filled up as it has to be")
    check_commitment(salt, payload.hash, content, commitment)
    return content


def check_commitment(salt: bytes, header: bytes, content: bytes, commitment: bytes) -> None:
    if derive("cairn 2026-11 sealed commitment v1", salt + header + content) != commitment:
        refuse("15:9", "this is not what the statement has committed to")


def read_opening(data: bytes, commitment: bytes) -> bytes:
    """What an opening says, if it is what was committed to: nobody needs a key for that (15:11)."""
    limit(len(data), OPENING_BYTES_MAX, "15:11", "the bytes of an opening")
    reader = Reader(data, "an opening")
    reader.version()
    read_place(reader)
    header, salt, content = reader.take(32), reader.take(32), reader.blob()
    reader.end()
    limit(len(content), CONTENT_BYTES_MAX, "15:11", "the content of an opening")
    check_commitment(salt, header, content, commitment)
    return content


@dataclass(frozen=True)
class Manifest:
    size: int
    key: bytes
    pieces: list[bytes]


def read_manifest(data: bytes) -> Manifest:
    reader = Reader(data, "a manifest")
    reader.version()
    reader.text(255), reader.text(120)
    size = reader.number(8)
    reader.take(32), reader.number(8, signed=True), reader.text(200), reader.text(500)
    key = reader.take(32)
    pieces = reader.many(lambda: reader.take(32), 0, PIECES_MAX, "15:15", "the list of pieces")
    reader.end()
    if len(pieces) != -(-size // PIECE_BYTES):
        refuse("15:15", f"{len(pieces)} pieces for {size} bytes")
    return Manifest(size, key, pieces)


def open_piece(manifest: Manifest, number: int, piece: bytes) -> bytes:
    if derive("cairn 2026-11 sealed piece v1", piece) != manifest.pieces[number]:
        refuse("15:14", f"piece {number} is another than the manifest says")
    nonce = number.to_bytes(8, "little") + bytes(4)
    try:
        plain = ChaCha20Poly1305(manifest.key).decrypt(nonce, piece, None)
    except InvalidTag:
        refuse("15:13", f"piece {number} does not decrypt")
    length = min(manifest.size - number * PIECE_BYTES, PIECE_BYTES)
    padded = PIECE_BYTES if length == PIECE_BYTES else max(4096, 1 << (length - 1).bit_length())
    if len(plain) != padded or any(plain[length:]):
        refuse("15:13", f"piece {number} is not filled up as it has to be")
    return plain[:length]
