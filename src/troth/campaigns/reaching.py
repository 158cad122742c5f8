"""Goals that were reached, told as they are: what a person did is put down to one message of each source, as the reports count it.

Only while somebody listens (`messages.news`), and only of who agreed to be looked at by behaviour. A message leads to its goal once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.db import connection

from troth.campaigns.entering import KIND
from troth.campaigns.goals import read_goal
from troth.campaigns.models import Campaign, Newsletter
from troth.campaigns.newsletters.running import KIND as NEWSLETTER
from troth.consent.catalog import PROFILING
from troth.consent.decisions import load_all_facts
from troth.consent.gate import Operation, decide
from troth.intake.actor import NewEvent
from troth.kernel.clock import DAY
from troth.kernel.ids import bucket_of
from troth.kernel.json_text import decode
from troth.kernel.personal_data import Subject
from troth.kernel.sql import PERSON_KEY, select_by_keys
from troth.messages.news import Became, MessageNews, outcomes
from troth.messages.reports.goals import ARRIVED
from troth.messages.reports.shapes import Goal


class _Sent(NamedTuple):
    person_id: int
    source: str
    message_id: int
    at: int


def tell_reached(events: Sequence[NewEvent], now: int) -> None:
    """The actors' reaction: tell of each goal that one of the events reached."""
    if outcomes.is_heard():
        outcomes.tell(_reached(events, _find_goals(events), now), now)


def _find_goals(events: Sequence[NewEvent]) -> dict[tuple[int, str], list[tuple[str, Goal]]]:
    """By workspace and event: the sources that hope for it."""
    names, workspaces = {event.name for event in events}, {event.workspace_id for event in events}
    found: dict[tuple[int, str], list[tuple[str, Goal]]] = {}
    for kind, model in ((KIND, Campaign), (NEWSLETTER, Newsletter)):
        rows = model.objects.filter(workspace_id__in=workspaces, goal__event__in=names)
        for pk, workspace_id, given in rows.values_list("pk", "workspace_id", "goal"):
            goal = read_goal(given)
            if goal:
                found.setdefault((workspace_id, goal.event), []).append((f"{kind}:{pk}", goal))
    return found


def _reached(events: Sequence[NewEvent], goals: dict[tuple[int, str], list[tuple[str, Goal]]], now: int) -> Iterator[MessageNews]:
    hoped = [event for event in events if (event.workspace_id, event.name) in goals]
    if not hoped:
        return
    facts = load_all_facts((event.workspace_id, PROFILING, event.person_id) for event in hoped)
    sent = _find_sent(hoped, max(goal.days for own in goals.values() for _, goal in own))
    for event in hoped:
        own = facts[event.workspace_id, PROFILING, event.person_id]
        if not decide(own, purpose=PROFILING, operation=Operation.PROFILE, at=now).allow:
            continue
        for source, goal in goals[event.workspace_id, event.name]:
            earlier = [one for one in sent if (one.person_id, one.source) == (event.person_id, source) and one.at <= event.ts]
            last = max(earlier, key=lambda one: (one.at, one.message_id), default=None)
            if last and event.ts < last.at + goal.days * DAY and not _did_before(event, last.at):
                subject = Subject(event.workspace_id, event.person_id)
                yield MessageNews(Became.CONVERTED, subject, last.message_id, event.ts, _detail(event, goal))


def _find_sent(events: Sequence[NewEvent], days: int) -> set[_Sent]:
    """The messages that had arrived at these people lately."""
    states = ", ".join(f"'{state}'" for state in ARRIVED)
    rows = select_by_keys(
        "SELECT m.person_id, m.source, m.message_id, m.settled_at",
        "JOIN messages_message m ON m.bucket = k.column1 AND m.person_id = k.column2"
        f" AND m.state IN ({states}) AND m.settled_at > {int(min(event.ts for event in events) - days * DAY)}",
        sorted({(bucket_of(event.person_id), event.person_id) for event in events}),
        PERSON_KEY,
    )
    return set(map(_Sent._make, rows))


def _did_before(event: NewEvent, since: int) -> bool:
    """Whether the person did the same since the message came: then it had led there already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM people_event WHERE bucket = %s AND person_id = %s AND workspace_id = %s AND name = %s AND ts >= %s AND seq < %s LIMIT 1",
            [bucket_of(event.person_id), event.person_id, event.workspace_id, event.name, since, event.seq],
        )
        return cursor.fetchone() is not None


def _detail(event: NewEvent, goal: Goal) -> dict[str, Any]:
    amount = decode(event.properties).get(goal.revenue) if goal.revenue else None
    is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
    return {"event": event.name, **({"revenue": amount} if is_number else {})}
