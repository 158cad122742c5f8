"""Checkpoints: the size and the root of a log at a moment, signed, so that whoever keeps one can later prove that nothing before it was changed.

The text is a signed note: lines of plain text, an empty line, and a signature line `— name base64(key id, signature)`.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import IntegrityError, transaction

from troth.consent.ledger.log import head_of
from troth.consent.models import Checkpoint, LedgerHead
from troth.kernel.clock import HOUR, iso
from troth.kernel.crypto import signing_key
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


def origin_of(workspace_id: int) -> str:
    """The name of a workspace's log."""
    return f"troth/consent/{workspace_id}"


def make_checkpoint(workspace_id: int, now: int) -> Checkpoint:
    """Sign the head of a log as it is; the one that exists when nothing was appended since."""
    size, root = head_of(workspace_id)
    found = Checkpoint.objects.filter(workspace_id=workspace_id, size=size).first()
    if found:
        return found
    body = f"{origin_of(workspace_id)}\n{size}\n{base64.b64encode(root).decode()}\n{iso(now)}\n"
    made = Checkpoint(workspace_id=workspace_id, size=size, at=now, root=root, note=sign_note(body))
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        return Checkpoint.objects.get(workspace_id=workspace_id, size=size)
    return made


def make_checkpoints(now: int) -> bool:
    """Worker duty, hourly: a checkpoint of every log that grew."""
    for head in LedgerHead.objects.exclude(size=0).iterator():
        latest = Checkpoint.objects.filter(workspace_id=head.workspace_id).order_by("-size").first()
        if latest is None or (latest.size < head.size and now - latest.at >= HOUR):
            make_checkpoint(head.workspace_id, now)
    return False


def sign_note(body: str) -> str:
    """A note with the signature of this installation's key."""
    key = signing_key()
    signature = base64.b64encode(key_id(key.public_key()) + key.sign(body.encode())).decode()
    return f"{body}\n— {SIGNER} {signature}\n"


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
