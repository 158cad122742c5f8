"""Signed notes, as checkpoints are published: lines of plain text, an empty line, and a signature line `— name base64(key id, signature)`. Pure."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from troth.kernel.errors import TrothError

SIGNER = "troth"
ED25519 = b"\x01"
"""The algorithm's number in a key id."""


class CheckpointInvalid(TrothError):
    """Not a checkpoint, or not signed by this key."""


@dataclass(frozen=True)
class Head:
    """What a checkpoint says."""

    origin: str
    size: int
    root: bytes
    at: str
    """RFC 3339."""


def key_id(key: Ed25519PublicKey) -> bytes:
    """Four bytes that tell the signing key."""
    return sha256(SIGNER.encode() + b"\n" + ED25519 + key.public_bytes_raw()).digest()[:4]


def read_checkpoint(note: str, key: Ed25519PublicKey) -> Head:
    """What a checkpoint says, checked against a public key. Raises CheckpointInvalid."""
    body, _, signatures = note.partition("\n\n")
    body += "\n"
    mark = f"— {SIGNER} "
    try:
        signed = next(line for line in signatures.splitlines() if line.startswith(mark))
        raw = base64.b64decode(signed.removeprefix(mark), validate=True)
        key.verify(raw[4:], body.encode())
        origin, size, root, at = body.splitlines()
        return Head(origin=origin, size=int(size), root=base64.b64decode(root, validate=True), at=at)
    except InvalidSignature:
        raise CheckpointInvalid("The signature does not fit: the checkpoint was changed, or another installation signed it.") from None
    except (StopIteration, ValueError, binascii.Error):
        raise CheckpointInvalid("This is not a checkpoint of Troth: give the text exactly as it was published.") from None
