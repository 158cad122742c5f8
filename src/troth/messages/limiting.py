"""Limits at hand-over: reading the facts for a batch of claimed messages, and what follows from them.

In order: is it still wanted (its source says), is it too late, are these its hours, does somebody with the same address have it already, does a
cap leave room. What comes too early is put off, not skipped; putting off counts as no attempt.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from troth.content.models import Template
from troth.kernel.clock import SECOND
from troth.kernel.ids import bucket_of
from troth.kernel.local_time import find_zone
from troth.kernel.spans import span_ms
from troth.kernel.sql import PERSON_KEY, select_by_keys
from troth.messages.decisions import ADDRESS, CAP, EXPIRED, HOURS, QUIET_HOURS, Decision
from troth.messages.hours import next_allowed
from troth.messages.limit_settings import Limits, load_limits
from troth.messages.limits import PRIORITY, Had, OwnLimits, Room, Ruling, Waiting, judge_caps
from troth.messages.models import HAD
from troth.messages.queue import Claim
from troth.messages.sources import find_own_limits, look_again
from troth.people.identifiers import EMAIL, Handle
from troth.people.queries import find_holders, load_profiles

HAND_OVER = "hand_over"
TIME_ZONE = "timezone"
"""The attribute that holds a person's zone."""
WAIT = SECOND
"""How long a message waits for those that go before it."""
NOTHING = OwnLimits()


class Stop(NamedTuple):
    """Why a message is not handed over now: for good, or until a moment."""

    decision: Decision | None
    until: int = 0


def find_stops(
    claims: Sequence[Claim],
    handles: Mapping[int, Sequence[Handle]],
    now: int,
    kept: AbstractSet[int] = frozenset(),
    topics: Mapping[int, str] = MappingProxyType({}),
) -> dict[int, Stop]:
    """What stands against handing over claimed messages now, by message; whatever is absent may go.

    `handles`: identifiers by person. `kept`: messages claimed together with these that something else keeps. `topics`: by template, of the claims.

    As many reads as there are kinds of limits in use, however many messages.
    """
    own = find_own_limits(claims)
    stops = {message: Stop(said) for message, said in look_again(claims, now).items()}
    stops |= {claim.message_id: Stop(_expired(claim, now)) for claim in claims if claim.expires_at and claim.expires_at <= now}
    stops |= _find_hours([claim for claim in claims if claim.message_id not in stops], own, now)
    free = [claim for claim in claims if claim.message_id not in stops]
    stops |= _find_same_address(free, own, handles, kept | stops.keys(), now)
    free = [claim for claim in free if claim.message_id not in stops]
    return stops | _find_caps(free, own, kept | stops.keys(), topics, now)


def zone_of(attributes: Mapping[str, Any], limits: Limits) -> ZoneInfo:
    """The zone of a person's clock: their own, else the workspace's."""
    said = attributes.get(TIME_ZONE)
    found = find_zone(said) if isinstance(said, str) and said else None
    return found or find_zone(limits.zone) or ZoneInfo("UTC")


def _expired(claim: Claim, now: int, told: dict[str, Any] | None = None) -> Decision:
    told = {"expires_at": claim.expires_at, **(told or {})}
    return Decision(allow=False, purpose=EXPIRED, operation=HAND_OVER, at=now, told=told)


def _find_hours(claims: Sequence[Claim], own: Mapping[int, OwnLimits], now: int) -> dict[int, Stop]:
    """Puts off what comes outside its hours; too late by then is too late now."""
    kept = {}
    for claim in claims:
        says = own.get(claim.message_id, NOTHING)
        quiet = load_limits(claim.subject.workspace_id).quiet_hours
        if not (claim.is_marketing if says.keeps_quiet_hours is None else says.keeps_quiet_hours):
            quiet = None
        if quiet or says.hours:
            kept[claim.message_id] = (claim, says.hours, quiet)
    profiles = load_profiles({claim.subject.person_id for claim, _, _ in kept.values()}) if kept else {}
    stops = {}
    for message_id, (claim, only, quiet) in kept.items():
        zone = zone_of(profiles.get(claim.subject.person_id, ({}, []))[0], load_limits(claim.subject.workspace_id))
        until = next_allowed(now, zone, only=only, quiet=quiet)
        if until == now:
            continue
        name = QUIET_HOURS if next_allowed(now, zone, only=only) == now else HOURS
        told = {"zone": zone.key, **({"until": until} if until else {})}
        if until is None:
            stops[message_id] = Stop(Decision(allow=False, purpose=name, operation=HAND_OVER, at=now, reason="never", told=told))
        elif claim.expires_at and claim.expires_at <= until:
            stops[message_id] = Stop(_expired(claim, now, told))
        else:
            put_off = Decision(allow=True, purpose=name, operation=HAND_OVER, at=now, basis="put_off", told=told)
            stops[message_id] = Stop(put_off, until)
    return stops


def _find_same_address(
    claims: Sequence[Claim], own: Mapping[int, OwnLimits], handles: Mapping[int, Sequence[Handle]], kept: AbstractSet[int], now: int
) -> dict[int, Stop]:
    """Against what somebody else with the same address got from the same source for the same occasion, or is getting with a lower number."""
    asked = [claim for claim in claims if own.get(claim.message_id, NOTHING).once_per_address]
    tags = {
        claim.message_id: {handle.tag for handle in handles.get(claim.subject.person_id, ()) if handle.kind == EMAIL} for claim in asked
    }
    holders = find_holders({tag for some in tags.values() for tag in some}) if asked else {}
    others = {
        claim.message_id: {person for tag in tags[claim.message_id] for person in holders.get(tag, ())} - {claim.subject.person_id}
        for claim in asked
    }
    keys = [(bucket_of(p), p, claim.source, claim.occurrence) for claim in asked for p in sorted(others[claim.message_id])]
    rows = select_by_keys(
        "SELECT m.person_id, m.workspace_id, m.source, m.occurrence, m.message_id, m.state",
        "JOIN messages_message m ON m.bucket = k.column1 AND m.person_id = k.column2 AND m.source = k.column3"
        f" AND m.occurrence = k.column4 AND m.state IN ('sending', {HAD})",
        keys,
        (*PERSON_KEY, "text", "bigint"),
    )
    got: dict[tuple[int, int, str, int], list[tuple[int, str]]] = defaultdict(list)
    for person_id, workspace_id, source, occurrence, message_id, state in rows:
        got[person_id, workspace_id, source, occurrence].append((message_id, state))
    stops = {}
    for claim in asked:
        theirs = [
            one for p in others[claim.message_id] for one in got.get((p, claim.subject.workspace_id, claim.source, claim.occurrence), ())
        ]
        if any(state != "sending" or (message_id < claim.message_id and message_id not in kept) for message_id, state in theirs):
            stops[claim.message_id] = Stop(same_address(now))
    return stops


def same_address(now: int) -> Decision:
    """That somebody with the same address has it."""
    return Decision(allow=False, purpose=ADDRESS, operation=HAND_OVER, at=now, reason="had_it_already")


def _find_caps(
    claims: Sequence[Claim], own: Mapping[int, OwnLimits], beside: AbstractSet[int], topics: Mapping[int, str], now: int
) -> dict[int, Stop]:
    """Skips what caps leave no room for, and has those wait that depend on others; one read of the persons' messages."""
    kept: dict[int, list[tuple[Claim, OwnLimits, bool]]] = defaultdict(list)
    longest = 0
    for claim in claims:
        says = own.get(claim.message_id, NOTHING)
        caps = load_limits(claim.subject.workspace_id).caps
        keeps = claim.is_marketing if says.keeps_caps is None else says.keeps_caps
        spans = [span_ms(cap.per) for cap in (*(caps if keeps else ()), *([says.cap] if says.cap else ()))]
        if spans:
            kept[claim.subject.person_id].append((claim, says, keeps))
            longest = max(longest, *spans)
    if not kept:
        return {}
    known = _load_messages(kept, now - longest, now)
    topics = {**_load_topics({row.template_id for rows in known.values() for row in rows}), **topics}
    stops = {}
    for person_id, mine in kept.items():
        limits = load_limits(mine[0][0].subject.workspace_id)
        others = [row for row in known.get(person_id, []) if row.message_id not in beside]
        for message_id, ruling in _rule(limits, mine, others, topics, now).items():
            if ruling.room is Room.WAIT:
                stops[message_id] = Stop(None, now + WAIT)
            elif ruling.room is Room.FULL and ruling.cap:
                told = {"messages": ruling.cap.messages, "per": ruling.cap.per, "against": list(ruling.against)}
                said = Decision(allow=False, purpose=CAP, operation=HAND_OVER, at=now, reason=ruling.cap.scope, told=told)
                stops[message_id] = Stop(said)
    return stops


class _Row(NamedTuple):
    person_id: int
    message_id: int
    state: str
    at: int
    source: str
    channel: str
    template_id: int
    is_marketing: bool
    priority: int
    due_at: int


def _rule(
    limits: Limits, mine: Sequence[tuple[Claim, OwnLimits, bool]], known: Iterable[_Row], topics: Mapping[int, str], now: int
) -> dict[int, Ruling]:
    ours = {claim.message_id: (claim, says, keeps) for claim, says, keeps in mine}
    had, waiting = [], []
    for row in known:
        one = Had(row.message_id, row.at, row.source, row.channel, topics.get(row.template_id, ""), bool(row.is_marketing))
        if row.message_id in ours:
            _, says, keeps = ours.pop(row.message_id)
            waiting.append(Waiting(one, row.priority, row.due_at, is_ours=True, keeps_caps=keeps, own_cap=says.cap))
        elif row.state in ("queued", "sending"):
            is_ahead = row.state == "sending" and row.at < now
            waiting.append(Waiting(one, row.priority, row.due_at, is_ours=False, is_ahead=is_ahead))
        else:
            had.append(one)
    for message_id, (claim, says, keeps) in ours.items():
        # It is rehearsed: no such message is stored.
        one = Had(message_id, now, claim.source, claim.channel, topics.get(claim.template_id, ""), claim.is_marketing)
        waiting.append(Waiting(one, PRIORITY, now, is_ours=True, keeps_caps=keeps, own_cap=says.cap))
    return judge_caps(limits.caps, had, waiting, now)


def _load_messages(people: Iterable[int], since: int, now: int) -> dict[int, list[_Row]]:
    """What persons had since a moment, what is being handed over to them, and what is due to them."""
    rows = select_by_keys(
        "SELECT m.person_id, m.message_id, m.state, COALESCE(m.settled_at, m.claimed_at, 0), m.source, m.channel, m.template_id,"
        " m.is_marketing, m.priority, m.due_at",
        "JOIN messages_message m ON m.bucket = k.column1 AND m.person_id = k.column2 AND (m.state = 'sending'"
        f" OR (m.state IN ({HAD}) AND COALESCE(m.settled_at, m.claimed_at, 0) > {since:d})"
        f" OR (m.state = 'queued' AND m.due_at <= {now:d}))",
        [(bucket_of(p), p) for p in people],
        PERSON_KEY,
    )
    found: dict[int, dict[int, _Row]] = defaultdict(dict)
    for row in map(_Row._make, rows):
        found[row.person_id][row.message_id] = row
    return {person_id: list(own.values()) for person_id, own in found.items()}


def _load_topics(templates: Iterable[int]) -> dict[int, str]:
    return dict(Template.objects.filter(pk__in=templates).values_list("pk", "topic"))
