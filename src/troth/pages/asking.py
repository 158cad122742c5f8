"""The page that asks one person for a consent that is lacking. A GET changes nothing; Yes and No are buttons of the same size (C13, C14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from troth.campaigns.models import Repermission
from troth.campaigns.repermission import find_shown
from troth.consent.catalog import PurposeRule, load_catalog
from troth.consent.evidence import Shown
from troth.consent.form_words import WORDS, words_in
from troth.consent.models import Record
from troth.consent.notices import read_text
from troth.consent.purpose_names import name_in
from troth.intake.addressing import identity_of
from troth.intake.commands import ACCEPTED, Decide, Decision
from troth.intake.door import apply
from troth.kernel.clock import iso, now_ms
from troth.kernel.personal_data import Subject
from troth.messages.ask_links import TEST, AskLink, read_ask_token
from troth.messages.unsubscribe_links import UnsubscribeLink, make_unsubscribe_token
from troth.pages.dead_ends import not_ours, nothing_held, was_test
from troth.pages.languages import choose_language
from troth.pages.links import find_subject
from troth.pages.receipt_links import make_receipt_token
from troth.pages.sender import sender_of
from troth.pages.views import public_page, read_form

METHOD = "asked"
YES, NO = "yes", "no"


@public_page
def ask(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the notice and two buttons; POST records the answer."""
    if token == TEST:
        return was_test(request)
    link = read_ask_token(token)
    asking = Repermission.objects.filter(pk=link.asking_id, workspace_id=link.workspace_id).first() if link else None
    if link is None or asking is None:
        return not_ours(request)
    own = Subject(link.workspace_id, link.person_id)
    subject = find_subject(UnsubscribeLink(own, asking.purpose, link.message_id))
    if subject is None:
        return nothing_held(request, asking.workspace_id)
    posted = read_form(request)
    rule = load_catalog(asking.workspace_id).purposes.get(asking.purpose)
    shown = _choose_shown(request, asking, posted)
    if rule is None or shown is None:
        return _page("ask_closed.html", asking, choose_language(request, list(WORDS)), status=410)
    facts: dict[str, Any] = {"rule": rule, "shown": shown, "text": read_text(asking.workspace_id, shown.text_hash), "token": token}
    facts |= {"purpose_name": name_in(rule, shown.language), "description": rule.description_in(shown.language)}
    answer = posted.get("answer")
    if request.method != "POST" or answer not in (YES, NO):
        return _page("ask.html", asking, shown.language, **facts)
    record = _record(asking, link, subject, rule, shown, agrees=answer == YES)
    choices = make_unsubscribe_token(UnsubscribeLink(subject, asking.purpose, link.message_id))
    receipt = make_receipt_token(record) if record else ""
    status = 200 if record else 409
    return _page("answered.html", asking, shown.language, status, agrees=answer == YES, choices=choices, receipt=receipt, **facts)


def _choose_shown(request: HttpRequest, asking: Repermission, posted: Mapping[str, Any]) -> Shown | None:
    """The text that was answered, as the form says; else the latest in the reader's language. None: no such text asks about the purpose."""
    answered = load_catalog(asking.workspace_id).notices.get((asking.notice, posted.get("notice_version", ""), posted.get("language", "")))
    if answered and asking.purpose in answered.purposes:
        return answered
    texts = {shown.language: shown for shown in find_shown(asking.workspace_id, asking.notice, asking.purpose) if words_in(shown.language)}
    return texts.get(choose_language(request, list(texts)))


def _record(asking: Repermission, link: AskLink, subject: Subject, rule: PurposeRule, shown: Shown, *, agrees: bool) -> Record | None:
    """The answer through the one door, with what proves it (Art. 7(1)); None when the rules refuse it."""
    now = now_ms()
    words = words_in(shown.language) or {}
    label = words["no"] if not agrees else words["agree_explicitly" if rule.special_category else "agree"]
    evidence = {
        "notice_key": shown.key,
        "notice_version": shown.version,
        "notice_hash": shown.text_hash,
        "language": shown.language,
        "surface_language": shown.language,
        "control_kind": "button",
        "control_label": label,
        "explicit": rule.special_category,
        "purposes": [rule.key],
        "asking": str(asking.pk),
        "message_id": str(link.message_id),
        # The link went to this address, and a person pressed the button: that is what a double opt-in confirms.
        "double_opt_in": {"method": "POST", "human": True, "at": iso(now)},
    }
    decision = Decide(
        workspace_id=asking.workspace_id,
        identity=identity_of(subject),
        source="page",
        received_at=now,
        decision=Decision.GRANT if agrees else Decision.REFUSE,
        purpose=rule.key,
        method=METHOD,
        evidence=evidence,
    )
    outcome = apply([decision], now=now)[0]
    if outcome.status != ACCEPTED or outcome.findings:
        return None
    own = Record.objects.filter(bucket=subject.bucket, person_id=subject.person_id, purpose=rule.key)
    return own.order_by("-record_id").first()


def _page(template: str, asking: Repermission, language: str, status: int = 200, **more: Any) -> HttpResponse:
    sender, words = sender_of(asking.workspace_id), words_in(language) or {}
    facts = {"sender": sender, "words": words, "language": language, "heading": words.get("ask", "").format(sender=sender), **more}
    return HttpResponse(render_to_string(f"pages/{template}", facts), status=status)
