"""Rehearsal of a newsletter (row D6): what would become of everybody whom it would be sent to, as things stand. Nothing is sent or stored.

It goes through the same people in the same batches as a sending, and asks the same functions: those that choose (`gathering`), and at the moment each
mail would be due those that hand over (`messages.preparing`, `messages.judging`). What nobody can know yet is taken as it stands now: decisions,
attributes, who is in the segment; other messages count that were sent, or wait for their time, today.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from django.db import connection

from troth.campaigns import why_words as words
from troth.campaigns.models import Newsletter, NewsletterRun, NewsletterState
from troth.campaigns.newsletters.deciding import when_released
from troth.campaigns.newsletters.drawing import WAITS
from troth.campaigns.newsletters.editing import find_faults
from troth.campaigns.newsletters.freshness import find_lag
from troth.campaigns.newsletters.gathering import draw_variant, in_segment, make_messages, next_people, when_decided
from troth.campaigns.newsletters.plan import RunPlan
from troth.campaigns.newsletters.running import make_contents, plan_run, source_of
from troth.campaigns.newsletters.schedule import first_begin, read_schedule
from troth.campaigns.why import Link, Story
from troth.consent.catalog import load_catalog
from troth.kernel.clock import HOUR, MINUTE
from troth.kernel.ids import BUCKETS, new_row_id
from troth.messages.controls import find_stop, look_at_controls
from troth.messages.enqueue import NewMessage, when_due
from troth.messages.judging import PERSONAL, judge_all
from troth.messages.limiting import same_address
from troth.messages.models import State
from troth.messages.pacing import estimate_last
from troth.messages.preparing import Prepared, prepare
from troth.messages.queue import Claim, Settlement
from troth.people.identifiers import EMAIL
from troth.people.models import PersonState
from troth.people.queries import find_holders
from troth.workspaces.models import SendMode, Workspace

MOST = 10_000
"""People who are looked at by itself; of more, those in some of the buckets, which is as chance has them."""
SAMPLES = 5
"""Persons told for each outcome."""
WOULD = ""
"""The outcome of what would be sent."""
OTHERS_FIRST = "cap:others_first"
"""Whether a cap leaves room depends on messages that are due to the person before."""
QUARTER = 15 * MINUTE
"""What is due within it is judged at once, at its first moment: hours begin and end on quarters of an hour."""
MOST_TIMES = 5
"""That a mail is put off, and judged again."""
MOST_HOURS = 14 * 24
"""That are told one by one."""


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One person and what would become of their mail."""

    person_id: int
    due_at: int | None
    """When it would go out."""
    story: Story
    """The chain of decisions, in the words of *why*."""


class Rehearsal(msgspec.Struct, kw_only=True):
    """What would be. Of the people looked at: each is in one of `outcomes`, the empty one sent; the others by their reason."""

    begins: int
    people: int
    """Who are in its segment, or everybody."""
    looked_at: int = 0
    is_whole: bool = True
    """False: only some of them were looked at, as chance has them."""
    outcomes: Counter[str] = msgspec.field(default_factory=Counter)
    variants: Counter[str] = msgspec.field(default_factory=Counter)
    """What would be sent, by variant; `waits`: the better one, once it is known. They are drawn anew each time."""
    put_off: int = 0
    """Of what would be sent, what hours put off."""
    by_hour: Counter[int] = msgspec.field(default_factory=Counter)
    """What would go out, by the hour (since 1970, UTC), of the first fourteen days."""
    later: int = 0
    """What would go out after these."""
    decides: int | None = None
    """When the test of the variants would be over."""
    ends: int | None = None
    """When the last would go out: by its times, and by the pace that the way out was given."""
    waits_for: str = ""
    """What it would wait for if it began now: a segment that is not fresh enough."""
    held: str = ""
    """Why nothing at all would go out as the workspace is now, or not to the persons; the figures leave that out."""
    samples: dict[str, list[Sample]] = msgspec.field(default_factory=dict)

    @property
    def would(self) -> int:
        """How many would be sent."""
        return self.outcomes[WOULD]


def rehearse_newsletter(newsletter: Newsletter, *, now: int, most: int = MOST) -> Rehearsal:
    """Tell what sending it would come to; `most`: people who are looked at. Raises what starting it would be refused for."""
    for fault in find_faults(newsletter):
        raise fault
    stage = _Stage(newsletter, now, max(1, most))
    stage.play(of_those_who_wait=False)
    if stage.plan.test:
        stage.told.decides = when_decided(stage.run, stage.plan.test, stage.run.counts, stage.run.begun_at)
        stage.play(of_those_who_wait=True)
    stage.close()
    return stage.told


class _Turn(NamedTuple):
    """A mail that waits for its moment."""

    claim: Claim
    due_at: int
    told: Sequence[Mapping[str, Any]]
    """What was decided so far."""
    is_put_off: bool = False


class _Stage:
    """A sending that is not stored; plays people on it."""

    def __init__(self, newsletter: Newsletter, now: int, most: int) -> None:
        self.now, self.workspace_id, self.source = now, newsletter.workspace_id, source_of(newsletter.pk)
        contents = make_contents(newsletter)
        for number, content in enumerate(contents.values(), 1):
            content.pk = -number
        self.templates = {content.pk: content for content in contents.values()}
        self.keys = {content.pk: key for key, content in contents.items()}
        plan = plan_run(newsletter, {key: content.pk for key, content in contents.items()})
        known = newsletter.next_at if newsletter.state == NewsletterState.SCHEDULED else None
        begins = max(now, known or first_begin(read_schedule(newsletter.schedule), now))
        people = _count_people(self.workspace_id, plan, now)
        self.buckets = BUCKETS if people <= most else max(1, BUCKETS * most // people)
        if plan.per_hour and self.buckets < BUCKETS:
            plan = msgspec.structs.replace(plan, per_hour=max(1, plan.per_hour * self.buckets // BUCKETS))
        self.plan = plan
        self.run = NewsletterRun(
            pk=0,
            newsletter_id=newsletter.pk,
            workspace_id=self.workspace_id,
            plan=msgspec.to_builtins(plan),
            starts_at=begins + newsletter.hold_minutes * MINUTE,
            begun_at=begins,
        )
        lag = find_lag(newsletter, now, now)
        self.told = Rehearsal(
            begins=begins,
            people=people,
            is_whole=self.buckets == BUCKETS,
            waits_for=str(lag) if lag else "",
            held=_find_hold(self.workspace_id, self.source, plan),
        )
        self.released, self.had = 0, set[bytes]()

    def play(self, *, of_those_who_wait: bool) -> None:
        """Everybody once, but only those who wait for the better variant, or the others."""
        self.run.after = []
        while people := next_people(self.run, self.plan, self.now, self.buckets):
            self.run.after = list(people[-1])
            every = [person_id for _, _, person_id in people]
            mine = [one for one in every if (draw_variant(self.run, self.plan, one) == WAITS) is of_those_who_wait]
            self.told.looked_at += len(mine)
            turns = list(self._choose(mine, waits=of_those_who_wait))
            for _ in range(MOST_TIMES):
                turns = list(self._hand_over(turns, waits=of_those_who_wait))
            for turn in turns:
                self._goes(turn, waits=of_those_who_wait)

    def close(self) -> None:
        """When it would be over."""
        if self.told.ends is not None:
            number = self.told.would * BUCKETS // self.buckets
            by_pace = estimate_last(self.workspace_id, self.plan.medium, number, self.run.starts_at)
            self.told.ends = max(self.told.ends, by_pace)

    def _choose(self, people: Sequence[int], *, waits: bool) -> Iterator[_Turn]:
        """As a sending gathers them."""
        begun = self.run.begun_at
        for message in make_messages(self.run, self.plan, self.templates, people, self.run.counts, begun):
            told = msgspec.to_builtins(message.verdicts)
            denied = next((verdict for verdict in message.verdicts if not verdict.allow), None)
            if denied:
                self._ends(message.subject.person_id, f"{denied.purpose}:{denied.reason}", told)
            else:
                yield self._turn(message, told, waits=waits)

    def _turn(self, message: NewMessage, told: Sequence[Mapping[str, Any]], *, waits: bool) -> _Turn:
        if waits and self.told.decides is not None:
            due = when_released(self.plan, self.told.decides, self.released)
            self.released += 1
        else:
            due = when_due(message, self.run.begun_at)
        claim = Claim(
            subject=message.subject,
            message_id=new_row_id(),
            source=message.source,
            occurrence=message.occurrence,
            channel=message.channel,
            purpose=message.purpose,
            is_marketing=message.is_marketing,
            template_id=message.template_id,
            attempts=0,
            expires_at=due + self.plan.expires_hours * HOUR,
            context=message.context,
            decisions=[],
        )
        return _Turn(claim, due, told)

    def _hand_over(self, turns: Sequence[_Turn], *, waits: bool) -> Iterator[_Turn]:
        """As a sender hands them over, each at its moment; yields what is put off."""
        together: dict[int, dict[int, _Turn]] = defaultdict(dict)
        for turn in turns:
            together[turn.due_at // QUARTER][turn.claim.message_id] = turn
        for _, some in sorted(together.items()):
            at = min(turn.due_at for turn in some.values())
            judged = judge_all(prepare([turn.claim for turn in some.values()], at, self.templates), at, PERSONAL)
            double = self._find_double([prepared for prepared, settled in judged if settled is None])
            for prepared, settled in judged:
                turn = some[prepared.claim.message_id]
                if turn.claim.message_id in double:
                    said = same_address(at)
                    self._ends(turn.claim.subject.person_id, said.reason_of_message, [*turn.told, msgspec.to_builtins(said)])
                elif settled is None:
                    self._goes(turn, waits=waits)
                elif settled.state == State.QUEUED and settled.reason:
                    yield turn._replace(due_at=settled.due_at, told=[*turn.told, *settled.decisions], is_put_off=True)
                else:
                    self._stopped(turn, settled)

    def _find_double(self, going: Sequence[Prepared]) -> set[int]:
        """Of those who share an address, whoever is not the first."""
        tags = {one.claim.message_id: {handle.tag for handle in one.handles if handle.kind == EMAIL} for one in going}
        shared = {tag for tag, held in find_holders({tag for some in tags.values() for tag in some}).items() if len(held) > 1}
        double = set()
        for message_id, own in tags.items():
            if own & self.had:
                double.add(message_id)
            else:
                self.had |= own & shared
        return double

    def _goes(self, turn: _Turn, *, waits: bool) -> None:
        told, at = self.told, turn.due_at
        told.variants[WAITS if waits else self.keys[turn.claim.template_id]] += 1
        told.put_off += turn.is_put_off
        if at < self.run.begun_at + MOST_HOURS * HOUR:
            told.by_hour[at // HOUR] += 1
        else:
            told.later += 1
        told.ends = max(told.ends or 0, at)
        self._ends(turn.claim.subject.person_id, WOULD, turn.told, at)

    def _stopped(self, turn: _Turn, settled: Settlement) -> None:
        reason = settled.reason if settled.state != State.QUEUED else OTHERS_FIRST
        self._ends(turn.claim.subject.person_id, reason, [*turn.told, *settled.decisions])

    def _ends(self, person_id: int, outcome: str, told: Sequence[Mapping[str, Any]], due_at: int | None = None) -> None:
        self.told.outcomes[outcome] += 1
        seen = self.told.samples.setdefault(outcome, [])
        if len(seen) < SAMPLES:
            seen.append(Sample(person_id=person_id, due_at=due_at, story=self._tell(outcome, told, due_at)))

    def _tell(self, outcome: str, told: Sequence[Mapping[str, Any]], due_at: int | None) -> Story:
        links = [
            Link(what=words.name_link(said), allow=said["allow"], says=words.tell_decision(self.workspace_id, said), at=said["at"])
            for said in told
        ]
        against = next((link for link in reversed(links) if link.allow is False), None)
        if outcome == WOULD:
            links.append(Link(what="hand_over", allow=True, says=words.tell_state(State.QUEUED, "", due_at), at=due_at))
        elif against is None:
            links.append(Link(what="hand_over", allow=False, says=words.tell_state(State.SKIPPED, outcome, None)))
        says = "They would get it." if outcome == WOULD else f"They would not get it. {links[-1].says if against is None else against.says}"
        return Story(about="now", at=self.now, says=says, links=links)


def _count_people(workspace_id: int, plan: RunPlan, now: int) -> int:
    """Who would be looked at, all of them; over all buckets."""
    where, params = in_segment(plan, now)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*) FROM people_person p WHERE p.workspace_id = %s AND p.state = {int(PersonState.ACTIVE)}{where}",
            [workspace_id, *params],
        )
        return int(cursor.fetchone()[0])


def _find_hold(workspace_id: int, source: str, plan: RunPlan) -> str:
    """A stop, or a workspace that does not send to its persons."""
    rule = load_catalog(workspace_id).rule(plan.purpose)
    stop = find_stop(look_at_controls(), workspace_id, source, is_marketing=rule is None or rule.is_marketing)
    if stop:
        return f"stopped:{stop.why}"
    mode = Workspace.objects.only("send_mode").get(pk=workspace_id).send_mode
    return "" if mode == SendMode.LIVE else "test_mode" if mode == SendMode.TEST else "sending_off"
