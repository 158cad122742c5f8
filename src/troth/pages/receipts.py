"""A receipt for the person: to read, and to keep as a file that anybody can verify with the public key."""

from __future__ import annotations

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from troth.consent.models import Record
from troth.consent.receipts import RecordUnknown, find_record, make_receipt
from troth.consent.verifying import PROOF
from troth.kernel.clock import now_ms
from troth.kernel.crypto import open_token, seal_token
from troth.kernel.ids import bucket_of
from troth.pages.decisions import sender_of
from troth.pages.links import LONGEST_TOKEN
from troth.pages.views import not_ours, public_page

LABEL = b"receipt/v1"


class Link(msgspec.Struct, frozen=True, array_like=True):
    """What a link to a receipt says."""

    workspace_id: int
    person_id: int
    record_id: int


def make_receipt_url(record: Record) -> str:
    """The address of a record's receipt; whoever has it can read it."""
    return f"{settings.TROTH_URL}/r/{make_receipt_token(record)}"


def make_receipt_token(record: Record) -> str:
    """The token alone."""
    return seal_token(LABEL, msgspec.msgpack.encode(Link(record.workspace_id, record.person_id, record.record_id)))


@public_page
def show_receipt(request: HttpRequest, token: str) -> HttpResponse:
    """The receipt as a page."""
    record = _find(token)
    if record is None:
        return not_ours()
    receipt = make_receipt(record, now_ms())
    facts = {
        "receipt": receipt,
        "proof": receipt[PROOF],
        "record": record,
        "token": token,
        "sender": sender_of(record.workspace_id),
        **_told(receipt),
    }
    return HttpResponse(render_to_string("pages/receipt.html", facts))


@public_page
def download_receipt(request: HttpRequest, token: str) -> HttpResponse:
    """The receipt as a file."""
    record = _find(token)
    if record is None:
        return not_ours()
    answer = JsonResponse(
        make_receipt(record, now_ms()), json_dumps_params={"ensure_ascii": False, "indent": 2}, content_type="application/ld+json"
    )
    answer["Content-Disposition"] = f'attachment; filename="receipt-{record.record_id}.json"'
    return answer


def _find(token: str) -> Record | None:
    """The record of a link; None when it is not one of ours, or nothing is held on the person any more."""
    plain = open_token(LABEL, token) if len(token) <= LONGEST_TOKEN else None
    if plain is None:
        return None
    link = msgspec.msgpack.decode(plain, type=Link)
    try:
        return find_record(link.workspace_id, link.person_id, bucket_of(link.person_id), link.record_id)
    except RecordUnknown:
        return None


def _told(receipt: dict[str, object]) -> dict[str, object]:
    """What a template cannot reach by names with colons."""
    return {
        "decided_at": receipt["dpv:hasRecordOfActivity"]["dpv:hasConsentStatus"][0]["dpv:isIndicatedAtTime"],  # type: ignore[index]
        "purpose_name": receipt["troth:purposeName"],
        "description": receipt["troth:purposeDescription"],
        "text": receipt["troth:noticeText"],
        "controller": receipt["dpv:hasDataController"]["dpv:hasName"],  # type: ignore[index]
        "method": receipt["dpv:hasRecordOfActivity"]["dpv:hasConsentStatus"][0]["dpv:hasIndicationMethod"],  # type: ignore[index]
    }
