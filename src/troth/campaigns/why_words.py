"""Decisions in plain words, for whoever asks why; values of the person stand in them, so they are shown only to who may see the person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from troth.campaigns.entry import REENTRY, Earlier, Occasion
from troth.campaigns.rules import DateTrigger, SegmentTrigger
from troth.campaigns.versions import Rule
from troth.consent.catalog import PROFILING, load_catalog
from troth.consent.wishes import is_wish
from troth.kernel.json_text import encode
from troth.kernel.local_time import find_zone, local_time
from troth.kernel.spans import span_ms
from troth.messages.decisions import ADDRESS, CAP, DATE, EXPIRED, HOLDOUT, HOURS, QUIET_HOURS, SEGMENT, TRIGGER, UNLESS, Decision
from troth.messages.limits import Cap
from troth.segments.conditions import OPERATORS, WITHOUT_VALUE, holds, value_at

LONGEST = 60
_OWN = frozenset({TRIGGER, DATE, REENTRY, UNLESS, SEGMENT, CAP, HOURS, QUIET_HOURS, EXPIRED, ADDRESS, HOLDOUT})
_REASONS = {
    "no_consent": "there is no consent",
    "withdrawn": "the consent was withdrawn",
    "expired": "the consent has expired",
    "purpose_changed": "the consent was for what the purpose was before",
    "objected": "the person objected",
    "no_soft_opt_in": "no sale is on record",
    "imbalance": "nobody is free to consent here",
    "suppressed": "the identifier is suppressed",
    "being_erased": "the person is being erased",
    "restricted": "the person's processing is restricted",
    "unknown_purpose": "there is no such purpose",
    "purpose_archived": "the purpose is archived",
    "not_covered": "the data was collected for something else",
    "unwanted": "the person does not want it",
    "too_soon": "the person wants less",
}
_SCOPES = {
    "campaign": "the campaign's own cap",
    "topic": "the cap for each topic",
    "channel": "the cap for each channel",
    "workspace": "the workspace's cap",
}


def name_link(said: Mapping[str, Any]) -> str:
    """What decided, by the name of its link: a purpose is consent."""
    return str(said["purpose"]) if said["purpose"] in _OWN else "consent"


def tell_decision(workspace_id: int, said: Mapping[str, Any]) -> str:
    """A stored decision or verdict as a sentence."""
    told = said.get("told") or {}
    kind = said["purpose"]
    if kind not in _OWN:
        return _tell_verdict(workspace_id, said)
    if kind == TRIGGER:
        return {"segment": "Membership of the segment changed.", "date": "The date came."}.get(
            said.get("basis", ""), "The event came, and its conditions held."
        )
    if kind == UNLESS:
        return f"Not wanted any more: “{said['reason']}” happened meanwhile{_on(told.get('at'))}."
    if kind == SEGMENT:
        return "Still in the segment when it was due." if said["allow"] else "No longer in the segment when it was due."
    if kind == DATE:
        return "The date was changed, so this message is not meant any more; the new date has its own."
    if kind == CAP:
        return f"No room: {_SCOPES.get(said['reason'], 'a cap')} is {told.get('messages')} in {put_span(str(told.get('per', '')))}, and what goes first had it."
    if kind in (HOURS, QUIET_HOURS):
        return tell_hour(kind, str(told.get("zone", "UTC")), said["at"], told.get("until"))
    if kind == HOLDOUT:
        return f"Held out: drawn to get nothing, as {told.get('per_cent')} % of people are, so that it can be seen what the mail does."
    if kind == ADDRESS:
        return "Somebody with the same address has it already."
    return f"Too late: it made sense until{_on(told.get('expires_at'))}." if kind == EXPIRED else kind


def _tell_verdict(workspace_id: int, said: Mapping[str, Any]) -> str:
    key = str(said["purpose"])
    rule = load_catalog(workspace_id).rule(key)
    name = f"“{rule.name}”" if rule else f"`{key}`"
    when = "Asked again at the hand-over: " if said["operation"] == "hand_over" else ""
    if said["allow"]:
        basis = str(said.get("basis", "")).replace("_", " ")
        what = "may be chosen by behaviour" if key == PROFILING else f"may be sent something for {name}"
        return _begin(f"{when}{what} ({basis}).")
    reason = _REASONS.get(said["reason"], str(said["reason"]).replace("_", " "))
    if key == PROFILING and said["operation"] != "message":
        return _begin(f"{when}left out: {reason} to being chosen by behaviour.".replace("there is no consent to", "no consent to"))
    return _begin(f"{when}left out: {reason} {'concerning' if is_wish(key) else 'for'} {name}.")


def tell_judged(rule: Rule, occasion: Occasion, said: Decision, had: Sequence[Earlier]) -> str:
    """A decision on an occasion as a sentence, with the facts that it was made on."""
    if said.purpose == REENTRY:
        last = max((one.created_at for one in had), default=None)
        how = {
            "once": "once ever",
            "once_per_span": f"once in {put_span(rule.rules.reentry.span)}",
            "once_per_value": f"once for each {rule.rules.reentry.property}",
        }
        return f"They had it already{_on(last)}: {how.get(rule.rules.reentry.rule, '')}."
    if said.reason == "too_old":
        return f"The event was older than {put_span(rule.rules.oldest_event)} when it came."
    if said.reason == "conditions" and rule.conditions is not None:
        return f"The event came, but {'; '.join(_failing(rule.conditions, occasion.properties))}."
    return "The event came, and its conditions held."


def _failing(tree: Mapping[str, Any], properties: Mapping[str, Any]) -> Iterator[str]:
    """The leaves because of which a condition does not hold, with what was found."""
    if "all" in tree:
        for item in tree["all"]:
            if not holds(item, properties):
                yield from _failing(item, properties)
    elif "any" in tree:
        if not tree["any"]:
            yield "none of its alternatives can hold"
        for item in tree["any"]:
            yield from _failing(item, properties)
    elif "not" in tree:
        yield from (f"it must not be that {text}" for text in _holding(tree["not"], properties))
    else:
        found = value_at(properties, tree["property"])
        had = "was not set" if found is None else f"was {_put(found)}"
        yield f"{tree['property']} {had}, and has to be: {_operator(tree)}"


def _holding(tree: Mapping[str, Any], properties: Mapping[str, Any]) -> Iterator[str]:
    if "property" in tree:
        yield f"{tree['property']} is {_operator(tree)}"
    elif "not" in tree:
        yield from _failing(tree["not"], properties)
    else:
        for item in tree.get("all", tree.get("any", ())):
            if holds(item, properties):
                yield from _holding(item, properties)


def _operator(leaf: Mapping[str, Any]) -> str:
    name = leaf["op"] if leaf["op"] in OPERATORS else "equals"
    return name.replace("_", " ").removeprefix("is ") if name in WITHOUT_VALUE else f"{name.replace('_', ' ')} {_put(leaf.get('value'))}"


def _put(value: Any) -> str:
    text = f"“{value}”" if isinstance(value, str) else encode(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def tell_state(state: str, reason: str, due_at: int | None) -> str:
    """What became of a message, in a sentence."""
    words = {
        "sent": "It was handed over.",
        "queued": "It waits until the better variant is known." if due_at is None else f"It waits, and is due{_on(due_at)}.",
        "sending": "It is being handed over.",
        "held": "It is held: sending is off.",
        "unknown": "It was handed over, but the answer is lost; it is not sent again by itself.",
        "failed": f"It failed: {reason.replace('_', ' ')}.",
    }
    return words.get(state, f"It was {state}: {reason.replace('_', ' ').replace(':', ': ')}." if reason else f"It was {state}.")


def tell_hour(kind: str, zone: str, at: int, until: int | None) -> str:
    """Why at this hour: what the person's clock shows, and when it may be sent."""
    there = find_zone(zone) or ZoneInfo("UTC")
    shown = local_time(at, there)
    if until is None:
        return f"It is {shown:%H:%M} in {zone}, and no hour is left at which it may be sent."
    if until == at:
        return f"It is {shown:%H:%M} in {zone}, within the hours at which it may be sent."
    why = "in quiet hours" if kind == QUIET_HOURS else "outside the campaign's hours"
    return f"It is {shown:%H:%M} in {zone}, {why}: it goes out at {_clock(local_time(until, there))}."


def tell_caps(caps: Sequence[Cap]) -> str:
    """The caps that a message meets at its hand-over."""
    told = [f"{cap.messages} in {put_span(cap.per)} ({_SCOPES[cap.scope]})" for cap in caps]
    return f"Caps are looked at when it is handed over: at most {'; '.join(told)}."


def tell_unpublished(first: int | None) -> str:
    """Why an event before the first publishing led to nothing."""
    return f"The campaign was published only later{_on(first)}." if first else tell_never_published()


def tell_never_published() -> str:
    """Why nothing leads to anything."""
    return "The campaign was never published, so nothing leads to a message."


def tell_deaf(state: str) -> str:
    """Why a campaign that is not published does nothing now."""
    return "The campaign is paused: nothing leads to a message." if state == "paused" else tell_never_published()


def tell_no_occasion(rule: Rule) -> str:
    """What did not happen."""
    if isinstance(rule.trigger, SegmentTrigger):
        return f"The person did not {'enter' if rule.trigger.on == 'entry' else 'leave'} the segment while the campaign listened."
    if isinstance(rule.trigger, DateTrigger):
        return f"The date in the attribute “{rule.trigger.attribute}” did not come while the campaign listened, or is not known."
    return f"No event “{rule.event}” of this person is known."


def put_span(text: str) -> str:
    """A span of time in words: `P1DT12H` is 1 day 12 hours."""
    seconds = span_ms(text) // 1000
    parts = []
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(f"{number} {name}{'' if number == 1 else 's'}")
    return " ".join(parts) or "no time"


def _on(at: int | None) -> str:
    return "" if at is None else f" ({_clock(local_time(at, ZoneInfo('UTC')))} UTC)"


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M} on {moment.day} {moment:%B %Y}"


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]
