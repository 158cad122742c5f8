"""What deliveries tell, read set by set when they go: the gate's answer of now, identifiers, profiles, messages, and what sources are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings

from troth.consent.catalog import load_catalog
from troth.consent.decisions import load_all_facts
from troth.kernel.json_text import decode
from troth.kernel.sql import select_by_keys
from troth.messages.sources import Described, describe
from troth.people.identifiers import EMAIL, EXTERNAL_ID, Handle
from troth.people.queries import load_identifiers, load_profiles
from troth.webhooks.kinds import USER_CREATED, USER_UPDATED
from troth.webhooks.models import Webhook
from troth.webhooks.passing import NOTICE, FactsOf, purposes_of, reason_to_withhold
from troth.webhooks.queue import Claim
from troth.webhooks.shaping import Known, Mail, shape

_MESSAGE_KEY = ("smallint", "bigint", "bigint")


class _Message(NamedTuple):
    message_id: int
    workspace_id: int
    source: str
    occurrence: int
    template_id: int
    channel: str
    is_marketing: bool
    recipient: str
    rendered: Any


class Read(NamedTuple):
    """What may go, with its body as plain values, and what may not, counted by webhook, type and reason."""

    bodies: list[tuple[Claim, dict[str, Any]]]
    denied: list[Claim]
    withheld: Counter[tuple[int, str, str]]


def read(claims: Sequence[Claim], webhooks: Mapping[int, Webhook], now: int) -> Read:
    """The bodies of deliveries, as of now."""
    about_living = [claim for claim in claims if claim.table != NOTICE]
    facts = load_all_facts(_asked(about_living, webhooks))
    people = {claim.subject.person_id for claim in about_living}
    identifiers = load_identifiers(people)
    profiles = load_profiles({claim.subject.person_id for claim in about_living if claim.type == USER_CREATED})
    mails = _load_mails(about_living)
    found = Read([], [], Counter())
    nothing: tuple[dict[str, Any], list[str]] = ({}, [])
    for claim in claims:
        webhook = webhooks[claim.webhook_id]
        known = Known()
        if claim.table != NOTICE:
            asked = _purposes(claim, webhook)
            reason = reason_to_withhold(facts, claim.subject, asked, now, ungated=claim.ungated)
            if reason:
                found.denied.append(claim)
                found.withheld[claim.webhook_id, claim.type, reason] += 1
                continue
            own = profiles.get(claim.subject.person_id, nothing)
            kept_back = _kept_back(claim, own[0], facts, now)
            known = Known(
                **_names(identifiers.get(claim.subject.person_id, [])),
                attributes={name: value for name, value in own[0].items() if name not in kept_back},
                withheld=kept_back,
                tags=tuple(own[1]),
                mail=mails.get(int(claim.facts.get("message_id", 0))),
                reduced=claim.ungated and bool(reason_to_withhold(facts, claim.subject, asked, now, ungated=False)),
            )
        found.bodies.append((claim, shape(webhook.format, claim.type, claim.subject.person_id, claim.at, claim.facts, known)))
    return found


def _purposes(claim: Claim, webhook: Webhook) -> tuple[str, ...]:
    return purposes_of(claim.type, webhook.purpose, claim.facts.get("purposes_asked", ()))


def _asked(claims: Iterable[Claim], webhooks: Mapping[int, Webhook]) -> Iterable[tuple[int, str, int]]:
    """All that the gate is asked about, also each purpose that an attribute was collected for."""
    for claim in claims:
        workspace_id, person_id = claim.subject.workspace_id, claim.subject.person_id
        purposes = set(_purposes(claim, webhooks[claim.webhook_id]))
        if claim.type in (USER_CREATED, USER_UPDATED):
            purposes |= set(load_catalog(workspace_id).attributes.values())
        for purpose in purposes:
            yield workspace_id, purpose, person_id


def _kept_back(claim: Claim, attributes: Mapping[str, Any], facts: FactsOf, now: int) -> frozenset[str]:
    """The attributes that were collected for purposes that do not permit handing them on."""
    assigned = load_catalog(claim.subject.workspace_id).attributes
    names = attributes.keys() | claim.facts.get("changes", {}).keys()
    return frozenset(
        name for name in names & assigned.keys() if reason_to_withhold(facts, claim.subject, (assigned[name],), now, ungated=False)
    )


def _names(handles: Iterable[Handle]) -> dict[str, str]:
    values = {handle.kind: handle.value for handle in handles}
    return {"external_id": values.get(EXTERNAL_ID, ""), "email": values.get(EMAIL, "")}


def _load_mails(claims: Iterable[Claim]) -> dict[int, Mail]:
    keys = {(*claim.key[:2], int(claim.facts["message_id"])) for claim in claims if "message_id" in claim.facts}
    if not keys:
        return {}
    rows = select_by_keys(
        "SELECT m.message_id, m.workspace_id, m.source, m.occurrence, m.template_id, m.channel, m.is_marketing, m.recipient, m.rendered",
        "JOIN messages_message m ON m.bucket = k.column1 AND m.person_id = k.column2 AND m.message_id = k.column3",
        sorted(keys),
        _MESSAGE_KEY,
    )
    messages = {row.message_id: row for row in map(_Message._make, rows)}
    called = describe({(row.source, row.occurrence, row.template_id) for row in messages.values()})
    nameless = Described(name="")
    return {row.message_id: _mail(row, called.get((row.source, row.occurrence, row.template_id), nameless)) for row in messages.values()}


def _mail(row: _Message, called: Described) -> Mail:
    rendered = decode(row.rendered) if isinstance(row.rendered, str | bytes) else row.rendered
    kind, _, number = row.source.partition(":")
    return Mail(
        message_id=row.message_id,
        source=row.source,
        campaign_id=int(number) if number.isdigit() else None,
        kind="newsletter" if kind == "newsletter" else "behavioral" if row.is_marketing else "transactional",
        name=called.name,
        channel=row.channel,
        subject=(rendered or {}).get("subject", ""),
        recipient=row.recipient,
        trigger_event=called.trigger_event,
        variation=called.variation,
        link=f"{settings.TROTH_URL}/console/{row.workspace_id}/outbox/{row.message_id}",
    )
