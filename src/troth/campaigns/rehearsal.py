"""Rehearsal (row D6): a campaign, a draft too, run on the recorded past. Who would have got what, when, and why not; nothing is sent or stored.

The decisions are those of real running, made by the same code, at the moment of each occasion. What is not recorded for the past is taken as it
stands now: consent, attributes, segments; caps count what was really sent then, and what the rehearsal sends.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import NamedTuple

import msgspec

from troth.campaigns.belonging import find_members
from troth.campaigns.due import limits_of
from troth.campaigns.entering import Gate, Match, source_of
from troth.campaigns.entry import Earlier, Occasion, find_due, find_entry, is_meanwhile, judge_occasion
from troth.campaigns.models import Campaign
from troth.campaigns.past import Recorded
from troth.campaigns.publishing import plan_of
from troth.campaigns.purpose_checking import find_further_purposes
from troth.campaigns.versions import Rule, rule_of_draft
from troth.consent.wishes import topic_key
from troth.content.models import Template
from troth.kernel.clock import DAY
from troth.kernel.ids import bucket_of
from troth.kernel.json_text import decode
from troth.kernel.spans import span_ms
from troth.kernel.sql import PERSON_KEY, select_by_keys
from troth.messages.hours import next_allowed
from troth.messages.limit_settings import load_limits
from troth.messages.limiting import zone_of
from troth.messages.limits import Had, Room, Waiting, judge_caps
from troth.messages.models import HAD
from troth.messages.needs import Asked
from troth.people.queries import load_profiles

MOST_DAYS = 366
MOST = 10_000
"""Occasions that are looked at by itself."""
PEOPLE = 200
"""Whose facts are read at once."""
SAMPLES = 5
"""Persons told for each outcome."""
WOULD = ""
"""The outcome of what would have been sent."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One person and what would have become of one occasion."""

    person_id: int
    at: int
    """When it happened."""
    due_at: int | None = None
    """When it would have gone out."""


class Rehearsal(msgspec.Struct, kw_only=True):
    """What would have been. `outcomes`: occasions by outcome, the empty one sent; the others by their reason."""

    since: int
    until: int
    occasions: int = 0
    people: int = 0
    is_whole: bool = True
    """False: only the first occasions were looked at, of people as chance has them."""
    is_known: bool = True
    """False: the past of what triggers it is not recorded."""
    unrecorded: list[str] = []
    """Conditions of the segment that triggers it, in words, whose past is not recorded: they are taken as they stand now."""
    outcomes: Counter[str] = msgspec.field(default_factory=Counter)
    by_day: Counter[int] = msgspec.field(default_factory=Counter)
    """What would have gone out, by the day (days since 1970, UTC)."""
    samples: dict[str, list[Sample]] = msgspec.field(default_factory=dict)

    @property
    def would(self) -> int:
        """How many would have been sent."""
        return self.outcomes[WOULD]


def rehearse(campaign: Campaign, *, days: int, now: int, most: int = MOST) -> Rehearsal:
    """Run the draft on the last `days` days, at most 366, up to `most` occasions. Raises what checking the draft raises."""
    rule = rule_of_draft(campaign)
    since = now - min(max(1, days), MOST_DAYS) * DAY
    recorded = Recorded(rule, since, now)
    told = Rehearsal(since=since, until=now, is_known=recorded.is_known, unrecorded=recorded.unrecorded)
    further = Asked(find_further_purposes(plan_of(campaign)), wishes=(topic_key(campaign.topic),) if campaign.topic else ())
    stage = _Stage(rule, further, campaign.topic, since, now)
    for batch in _batches(islice(recorded, most + 1)):
        room = most - told.occasions
        told.is_whole = told.is_whole and len(batch) <= room
        kept = batch[:room]
        for occasion, outcome, due_at in stage.play(kept):
            told.outcomes[outcome] += 1
            if due_at is not None:
                told.by_day[due_at // DAY] += 1
            seen = told.samples.setdefault(outcome, [])
            if len(seen) < SAMPLES:
                seen.append(Sample(person_id=occasion.person_id, at=occasion.at, due_at=due_at))
        told.occasions += len(kept)
        told.people += len({occasion.person_id for occasion in kept})
    told.is_whole = told.is_whole and recorded.is_whole
    return told


def _batches(occasions: Iterable[Occasion]) -> Iterator[list[Occasion]]:
    """Whole persons together."""
    batch: list[Occasion] = []
    people: set[int] = set()
    for occasion in occasions:
        if occasion.person_id not in people and len(people) == PEOPLE:
            yield batch
            batch, people = [], set()
        batch.append(occasion)
        people.add(occasion.person_id)
    if batch:
        yield batch


_Event = tuple[int, str, dict[str, object]]


class _Facts(NamedTuple):
    meanwhile: dict[int, list[_Event]]
    had: dict[int, list[Had]]
    profiles: dict[int, tuple[dict[str, object], list[str]]]
    members: set[int] | None


class _Stage:
    """A rule with all that it meets; plays persons on it."""

    def __init__(self, rule: Rule, further: Asked, topic: str, since: int, now: int) -> None:
        self.rule, self.further, self.topic, self.since, self.now = rule, further, topic, since, now
        self.limits, self.own = load_limits(rule.workspace_id), limits_of(rule)

    def play(self, occasions: Sequence[Occasion]) -> Iterator[tuple[Occasion, str, int | None]]:
        """Each occasion with its outcome, and when it would have gone out."""
        if not occasions:
            return
        matches = [Match(self.rule, occasion) for occasion in occasions]
        gate = Gate(matches, self.further)
        facts = self._load({occasion.person_id for occasion in occasions})
        earlier: dict[int, list[Earlier]] = defaultdict(list)
        for match in sorted(matches, key=lambda match: (match.occasion.person_id, match.occasion.at)):
            occasion = match.occasion
            before = earlier[occasion.person_id]
            outcome, due_at = self._decide(match, gate, facts, before)
            if outcome == WOULD:
                before.append(Earlier(occasion.at, find_entry(self.rule, occasion)))
            yield occasion, outcome, due_at

    def _decide(self, match: Match, gate: Gate, facts: _Facts, before: list[Earlier]) -> tuple[str, int | None]:
        rule, occasion = match
        said = judge_occasion(rule, occasion, before, occasion.at)[-1]
        if not said.allow:
            return said.reason_of_message, None
        denied = next((verdict for verdict in gate.ask(match, self.now) if not verdict.allow), None)
        if denied:
            return f"{denied.purpose}:{denied.reason}", None
        due_at, expires_at = find_due(rule, occasion, occasion.at)
        for at, name, properties in facts.meanwhile.get(occasion.person_id, ()):
            if at <= due_at and is_meanwhile(rule, occasion.at, name, at, dict(properties)):
                return f"unless:{name}", None
        if facts.members is not None and occasion.person_id not in facts.members:
            return "segment:left", None
        return self._limit(match, facts, due_at, expires_at, is_marketing=gate.is_marketing(match))

    def _limit(self, match: Match, facts: _Facts, due_at: int, expires_at: int | None, *, is_marketing: bool) -> tuple[str, int | None]:
        """Hours, expiry and caps at the moment it was due."""
        person_id = match.occasion.person_id
        keeps_quiet = is_marketing if self.own.keeps_quiet_hours is None else self.own.keeps_quiet_hours
        zone = zone_of(facts.profiles.get(person_id, ({}, []))[0], self.limits)
        quiet = self.limits.quiet_hours if keeps_quiet else None
        at = next_allowed(due_at, zone, only=self.own.hours, quiet=quiet)
        if at is None:
            return "hours:never", None
        if expires_at is not None and at >= expires_at:
            return "expired", None
        one = Had(match.occasion.occurrence, at, source_of(self.rule.campaign_id), self.rule.rules.medium, self.topic, is_marketing)
        keeps_caps = is_marketing if self.own.keeps_caps is None else self.own.keeps_caps
        waiting = Waiting(one, self.rule.rules.priority, at, is_ours=True, keeps_caps=keeps_caps, own_cap=self.own.cap)
        had = facts.had.setdefault(person_id, [])
        ruling = judge_caps(self.limits.caps, [other for other in had if other.at <= at], [waiting], at)[one.message_id]
        if ruling.room is not Room.GO and ruling.cap:
            return f"cap:{ruling.cap.scope}", None
        had.append(one)
        return WOULD, at

    def _load(self, people: set[int]) -> _Facts:
        """The recorded facts of some persons: four reads."""
        names, only_in = {one.event for one in self.rule.rules.unless}, self.rule.rules.only_if_in
        caps = (*self.limits.caps, *([self.own.cap] if self.own.cap else []))
        longest = max((span_ms(cap.per) for cap in caps), default=0)
        return _Facts(
            meanwhile=_load_events(self.rule.workspace_id, people, names, self.since) if names else {},
            had=_load_had(people, self.since - longest, source_of(self.rule.campaign_id)) if longest else {},
            profiles=load_profiles(people),
            members=find_members(only_in, people, self.now) if only_in else None,
        )


def _load_events(workspace_id: int, people: Iterable[int], names: AbstractSet[str], since: int) -> dict[int, list[_Event]]:
    """When persons caused events of these names, with the name and the properties."""
    rows = select_by_keys(
        "SELECT e.person_id, e.ts, e.name, e.properties",
        "JOIN people_event e ON e.workspace_id = k.column3 AND e.name = k.column4 AND e.bucket = k.column1 AND e.person_id = k.column2"
        " AND e.ts > k.column5",
        [(bucket_of(p), p, workspace_id, name, since) for p in sorted(people) for name in sorted(names)],
        (*PERSON_KEY, "bigint", "text", "bigint"),
    )
    found: dict[int, list[_Event]] = defaultdict(list)
    for person_id, at, name, properties in sorted(rows, key=lambda row: row[1]):
        found[person_id].append((at, name, decode(properties) if isinstance(properties, str | bytes) else properties))
    return found


def _load_had(people: Iterable[int], since: int, own: str) -> dict[int, list[Had]]:
    """What persons really had in the time, but of the campaign itself: that is what is rehearsed."""
    rows = list(
        select_by_keys(
            "SELECT DISTINCT m.person_id, m.message_id, m.settled_at, m.source, m.channel, m.template_id, m.is_marketing",
            f"JOIN messages_message m ON m.bucket = k.column1 AND m.person_id = k.column2 AND m.state IN ({HAD}) AND m.settled_at > {since:d}",
            [(bucket_of(p), p) for p in sorted(people)],
            PERSON_KEY,
        )
    )
    topics = dict(Template.objects.filter(pk__in={row[5] for row in rows}).values_list("pk", "topic"))
    found: dict[int, list[Had]] = defaultdict(list)
    for person_id, message_id, at, source, channel, template_id, is_marketing in rows:
        if source != own:
            found[person_id].append(Had(message_id, at, source, channel, topics.get(template_id, ""), bool(is_marketing)))
    return found
