"""Links to receipts: opaque, sealed tokens that name a record to nobody but this installation."""

from __future__ import annotations

import msgspec

from troth.consent.models import Record
from troth.kernel.crypto import open_token, seal_token
from troth.pages.links import LONGEST_TOKEN

LABEL = b"receipt/v1"


class ReceiptLink(msgspec.Struct, frozen=True, array_like=True):
    """What a link to a receipt says."""

    workspace_id: int
    person_id: int
    record_id: int


def make_receipt_token(record: Record) -> str:
    """The token of a record's receipt; whoever has it can read it."""
    return seal_link(ReceiptLink(record.workspace_id, record.person_id, record.record_id))


def seal_link(link: ReceiptLink) -> str:
    """The token of the receipt of a record that was not read."""
    return seal_token(LABEL, msgspec.msgpack.encode(link))


def read_receipt_token(token: str) -> ReceiptLink | None:
    """What a token says; None when it is not one of ours."""
    plain = open_token(LABEL, token) if len(token) <= LONGEST_TOKEN else None
    return msgspec.msgpack.decode(plain, type=ReceiptLink) if plain else None
