"""Sending: claim what is due, ask the gate a last time, render, hand over, settle.

The gate is asked after the claim and immediately before the hand-over, so a withdrawal reaches what is already queued. What is rendered
is rendered then, on the person's data of that moment. A worker that dies in between leaves `sending`, which becomes `unknown` for marketing.

A workspace may be in test mode: then the gate is asked as ever, and the mail goes to the tester's address, marked, and without a link that
could withdraw anything. Where sending is off, what is due is held, and queued again once it is on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings

from troth.consent.catalog import PROFILING, load_catalog
from troth.consent.decisions import load_all_facts
from troth.consent.gate import Operation, Verdict, decide
from troth.consent.wishes import is_wish
from troth.content.email_template import EmailTemplate, RenderedEmail, render_email
from troth.content.errors import ContentError
from troth.content.models import Template
from troth.kernel.clock import DAY, now_ms
from troth.kernel.json_text import decode, encode
from troth.messages.ask_links import AskLink, make_ask_url, make_test_ask_url
from troth.messages.channels import Channel, Outgoing, channel_from_url
from troth.messages.errors import ChannelError
from troth.messages.mail import TEST_MARK, build_mail, headers_of
from troth.messages.models import Message, State
from troth.messages.needs import ASK, ask_for
from troth.messages.pace import find_too_soon
from troth.messages.queue import (
    MAX_ATTEMPTS,
    Claim,
    Settlement,
    claim_due,
    next_try,
    recover_abandoned,
    release,
    release_held,
    settle,
)
from troth.messages.tracking import allowed_kinds, ask_to_measure, put_in_measures
from troth.messages.unsubscribe_links import UnsubscribeLink, make_test_url, make_unsubscribe_url
from troth.people.identifiers import EMAIL, EXTERNAL_ID
from troth.people.queries import load_identifiers, load_profiles
from troth.workspaces.models import SendMode, Workspace

log = structlog.get_logger()
CLAIM = 32
RELEASED = 2_000
THREADS = 8
FRESH_MS = 50
"""A verdict older than this is asked for again before the hand-over."""
BODY_RETENTION = 30 * DAY


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="hand-over")


@lru_cache(maxsize=4)
def _channel(url: str) -> Channel:
    return channel_from_url(url or None)


def send_due(now: int) -> bool:
    """Send one batch of due messages; True when there may be more."""
    claims = claim_due(now, CLAIM)
    if not claims:
        return False
    try:
        hand_over_one = _prepare(claims, now)
    except Exception:
        # Nothing has left yet, so nothing is in doubt.
        release(claims)
        raise
    settle(list(_pool().map(hand_over_one, claims)), now_ms())
    return len(claims) == CLAIM


def _prepare(claims: Sequence[Claim], now: int) -> Callable[[Claim], Settlement]:
    """Read, once for the batch, all that handing over needs."""
    templates = {row.pk: row for row in Template.objects.filter(pk__in={claim.template_id for claim in claims})}
    verdicts = _ask_gate(claims, templates, now)
    profiles = load_profiles(claim.subject.person_id for claim in claims)
    identifiers = load_identifiers(claim.subject.person_id for claim in claims)
    workspaces = Workspace.objects.in_bulk({claim.subject.workspace_id for claim in claims})
    measuring = ask_to_measure(claims, workspaces, now)
    channel = _channel(settings.TROTH_EMAIL_URL)

    def hand_over_one(claim: Claim) -> Settlement:
        workspace = workspaces[claim.subject.workspace_id]
        if not _may_send(workspace):
            return Settlement(claim=claim, state=State.HELD, reason="sending_off")
        person_id = claim.subject.person_id
        handles = {handle.kind: handle.value for handle in identifiers.get(person_id, [])}
        return _hand_over(
            claim,
            verdicts=verdicts[claim.message_id],
            measuring=measuring[claim.message_id],
            counts_opens=workspace.counts_opens,
            asked_at=now,
            channel=channel,
            template=templates.get(claim.template_id),
            sender=workspace.sender or settings.TROTH_SENDER,
            tester=workspace.test_address if workspace.send_mode == SendMode.TEST else "",
            person={**profiles.get(person_id, ({}, []))[0], "id": handles.get(EXTERNAL_ID), "email": handles.get(EMAIL)},
        )

    return hand_over_one


def _may_send(workspace: Workspace) -> bool:
    """Test mode without an address to send to sends nothing, rather than to the persons."""
    return workspace.send_mode == SendMode.LIVE or (workspace.send_mode == SendMode.TEST and bool(workspace.test_address))


def _ask_gate(claims: Sequence[Claim], templates: Mapping[int, Template], now: int) -> dict[int, list[Verdict]]:
    """The gate for a batch: the message's own purpose, those of the data that its template reads, and what the person wants."""
    asked = {}
    for claim in claims:
        catalog = load_catalog(claim.subject.workspace_id)
        asked[claim.message_id] = ask_for(templates.get(claim.template_id), claim.purpose, claim.context, catalog)
    # What was marketing when it was queued stays so, whatever became of its purpose.
    needed = [
        (claim, purpose, Operation.HAND_OVER)
        for claim in claims
        for purpose in dict.fromkeys((*[PROFILING] * _is_chosen(claim), *asked[claim.message_id].purposes))
    ]
    needed += [(claim, claim.context[ASK]["purpose"], Operation.ASK) for claim in claims if ASK in claim.context]
    wishes = [(claim, wish, Operation.HAND_OVER) for claim in claims for wish in asked[claim.message_id].wishes]
    facts = load_all_facts((claim.subject.workspace_id, purpose, claim.subject.person_id) for claim, purpose, _ in (*needed, *wishes))
    verdicts: dict[int, list[Verdict]] = {claim.message_id: [] for claim in claims}
    for claim, purpose, operation in (*needed, *wishes):
        found = facts[claim.subject.workspace_id, purpose, claim.subject.person_id]
        verdict = decide(found, purpose=purpose, operation=operation, at=now)
        if not verdict.allow or not is_wish(purpose):
            verdicts[claim.message_id].append(verdict)
    for claim in claims:
        verdicts[claim.message_id].extend(asked[claim.message_id].refusals(Operation.HAND_OVER, now))
    for message_id, verdict in find_too_soon(claims, now).items():
        verdicts[message_id].append(verdict)
    return verdicts


def _is_chosen(claim: Claim) -> bool:
    """Marketing goes to whom behaviour chose, which is profiling; a question for consent does not."""
    return claim.is_marketing and ASK not in claim.context


def _hand_over(
    claim: Claim,
    *,
    verdicts: list[Verdict],
    measuring: list[Verdict],
    counts_opens: bool,
    asked_at: int,
    channel: Channel,
    template: Template | None,
    sender: str,
    tester: str,
    person: Mapping[str, Any],
) -> Settlement:
    """Hand one message over, to its person or to the `tester`, and say what became of it; never raises."""
    if template is None:
        return Settlement(claim=claim, state=State.FAILED, reason="template_missing")
    if not person["email"]:
        return Settlement(claim=claim, state=State.SKIPPED, reason="no_address")
    recipient = tester or person["email"]
    try:
        url = _unsubscribe_url(claim, is_test=bool(tester))
        rendered = _render(claim, template, person, url, _ask_url(claim, is_test=bool(tester)))
        kinds = () if tester else allowed_kinds(measuring)
        if tester:
            rendered = replace(rendered, subject=f"{TEST_MARK}{rendered.subject}")
        moment = now_ms()
        mail = build_mail(
            rendered if tester else put_in_measures(rendered, claim, kinds, counts_opens=counts_opens),
            sender=sender,
            recipient=recipient,
            message_id=claim.message_id,
            list_unsubscribe_url=None if tester else url,
            date=moment,
        )
    except ContentError as error:
        return Settlement(claim=claim, state=State.FAILED, reason=f"template:{type(error).__name__}")
    if moment - asked_at > FRESH_MS:
        verdicts = _ask_gate([claim], {template.pk: template}, moment)[claim.message_id]
    told = decode(encode([*verdicts, *measuring]))
    denied = next((verdict for verdict in verdicts if not verdict.allow), None)
    if denied:
        return Settlement(claim=claim, state=State.SKIPPED, reason=f"{denied.purpose}:{denied.reason}", decisions=told)
    try:
        receipt = channel.send(Outgoing(message_id=claim.message_id, sender=sender, recipient=recipient, mail=mail))
    except ChannelError as error:
        return _after_failure(claim, error, told)
    except Exception as error:  # noqa: BLE001 -- whatever a channel does, the message is settled and the batch goes on
        log.error("channel_failed", channel=channel.name, error=type(error).__name__)
        return _after_failure(claim, ChannelError("The channel failed.", permanent=False, doubtful=True), told)
    return Settlement(
        claim=claim,
        state=State.SENT,
        reason="test_mode" if tester else "",
        recipient=recipient,
        rendered={"subject": rendered.subject, "html": rendered.html, "text": rendered.text, "headers": headers_of(mail)},
        decisions=told,
        provider_id=receipt.provider_id,
        measured=kinds,
    )


def _unsubscribe_url(claim: Claim, *, is_test: bool) -> str | None:
    if not claim.is_marketing:
        return None
    return make_test_url() if is_test else make_unsubscribe_url(UnsubscribeLink(claim.subject, claim.purpose, claim.message_id))


def _ask_url(claim: Claim, *, is_test: bool) -> str | None:
    """The person's own link to the page that asks for a consent; None for any other mail."""
    if ASK not in claim.context:
        return None
    link = AskLink(claim.subject.workspace_id, claim.subject.person_id, claim.context[ASK]["id"], claim.message_id)
    return make_test_ask_url() if is_test else make_ask_url(link)


def _render(claim: Claim, template: Template, person: Mapping[str, Any], unsubscribe_url: str | None, ask_url: str | None) -> RenderedEmail:
    return render_email(
        EmailTemplate(subject=template.subject, html=template.html, text=template.text),
        {"person": person, "user": person, "ask_url": ask_url, **claim.context},
        unsubscribe_url=unsubscribe_url,
    )


def _after_failure(claim: Claim, error: ChannelError, told: list[dict[str, Any]]) -> Settlement:
    """Permanent: failed. Doubtful: unknown for marketing, tried again for service. Temporary: tried again, up to a limit."""
    if error.permanent:
        return Settlement(claim=claim, state=State.FAILED, reason="refused_by_channel", decisions=told)
    if error.doubtful and claim.is_marketing:
        return Settlement(claim=claim, state=State.UNKNOWN, reason="answer_lost", decisions=told)
    if claim.attempts >= MAX_ATTEMPTS:
        return Settlement(claim=claim, state=State.FAILED, reason="gave_up", decisions=told)
    return Settlement(claim=claim, state=State.QUEUED, reason="channel_unavailable", due_at=next_try(claim.attempts, now_ms()))


def resume(now: int) -> bool:
    """Queue again what was held until sending was switched on."""
    return release_held(RELEASED) == RELEASED


def recover(now: int) -> bool:
    """Settle what dead workers left."""
    recovered = recover_abandoned(now)
    if recovered:
        log.warning("messages_recovered", number=recovered)
    return False


def forget_old_bodies(now: int) -> bool:
    """Remove the bodies of messages older than the retention; the figures stay."""
    Message.objects.filter(settled_at__lt=now - BODY_RETENTION, rendered__isnull=False).update(rendered=None, recipient="")
    return False
