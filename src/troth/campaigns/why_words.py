"""Decisions in plain words, for whoever asks why; values of the person stand in them, so they are shown only to who may see the person.

What decided about a message is told to the person, too (Art. 15(1)(h)): in their language, whose words are in `privacy.exporting.reasons`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.units import format_unit

from troth.campaigns.entry import REENTRY, Earlier, Occasion
from troth.campaigns.rules import DateTrigger, SegmentTrigger
from troth.campaigns.versions import Rule
from troth.consent.catalog import PROFILING, load_catalog
from troth.consent.purpose_names import name_in
from troth.consent.wishes import TOPIC, is_wish
from troth.kernel.json_text import encode
from troth.kernel.local_time import find_zone, local_time
from troth.kernel.spans import span_ms
from troth.kernel.speech import ENGLISH, Speech
from troth.messages.decisions import ADDRESS, CAP, DATE, EXPIRED, HOLDOUT, HOURS, QUIET_HOURS, SEGMENT, TRIGGER, UNLESS, Decision
from troth.messages.limits import Cap
from troth.segments.conditions import OPERATORS, WITHOUT_VALUE, holds, value_at

LONGEST = 60
REASONS = {
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
    "needs_no_consent": "no consent is needed",
    "has_consent": "the consent is there already",
    "unknown_basis": "there is no legal basis",
}
"""Why the gate refused, by its reasons."""
SCOPES = {
    "campaign": "the campaign's own cap",
    "topic": "the cap for each topic",
    "channel": "the cap for each channel",
    "workspace": "the workspace's cap",
}
TRIGGERS = {
    "event": "The event came, and its conditions held.",
    "segment": "Membership of the segment changed.",
    "date": "The date came.",
}
STATES = {
    "sent": "It was handed over.",
    "queued": "It waits until the better variant is known.",
    "sending": "It is being handed over.",
    "held": "It is held: sending is off.",
    "unknown": "It was handed over, but the answer is lost; it is not sent again by itself.",
}
HELD_FOR = {
    "paused": "It is held: what it belongs to is paused.",
    "stopped": "It is held: sending was stopped.",
}
"""What is held for another reason than that sending is off, by the first word of its reason."""
ENDED = {
    "failed": "It failed.",
    "delivered": "It was delivered.",
    "bounced": "It was bounced.",
    "complained": "It was complained of.",
    "skipped": "It was skipped.",
    "cancelled": "It was cancelled.",
}
ENDED_FOR = {
    "failed": "It failed: {reason}.",
    "delivered": "It was delivered: {reason}.",
    "bounced": "It was bounced: {reason}.",
    "complained": "It was complained of: {reason}.",
    "skipped": "It was skipped: {reason}.",
    "cancelled": "It was cancelled: {reason}.",
}
"""The same where a reason is stored."""


def name_link(said: Mapping[str, Any]) -> str:
    """What decided, by the name of its link: a purpose is consent."""
    return str(said["purpose"]) if said["purpose"] in OWN else "consent"


def tell_decision(workspace_id: int, said: Mapping[str, Any], say: Speech = ENGLISH) -> str:
    """A stored decision or verdict as a sentence."""
    kind = said["purpose"]
    return _TOLD[kind](said, said.get("told") or {}, say) if kind in OWN else _tell_verdict(workspace_id, said, say)


def _tell_cap(said: Mapping[str, Any], told: Mapping[str, Any], say: Speech) -> str:
    return say(
        "No room: {scope} is {messages} in {span}, and what goes first had it.",
        scope=say(SCOPES.get(said["reason"], "a cap")),
        messages=told.get("messages"),
        span=put_span(str(told.get("per", "")), say),
    )


def _tell_hours(said: Mapping[str, Any], told: Mapping[str, Any], say: Speech) -> str:
    return tell_hour(said["purpose"], str(told.get("zone", "UTC")), said["at"], told.get("until"), say)


_Tell = Callable[[Mapping[str, Any], Mapping[str, Any], Speech], str]
_TOLD: Mapping[str, _Tell] = {
    TRIGGER: lambda said, told, say: say(TRIGGERS.get(said.get("basis", ""), TRIGGERS["event"])),
    REENTRY: lambda said, told, say: say("It may come again." if said["allow"] else "They had it already."),
    UNLESS: lambda said, told, say: say(
        "Not wanted any more: “{event}” happened meanwhile{when}.", event=said["reason"], when=_on(told.get("at"), say)
    ),
    SEGMENT: lambda said, told, say: say(
        "Still in the segment when it was due." if said["allow"] else "No longer in the segment when it was due."
    ),
    DATE: lambda said, told, say: say("The date was changed, so this message is not meant any more; the new date has its own."),
    CAP: _tell_cap,
    HOURS: _tell_hours,
    QUIET_HOURS: _tell_hours,
    HOLDOUT: lambda said, told, say: say(
        "Held out: drawn to get nothing, as {share} % of people are, so that it can be seen what the mail does.", share=told.get("per_cent")
    ),
    ADDRESS: lambda said, told, say: say("Somebody with the same address has it already."),
    EXPIRED: lambda said, told, say: say("Too late: it made sense until{when}.", when=_on(told.get("expires_at"), say)),
}
OWN = frozenset(_TOLD)
"""What decides beside the gate."""


def _tell_verdict(workspace_id: int, said: Mapping[str, Any], say: Speech) -> str:
    key = str(said["purpose"])
    name = _name_purpose(workspace_id, key, say)
    why = REASONS.get(said["reason"], str(said["reason"]).replace("_", " "))
    if said["allow"]:
        may = "may be chosen by behaviour ({basis})" if key == PROFILING else "may be sent something for {name} ({basis})"
        what = say(may, name=name, basis=say.named(str(said.get("basis", ""))))
    elif key == PROFILING and said["operation"] != "message":
        what = say("left out: {reason} to being chosen by behaviour", reason=say(why.replace("there is no consent", "no consent")))
    else:
        what = say("left out: {reason} concerning {name}" if is_wish(key) else "left out: {reason} for {name}", reason=say(why), name=name)
    again = say("Asked again at the hand-over: {said}", said=what) if said["operation"] == "hand_over" else what
    return _begin(f"{again}.")


def _name_purpose(workspace_id: int, key: str, say: Speech) -> str:
    """What a purpose or a wish is called, in quotes; one that is not there any more by its key."""
    catalog = load_catalog(workspace_id)
    topic, rule = catalog.topics.get(key.removeprefix(TOPIC)) if key.startswith(TOPIC) else None, catalog.rule(key)
    if topic:
        return f"“{topic.name_in(say.language)}”"
    if rule is None:
        return f"`{key}`"
    return f"“{say(rule.name) if is_wish(key) else name_in(rule, say.language)}”"


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


def tell_state(state: str, reason: str, due_at: int | None, say: Speech = ENGLISH) -> str:
    """What became of a message, in a sentence."""
    if state == "queued" and due_at is not None:
        return say("It waits, and is due{when}.", when=_on(due_at, say))
    if state in STATES:
        return say(HELD_FOR.get(reason.partition(":")[0], STATES[state]) if state == "held" else STATES[state])
    return say(ENDED_FOR[state], reason=": ".join(_name_reason(reason, say))) if reason else say(ENDED[state])


def _name_reason(reason: str, say: Speech) -> Iterator[str]:
    """Its parts: what decided, and why it did."""
    for number, part in enumerate(reason.split(":")):
        yield say(REASONS[part]) if number and part in REASONS else say.named(part)


def tell_hour(kind: str, zone: str, at: int, until: int | None, say: Speech = ENGLISH) -> str:
    """Why at this hour: what the person's clock shows, and when it may be sent."""
    there = find_zone(zone) or ZoneInfo("UTC")
    facts = {"time": f"{local_time(at, there):%H:%M}", "zone": zone}
    if until is None:
        return say("It is {time} in {zone}, and no hour is left at which it may be sent.", **facts)
    if until == at:
        return say("It is {time} in {zone}, within the hours at which it may be sent.", **facts)
    facts["then"] = _clock(local_time(until, there), say)
    if kind == QUIET_HOURS:
        return say("It is {time} in {zone}, in quiet hours: it goes out at {then}.", **facts)
    return say("It is {time} in {zone}, outside the campaign's hours: it goes out at {then}.", **facts)


def tell_caps(caps: Sequence[Cap]) -> str:
    """The caps that a message meets at its hand-over."""
    told = [f"{cap.messages} in {put_span(cap.per)} ({SCOPES[cap.scope]})" for cap in caps]
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


def put_span(text: str, say: Speech = ENGLISH) -> str:
    """A span of time in words: `P1DT12H` is 1 day 12 hours."""
    seconds = span_ms(text) // 1000
    parts = []
    for name, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(format_unit(number, f"duration-{name}", length="long", locale=say.language))
    return " ".join(parts) or say("no time")


def _on(at: int | None, say: Speech = ENGLISH) -> str:
    return "" if at is None else f" ({_clock(local_time(at, ZoneInfo('UTC')), say)} UTC)"


def _clock(moment: datetime, say: Speech = ENGLISH) -> str:
    return say("{time} on {day}", time=f"{moment:%H:%M}", day=say.day(moment))


def _begin(text: str) -> str:
    return text[:1].upper() + text[1:]
