"""From events to messages: which published campaigns an event triggers, and what the gate says about each person.

Choosing whom to mail by what they did is profiling: a marketing campaign needs the person's consent to that, and to its own purpose. A campaign
of a purpose without consent (a receipt under the contract) needs neither. Both need what the data in the mail was collected for (decision 006).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from troth.campaigns.models import Campaign, CampaignState
from troth.consent.catalog import PROFILING, load_catalog
from troth.consent.decisions import FactsKey, load_all_facts
from troth.consent.gate import Facts, Operation, Verdict, decide
from troth.content.models import Template
from troth.intake.actor import NewEvent
from troth.kernel.clock import iso
from troth.kernel.json_text import decode
from troth.kernel.personal_data import Subject
from troth.messages.enqueue import NewMessage, enqueue
from troth.messages.needs import Asked, ask_for
from troth.segments.conditions import holds


class Rule(NamedTuple):
    """A published campaign as events are held against it, whatever its draft says meanwhile."""

    campaign_id: int
    template_id: int
    conditions: dict[str, Any] | None
    purpose: str


Match = tuple[Rule, NewEvent, dict[str, Any]]
Key = tuple[int, int, str, str]
"""Workspace, template, purpose and event name."""


def react(events: Sequence[NewEvent], now: int) -> None:
    """Queue a message for each event that triggers a campaign; runs in the transaction that folds the events."""
    rules = _published({event.workspace_id for event in events})
    if not rules:
        return
    matches = [
        (rule, event, properties)
        for event in events
        if (listening := rules.get((event.workspace_id, event.name)))
        for properties in [decode(event.properties)]
        for rule in listening
        if is_triggered(rule.conditions, properties)
    ]
    if matches:
        enqueue(list(_messages(matches, now)), now)


def is_triggered(conditions: dict[str, Any] | None, properties: dict[str, Any]) -> bool:
    """Whether an event with these properties triggers a campaign with these conditions."""
    return conditions is None or holds(conditions, properties)


def source_of(campaign_id: int) -> str:
    """What the messages of a campaign name as their source."""
    return f"campaign:{campaign_id}"


def _published(workspace_ids: set[int]) -> dict[tuple[int, str], list[Rule]]:
    found: dict[tuple[int, str], list[Rule]] = {}
    listening = Campaign.objects.filter(state=CampaignState.PUBLISHED, workspace_id__in=workspace_ids, published__isnull=False)
    published: Any
    for pk, workspace_id, template_id, published in listening.values_list("pk", "workspace_id", "template_id", "published"):
        rule = Rule(pk, template_id or 0, published["conditions"], published["purpose"])
        found.setdefault((workspace_id, published["trigger_event"]), []).append(rule)
    return found


def _messages(matches: Sequence[Match], now: int) -> Iterable[NewMessage]:
    asked = _find_asked(matches)
    facts = _load_facts(matches, asked)
    for rule, event, properties in matches:
        known = load_catalog(event.workspace_id).purposes.get(rule.purpose)
        is_marketing = known is None or known.is_marketing
        wanted = asked[event.workspace_id, rule.template_id, rule.purpose, event.name]
        verdicts: list[Verdict] = []
        for purpose in wanted.purposes:
            operation = Operation.PROFILE if purpose == PROFILING and is_marketing else Operation.MESSAGE
            verdicts.append(decide(facts[event.workspace_id, purpose, event.person_id], purpose=purpose, operation=operation, at=now))
        for wish in wanted.wishes:
            said = decide(facts[event.workspace_id, wish, event.person_id], purpose=wish, operation=Operation.MESSAGE, at=now)
            verdicts += [] if said.allow else [said]
        verdicts += wanted.refusals(Operation.MESSAGE, now)
        yield NewMessage(
            subject=Subject(event.workspace_id, event.person_id),
            source=source_of(rule.campaign_id),
            occurrence=event.event_id,
            channel="email",
            purpose=rule.purpose,
            is_marketing=is_marketing,
            template_id=rule.template_id,
            due_at=now,
            context={"event": {"name": event.name, "at": iso(event.ts), "properties": properties}},
            verdicts=verdicts,
        )


def _find_asked(matches: Sequence[Match]) -> dict[Key, Asked]:
    """What each template has to be asked for, once for all persons; all templates in one read."""
    templates = Template.objects.in_bulk({rule.template_id for rule, _, _ in matches})
    keys = {(event.workspace_id, rule.template_id, rule.purpose, event.name) for rule, event, _ in matches}
    return {
        (workspace_id, template_id, purpose, name): ask_for(
            templates.get(template_id), purpose, {"event": {"name": name}}, load_catalog(workspace_id)
        )
        for workspace_id, template_id, purpose, name in keys
    }


def _load_facts(matches: Sequence[Match], asked: Mapping[Key, Asked]) -> dict[FactsKey, Facts]:
    """Facts for every (workspace, purpose or wish, person) at stake."""
    return load_all_facts(
        (event.workspace_id, purpose, event.person_id)
        for rule, event, _ in matches
        for own in [asked[event.workspace_id, rule.template_id, rule.purpose, event.name]]
        for purpose in (*own.purposes, *own.wishes)
    )
