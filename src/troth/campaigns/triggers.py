"""From events to messages: which published campaigns an event triggers, and what the gate says about each person.

Choosing whom to mail by what they did is profiling: a marketing campaign needs the person's consent to that, and to its own purpose. A campaign
of a purpose without consent (a receipt under the contract) needs neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from troth.campaigns.models import Campaign, CampaignState
from troth.consent.catalog import PROFILING, load_catalog
from troth.consent.decisions import load_facts
from troth.consent.gate import Facts, Operation, Verdict, decide
from troth.intake.actor import NewEvent
from troth.kernel.clock import iso
from troth.kernel.json_text import decode
from troth.kernel.personal_data import Subject
from troth.messages.enqueue import NewMessage, enqueue
from troth.segments.conditions import holds

Match = tuple[Campaign, NewEvent, dict[str, Any]]


def react(events: Sequence[NewEvent], now: int) -> None:
    """Queue a message for each event that triggers a campaign; runs in the transaction that folds the events."""
    campaigns = _published({event.workspace_id for event in events})
    if not campaigns:
        return
    matches = [
        (campaign, event, properties)
        for event in events
        if (listening := campaigns.get((event.workspace_id, event.name)))
        for properties in [decode(event.properties)]
        for campaign in listening
        if is_triggered(campaign.conditions, properties)
    ]
    if matches:
        enqueue(list(_messages(matches, now)), now)


def is_triggered(conditions: dict[str, Any] | None, properties: dict[str, Any]) -> bool:
    """Whether an event with these properties triggers a campaign with these conditions."""
    return conditions is None or holds(conditions, properties)


def _published(workspace_ids: set[int]) -> dict[tuple[int, str], list[Campaign]]:
    found: dict[tuple[int, str], list[Campaign]] = {}
    for campaign in Campaign.objects.filter(state=CampaignState.PUBLISHED, workspace_id__in=workspace_ids):
        found.setdefault((campaign.workspace_id, campaign.trigger_event), []).append(campaign)
    return found


def _messages(matches: Sequence[Match], now: int) -> Iterable[NewMessage]:
    facts = _load_facts(matches)
    for campaign, event, properties in matches:
        rule = load_catalog(event.workspace_id).purposes.get(campaign.purpose)
        is_marketing = rule is None or rule.is_marketing
        verdicts: list[Verdict] = []
        if is_marketing:
            verdicts.append(
                decide(facts[event.workspace_id, PROFILING, event.person_id], purpose=PROFILING, operation=Operation.PROFILE, at=now)
            )
        verdicts.append(
            decide(
                facts[event.workspace_id, campaign.purpose, event.person_id], purpose=campaign.purpose, operation=Operation.MESSAGE, at=now
            )
        )
        yield NewMessage(
            subject=Subject(event.workspace_id, event.person_id),
            source=f"campaign:{campaign.pk}",
            occurrence=event.event_id,
            channel="email",
            purpose=campaign.purpose,
            is_marketing=is_marketing,
            template_id=campaign.template_id or 0,
            due_at=now,
            context={"event": {"name": event.name, "at": iso(event.ts), "properties": properties}},
            verdicts=verdicts,
        )


def _load_facts(matches: Sequence[Match]) -> dict[tuple[int, str, int], Facts]:
    """Facts for every (workspace, purpose, person) at stake, one read per workspace and purpose."""
    wanted: dict[tuple[int, str], set[int]] = {}
    for campaign, event, _ in matches:
        for purpose in (PROFILING, campaign.purpose):
            wanted.setdefault((event.workspace_id, purpose), set()).add(event.person_id)
    return {
        (workspace_id, purpose, person_id): found
        for (workspace_id, purpose), people in wanted.items()
        for person_id, found in load_facts(workspace_id, people, purpose).items()
    }
