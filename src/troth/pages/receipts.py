"""A receipt for the person: to read, and to keep as a file that anybody can verify with the public key."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from troth.consent.models import Record
from troth.consent.receipts import RecordUnknown, find_merged_record, find_record, make_receipt
from troth.consent.verifying import PROOF
from troth.kernel.clock import now_ms
from troth.kernel.ids import bucket_of
from troth.kernel.personal_data import Subject
from troth.messages.unsubscribe_links import UnsubscribeLink, make_preferences_url
from troth.pages.receipt_links import read_receipt_token
from troth.pages.sender import sender_of
from troth.pages.views import not_ours, public_page


@public_page
def show_receipt(request: HttpRequest, token: str) -> HttpResponse:
    """The receipt as a page."""
    record = _find(token)
    if record is None:
        return not_ours()
    receipt = make_receipt(record, now_ms(), withdraw_at=_own_page(record))
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
        make_receipt(record, now_ms(), withdraw_at=_own_page(record)),
        json_dumps_params={"ensure_ascii": False, "indent": 2},
        content_type="application/ld+json",
    )
    answer["Content-Disposition"] = f'attachment; filename="receipt-{record.record_id}.json"'
    return answer


def _own_page(record: Record) -> str:
    """Where the person changes what they decided, as easily as they decided it (Art. 7(3))."""
    return make_preferences_url(UnsubscribeLink(Subject(record.workspace_id, record.person_id), record.purpose, 0))


def _find(token: str) -> Record | None:
    """The record of a link; None when it is not one of ours, or nothing is held on the person any more."""
    link = read_receipt_token(token)
    if link is None:
        return None
    try:
        return find_record(link.workspace_id, link.person_id, bucket_of(link.person_id), link.record_id)
    except RecordUnknown:
        return find_merged_record(link.workspace_id, link.record_id)


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
