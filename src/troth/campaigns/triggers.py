"""Events that trigger a campaign, and events after which a message that waits is not wanted any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from troth.campaigns.entering import Match, enter
from troth.campaigns.entry import Occasion
from troth.campaigns.meanwhile import Happened, drop_waiting
from troth.campaigns.versions import Rule, list_published
from troth.intake.actor import NewEvent
from troth.kernel.clock import iso
from troth.kernel.json_text import decode


def react(events: Sequence[NewEvent], now: int) -> None:
    """Queue a message for each event that triggers a campaign, and drop those that wait in vain; in the transaction that folds the events."""
    rules = list_published({event.workspace_id for event in events})
    if not rules:
        return
    waited_for, dropping = _by_event(rules)
    matches = [
        Match(rule, occasion_of(event, decode(event.properties)))
        for event in events
        for rule in waited_for.get((event.workspace_id, event.name), ())
    ]
    enter(matches, now)
    happened = [
        Happened(rule, event.person_id, event.name, event.ts, decode(event.properties))
        for event in events
        for rule in dropping.get((event.workspace_id, event.name), ())
    ]
    drop_waiting(happened, now)


def occasion_of(event: NewEvent, properties: dict[str, Any]) -> Occasion:
    """An event as an occasion for a message."""
    return make_occasion(event.workspace_id, event.person_id, event.name, event.ts, event.event_id, properties)


def make_occasion(workspace_id: int, person_id: int, name: str, ts: int, event_id: int, properties: dict[str, Any]) -> Occasion:
    """As `occasion_of`, of an event however it was read."""
    context = {"event": {"name": name, "at": iso(ts), "properties": properties}, "trigger": {"at": ts}}
    return Occasion(workspace_id, person_id, ts, event_id, properties, context, "event")


Listening = dict[tuple[int, str], list[Rule]]


def _by_event(rules: Sequence[Rule]) -> tuple[Listening, Listening]:
    """The campaigns that an event triggers, and those whose waiting messages it may end, by workspace and event."""
    waited_for: Listening = {}
    dropping: Listening = {}
    for rule in rules:
        if rule.event:
            waited_for.setdefault((rule.workspace_id, rule.event), []).append(rule)
        for name in {unless.event for unless in rule.rules.unless}:
            dropping.setdefault((rule.workspace_id, name), []).append(rule)
    return waited_for, dropping
