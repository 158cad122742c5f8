"""Whether something that happened leads to a message: pure decisions on a rule, what happened, and what the person had of it before.

The same code decides as events come in, is run again to tell why somebody got nothing, and rehearses a draft on the past.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from troth.campaigns.versions import Rule
from troth.kernel.crypto import derive, short_tag
from troth.kernel.json_text import canonical
from troth.kernel.spans import span_ms
from troth.messages.decisions import TRIGGER, Decision
from troth.segments.conditions import holds, value_at

CHOOSE = "choose"
ENTRY_TAG = b"troth campaign entry"
REENTRY = "reentry"


class Occasion(NamedTuple):
    """Something that may lead to a message to a person."""

    workspace_id: int
    person_id: int
    at: int
    """When it happened, in milliseconds."""
    occurrence: int
    """Which one: the same number twice is one message."""
    properties: dict[str, Any]
    """Of the event; empty otherwise."""
    context: dict[str, Any]
    """What templates know of it."""
    base: str
    """What it was: `event`, `segment` or `date`."""


class Earlier(NamedTuple):
    """A message of the campaign that the person had, or is about to have."""

    created_at: int
    entry: int | None


def judge_occasion(rule: Rule, occasion: Occasion, earlier: Sequence[Earlier], now: int) -> list[Decision]:
    """The links of the chain up to the gate; the last one denies, or all allow."""
    said = [_judge_trigger(rule, occasion, now)]
    if said[0].allow and not (entry := _judge_reentry(rule, occasion, earlier, now)).allow:
        said.append(entry)
    return said


def find_entry(rule: Rule, occasion: Occasion) -> int | None:
    """A keyed hash of the value that the person may have it once for; None where the rule is another, or the event has no such property."""
    if rule.rules.reentry.rule != "once_per_value":
        return None
    value = value_at(occasion.properties, rule.rules.reentry.property)
    if value is None:
        return None
    tag = short_tag(derive(ENTRY_TAG), b"%d:%d:%b" % (occasion.workspace_id, rule.campaign_id, canonical(value)))
    return int.from_bytes(tag[:8], "big") >> 1


def find_due(rule: Rule, occasion: Occasion, now: int) -> tuple[int, int | None]:
    """When the message is due, and from when on it is too late."""
    since = occasion.at if occasion.base == "date" else min(occasion.at, now)
    due = max(now, since + span_ms(rule.rules.delay))
    return due, due + span_ms(rule.rules.expires_after) if rule.rules.expires_after else None


def _judge_trigger(rule: Rule, occasion: Occasion, now: int) -> Decision:
    """`at` is when it happened: what is counted from then needs it later."""
    reason = ""
    if rule.conditions is not None and not holds(rule.conditions, occasion.properties):
        reason = "conditions"
    elif occasion.base == "event" and rule.rules.oldest_event and occasion.at < now - span_ms(rule.rules.oldest_event):
        reason = "too_old"
    return Decision(
        allow=not reason, purpose=TRIGGER, operation=CHOOSE, at=occasion.at, basis="" if reason else occasion.base, reason=reason
    )


def _judge_reentry(rule: Rule, occasion: Occasion, earlier: Sequence[Earlier], now: int) -> Decision:
    entry = rule.rules.reentry
    entered = find_entry(rule, occasion)
    denied = bool(earlier) and (
        entry.rule == "once"
        or (entry.rule == "once_per_span" and max(one.created_at for one in earlier) > now - span_ms(entry.span))
        or (entry.rule == "once_per_value" and entered is not None and any(one.entry == entered for one in earlier))
    )
    return Decision(allow=not denied, purpose=REENTRY, operation=CHOOSE, at=now, reason=entry.rule if denied else "")


def is_meanwhile(rule: Rule, since: int, name: str, at: int, properties: dict[str, Any]) -> bool:
    """Whether an event after the trigger means that the message is not wanted any more."""
    named = [unless for unless in rule.rules.unless if unless.event == name] if at > since else []
    return any(unless.conditions is None or holds(unless.conditions, properties) for unless in named)
