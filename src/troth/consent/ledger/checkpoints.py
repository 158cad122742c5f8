"""Checkpoints: the size and the root of a log at a moment, signed, so that whoever keeps one can later prove that nothing before it was changed."""

from __future__ import annotations

import base64

from django.db import IntegrityError, transaction

from troth.consent.ledger.log import head_of
from troth.consent.ledger.notes import SIGNER, key_id
from troth.consent.models import Checkpoint, LedgerHead
from troth.kernel.clock import HOUR, iso
from troth.kernel.crypto import signing_key


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
