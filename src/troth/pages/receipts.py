"""A receipt for the person: to read, and to keep as a page that checks itself or as a file that anybody can verify with the public key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.translation import override

from troth.consent.models import Record
from troth.consent.purpose_names import translate_name
from troth.consent.receipt_page.build import build_page
from troth.consent.receipt_page.words import WORDS, name_decision
from troth.consent.receipts import RecordUnknown, find_merged_record, find_record, make_receipt
from troth.consent.verifying import PROOF
from troth.kernel.clock import now_ms
from troth.kernel.crypto import public_key_pem
from troth.kernel.ids import bucket_of
from troth.kernel.personal_data import Subject
from troth.messages.unsubscribe_links import UnsubscribeLink, make_preferences_url
from troth.pages.dead_ends import not_ours
from troth.pages.languages import choose_language
from troth.pages.receipt_links import read_receipt_token
from troth.pages.sender import sender_of
from troth.pages.views import public_page


@public_page
def show_receipt(request: HttpRequest, token: str) -> HttpResponse:
    """The receipt as a page, in the reader's language; `?lang=` chooses."""
    record = _find(token)
    if record is None:
        return not_ours(request)
    receipt = _make(record)
    language = choose_language(request, list(WORDS), request.GET.get("lang", ""))
    facts = {"record": record, "token": token, "sender": sender_of(record.workspace_id), "language": language}
    return HttpResponse(render_to_string("pages/receipt.html", {**facts, **_tell(receipt, WORDS[language], language)}))


@public_page
def download_receipt(request: HttpRequest, token: str) -> HttpResponse:
    """The receipt as a file for programs."""
    record = _find(token)
    if record is None:
        return not_ours(request)
    answer = JsonResponse(_make(record), json_dumps_params={"ensure_ascii": False, "indent": 2}, content_type="application/ld+json")
    answer["Content-Disposition"] = f'attachment; filename="receipt-{record.record_id}.json"'
    return answer


@public_page
def download_page(request: HttpRequest, token: str) -> HttpResponse:
    """The receipt in an HTML file that verifies it wherever it is opened, without a network."""
    record = _find(token)
    if record is None:
        return not_ours(request)
    answer = HttpResponse(build_page(_make(record), public_key_pem(), settings.TROTH_URL), content_type="text/html; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="receipt-{record.record_id}.html"'
    return answer


def _make(record: Record) -> dict[str, Any]:
    """With the address where the person changes what they decided, as easily as they decided it (Art. 7(3))."""
    link = UnsubscribeLink(Subject(record.workspace_id, record.person_id), record.purpose, 0)
    return make_receipt(record, now_ms(), withdraw_at=make_preferences_url(link))


def _find(token: str) -> Record | None:
    """The record of a link; None when it is not one of ours, or nothing is held on the person any more."""
    link = read_receipt_token(token)
    if link is None:
        return None
    try:
        return find_record(link.workspace_id, link.person_id, bucket_of(link.person_id), link.record_id)
    except RecordUnknown:
        return find_merged_record(link.workspace_id, link.record_id)


def _tell(receipt: Mapping[str, Any], words: Mapping[str, str], language: str) -> dict[str, Any]:
    """What the page says, in the reader's words."""
    committed, place = receipt[PROOF]["committed"], receipt[PROOF]["ledger"]
    with override(language):
        as_written = "j F Y, H:i" if language == "en" else "DATETIME_FORMAT"
        when = date_format(datetime.fromtimestamp(committed["at"] / 1000, UTC), as_written)
    controller = receipt["dpv:hasDataController"]
    return {
        "words": words,
        "purpose_name": translate_name(committed["purpose"], receipt["troth:purposeName"], language),
        "description": receipt["troth:purposeDescription"],
        "decision": words.get(
            name_decision(committed["decision"], valid=committed["valid"], purpose=committed["purpose"]), committed["decision"]
        ),
        "when": f"{when} UTC",
        "how": words.get(f"by_{committed['method']}", committed["method"]),
        "controller": [controller["dpv:hasName"], controller.get("dpv:hasAddress", "")],
        "text": receipt["troth:noticeText"],
        "proof": words["entry"].format(leaf=place["leaf"]) if place else words["no_entry"],
        "own_page": receipt["dpv:hasConsentControl"]["dpv:isExercisedAt"],
    }
