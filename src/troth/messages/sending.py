"""Sending: claim what is due, ask the gate a last time, render, hand over, settle.

The gate is asked after the claim and immediately before the hand-over, so a withdrawal reaches what is already queued. What is rendered
is rendered then, on the person's data of that moment. A worker that dies in between leaves `sending`, which becomes `unknown` for marketing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings

from troth.consent.catalog import PROFILING
from troth.consent.decisions import load_facts
from troth.consent.gate import Operation, Verdict, decide
from troth.content.email_template import EmailTemplate, render_email
from troth.content.errors import ContentError
from troth.content.models import Template
from troth.kernel.clock import DAY, now_ms
from troth.kernel.json_text import decode, encode
from troth.messages.channels import Channel, Outgoing, channel_from_url
from troth.messages.errors import ChannelError
from troth.messages.mail import build_mail, headers_of
from troth.messages.models import Message, State
from troth.messages.queue import MAX_ATTEMPTS, Claim, Settlement, claim_due, next_try, recover_abandoned, release, settle
from troth.messages.unsubscribe_links import UnsubscribeLink, make_unsubscribe_url
from troth.people.identifiers import EMAIL, EXTERNAL_ID
from troth.people.queries import load_identifiers, load_profiles
from troth.workspaces.models import Workspace

log = structlog.get_logger()
CLAIM = 32
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
    verdicts = _ask_gate(claims, now)
    profiles = load_profiles(claim.subject.person_id for claim in claims)
    identifiers = load_identifiers(claim.subject.person_id for claim in claims)
    templates = {row.pk: row for row in Template.objects.filter(pk__in={claim.template_id for claim in claims})}
    senders = dict(Workspace.objects.filter(pk__in={claim.subject.workspace_id for claim in claims}).values_list("pk", "sender"))
    channel = _channel(settings.TROTH_EMAIL_URL)

    def hand_over_one(claim: Claim) -> Settlement:
        person_id = claim.subject.person_id
        handles = {handle.kind: handle.value for handle in identifiers.get(person_id, [])}
        return _hand_over(
            claim,
            verdicts=verdicts[claim.message_id],
            asked_at=now,
            channel=channel,
            template=templates.get(claim.template_id),
            sender=senders.get(claim.subject.workspace_id) or settings.TROTH_SENDER,
            person={**profiles.get(person_id, ({}, []))[0], "id": handles.get(EXTERNAL_ID), "email": handles.get(EMAIL)},
        )

    return hand_over_one


def _ask_gate(claims: Sequence[Claim], now: int) -> dict[int, list[Verdict]]:
    """The gate for a batch, one read per workspace and purpose. Marketing also needs that profiling still stands."""
    needed = [(claim, purpose) for claim in claims for purpose in _purposes(claim)]
    groups: dict[tuple[int, str], set[int]] = {}
    for claim, purpose in needed:
        groups.setdefault((claim.subject.workspace_id, purpose), set()).add(claim.subject.person_id)
    facts = {key: load_facts(key[0], people, key[1]) for key, people in groups.items()}
    verdicts: dict[int, list[Verdict]] = {}
    for claim, purpose in needed:
        found = facts[claim.subject.workspace_id, purpose][claim.subject.person_id]
        verdicts.setdefault(claim.message_id, []).append(decide(found, purpose=purpose, operation=Operation.HAND_OVER, at=now))
    return verdicts


def _purposes(claim: Claim) -> tuple[str, ...]:
    return (PROFILING, claim.purpose) if claim.is_marketing else (claim.purpose,)


def _hand_over(
    claim: Claim,
    *,
    verdicts: list[Verdict],
    asked_at: int,
    channel: Channel,
    template: Template | None,
    sender: str,
    person: Mapping[str, Any],
) -> Settlement:
    """Hand one message over and say what became of it; never raises."""
    if template is None:
        return Settlement(claim=claim, state=State.FAILED, reason="template_missing")
    if not person["email"]:
        return Settlement(claim=claim, state=State.SKIPPED, reason="no_address")
    try:
        url = None
        if claim.is_marketing:
            url = make_unsubscribe_url(UnsubscribeLink(claim.subject, claim.purpose, claim.message_id))
        rendered = render_email(
            EmailTemplate(subject=template.subject, html=template.html, text=template.text),
            {"person": person, "user": person, **claim.context},
            unsubscribe_url=url,
        )
        moment = now_ms()
        mail = build_mail(
            rendered, sender=sender, recipient=person["email"], message_id=claim.message_id, list_unsubscribe_url=url, date=moment
        )
    except ContentError as error:
        return Settlement(claim=claim, state=State.FAILED, reason=f"template:{type(error).__name__}")
    if moment - asked_at > FRESH_MS:
        verdicts = _ask_gate([claim], moment)[claim.message_id]
    told = decode(encode(verdicts))
    denied = next((verdict for verdict in verdicts if not verdict.allow), None)
    if denied:
        return Settlement(claim=claim, state=State.SKIPPED, reason=f"{denied.purpose}:{denied.reason}", decisions=told)
    try:
        receipt = channel.send(Outgoing(message_id=claim.message_id, sender=sender, recipient=person["email"], mail=mail))
    except ChannelError as error:
        return _after_failure(claim, error, told)
    except Exception as error:  # noqa: BLE001 -- whatever a channel does, the message is settled and the batch goes on
        log.error("channel_failed", channel=channel.name, error=type(error).__name__)
        return _after_failure(claim, ChannelError("The channel failed.", permanent=False, doubtful=True), told)
    return Settlement(
        claim=claim,
        state=State.SENT,
        recipient=person["email"],
        rendered={"subject": rendered.subject, "html": rendered.html, "text": rendered.text, "headers": headers_of(mail)},
        decisions=told,
        provider_id=receipt.provider_id,
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
