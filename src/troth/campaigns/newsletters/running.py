"""Starting a newsletter and everything that can be done with one that is under way: pause, resume, cancel, choose the better variant."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max

from troth.campaigns.goals import read_goal
from troth.campaigns.models import Newsletter, NewsletterRun, NewsletterState, RunState
from troth.campaigns.newsletters.editing import find_faults, lock_newsletter
from troth.campaigns.newsletters.errors import NewsletterInvalid, NewsletterStateWrong
from troth.campaigns.newsletters.freshness import find_wait
from troth.campaigns.newsletters.plan import RunPlan, Variant, read_plan, read_test, read_variants
from troth.campaigns.newsletters.schedule import first_begin, next_begin, read_schedule
from troth.content.models import Template
from troth.content.publishing import make_of_inline, make_of_template
from troth.kernel.clock import MINUTE
from troth.kernel.json_text import decode, encode
from troth.kernel.sql import has_rows
from troth.messages.models import PAUSED, Message, State
from troth.messages.queue import move_waiting
from troth.privacy.readiness.impact import AssessmentMissing
from troth.segments.purpose_checking import reads_of
from troth.segments.registry import get_segment

KIND = "newsletter"
UNDER_WAY = (RunState.GATHERING, RunState.TESTING, RunState.SENDING)
BY_HAND = "hand"
MOST_PAUSED = 50
"""Newsletters that are looked at again, those paused last."""


def source_of(newsletter_id: int) -> str:
    """What the messages of a newsletter name as their source; their occurrence is the run."""
    return f"{KIND}:{newsletter_id}"


def start_newsletter(newsletter: Newsletter, *, now: int) -> Newsletter:
    """Send it at its time, which may be now. Raises whatever `find_faults` finds, and NewsletterStateWrong."""
    for fault in find_faults(newsletter):
        raise fault
    with transaction.atomic():
        row = lock_newsletter(newsletter)
        if row.state != NewsletterState.DRAFT:
            raise NewsletterStateWrong("It was started already.")
        row.state, row.updated_at = NewsletterState.SCHEDULED, now
        row.next_at = first_begin(read_schedule(row.schedule), now)
        row.save()
    return row


def begin_due(now: int) -> bool:
    """Worker duty: begin the newsletters whose time has come; True when there may be more."""
    if not has_rows("SELECT 1 FROM campaigns_newsletter WHERE state = 'scheduled' AND next_at <= %s LIMIT 1", [now]):
        return False
    due = list(
        Newsletter.objects.filter(state=NewsletterState.SCHEDULED, next_at__lte=now).order_by("next_at").values_list("pk", flat=True)[:20]
    )
    for pk in due:
        with transaction.atomic():
            row = Newsletter.objects.select_for_update().get(pk=pk)
            if row.state != NewsletterState.SCHEDULED or row.next_at is None or row.next_at > now:
                continue
            wait = find_wait(row, now)
            if wait is None:
                _begin(row, now)
            elif wait.until <= now:
                _pause_by_itself(row, f"{wait} It was not, so nothing was sent: see why the segment lags, then resume.")
    return False


def _pause_by_itself(row: Newsletter, trouble: str) -> None:
    """Nobody is sent anything, and the page and the API tell why."""
    row.state, row.next_at, row.trouble = NewsletterState.PAUSED, None, trouble
    row.save(update_fields=["state", "next_at", "trouble"])


def _begin(row: Newsletter, now: int) -> None:
    """One more run. What cannot be sent any more (data was assigned to another purpose meanwhile) stops here, and the page says why."""
    # An assessment that becomes due while a newsletter runs is an alarm, and stops nothing that was started.
    if faults := [fault for fault in find_faults(row) if not isinstance(fault, AssessmentMissing)]:
        _pause_by_itself(row, f"It could not be sent any more: {faults[0]}")
        return
    templates = {}
    for key, content in make_contents(row).items():
        content.save(force_insert=True)
        templates[key] = content.pk
    plan = plan_run(row, templates)
    number = (NewsletterRun.objects.filter(newsletter_id=row.pk).aggregate(Max("number"))["number__max"] or 0) + 1
    NewsletterRun.objects.create(
        newsletter_id=row.pk,
        workspace_id=row.workspace_id,
        number=number,
        plan=decode(encode(plan)),
        starts_at=max(now, row.next_at or now) + row.hold_minutes * MINUTE,
        begun_at=now,
    )
    following = next_begin(read_schedule(row.schedule), now)
    row.next_at = following
    row.state = NewsletterState.SCHEDULED if following else NewsletterState.SENDING
    row.save(update_fields=["state", "next_at"])


def plan_run(row: Newsletter, templates: dict[str, int]) -> RunPlan:
    """The newsletter as it is now, as a sending of it keeps it; `templates` by variant."""
    variants = read_variants(row.variants)
    return RunPlan(
        name=row.name,
        segment_id=row.segment_id,
        reads=_reads_of(row),
        audience=row.audience,
        medium=row.medium,
        purpose=row.purpose,
        topic=row.topic,
        schedule=row.schedule,
        per_hour=row.per_hour,
        shares=[(variant.key, variant.share) for variant in variants],
        templates=templates,
        test=read_test(row.test, len(variants)),
        holdout=row.holdout,
        goal=read_goal(row.goal),
        expires_hours=row.expires_hours,
    )


def _reads_of(row: Newsletter) -> list[tuple[str, str]]:
    if row.segment_id is None:
        return []
    return sorted({(datum.kind.value, datum.name) for datum, _ in reads_of(get_segment(row.workspace_id, row.segment_id))})


def make_contents(row: Newsletter) -> dict[str, Template]:
    """What each variant's messages are rendered from, not stored. Raises ContentError."""
    return {variant.key: _make_content(row, variant) for variant in read_variants(row.variants)}


def _make_content(row: Newsletter, variant: Variant) -> Template:
    if variant.template:
        return make_of_template(row.workspace_id, variant.template, also_for=row.also_for, topic=row.topic)
    return make_of_inline(row.workspace_id, variant.inline, also_for=row.also_for, topic=row.topic)


def pause_newsletter(newsletter: Newsletter, *, now: int) -> Newsletter:
    """Send nothing more for now; what is queued waits, and further times pass. Raises NewsletterStateWrong."""
    with transaction.atomic():
        row = lock_newsletter(newsletter)
        if row.state not in (NewsletterState.SCHEDULED, NewsletterState.SENDING):
            raise NewsletterStateWrong("Only what waits for its time or is being sent can be paused.")
        row.state, row.updated_at = NewsletterState.PAUSED, now
        row.save(update_fields=["state", "updated_at"])
        for run in _runs(row, UNDER_WAY):
            run.resume_to, run.state = run.state, RunState.PAUSED
            run.save(update_fields=["state", "resume_to"])
    for waiting in (State.HELD, State.QUEUED):
        _move(row, waiting, State.HELD, PAUSED)
    return row


def keep_paused(now: int) -> bool:
    """Worker duty: hold what a sender had in hand when its newsletter was paused, and put off to a later time."""
    for row in Newsletter.objects.filter(state=NewsletterState.PAUSED).order_by("-updated_at")[:MOST_PAUSED]:
        if Message.objects.filter(workspace_id=row.workspace_id, source=source_of(row.pk), state=State.QUEUED).exists():
            with transaction.atomic():
                if lock_newsletter(row).state == NewsletterState.PAUSED:
                    _move(row, State.QUEUED, State.HELD, PAUSED)
    return False


def resume_newsletter(newsletter: Newsletter, *, now: int) -> Newsletter:
    """Go on where it was paused; a time that has passed meanwhile is not made up for when it recurs. Raises NewsletterStateWrong."""
    with transaction.atomic():
        row = lock_newsletter(newsletter)
        if row.state != NewsletterState.PAUSED:
            raise NewsletterStateWrong("It is not paused.")
        for fault in find_faults(row):
            raise fault
        runs = _runs(row, (RunState.PAUSED,))
        for run in runs:
            run.state, run.resume_to = run.resume_to, ""
            run.save(update_fields=["state", "resume_to"])
        schedule = read_schedule(row.schedule)
        following = next_begin(schedule, now)
        if following is None and not runs:
            following = first_begin(schedule, now)
        row.next_at = following
        row.state, row.updated_at, row.trouble = (NewsletterState.SCHEDULED if following else NewsletterState.SENDING), now, ""
        row.save(update_fields=["state", "next_at", "updated_at", "trouble"])
    _move(row, State.HELD, State.QUEUED)
    return row


def cancel_newsletter(newsletter: Newsletter, *, now: int) -> Newsletter:
    """End it for good: nobody gets what they have not got yet. Raises NewsletterStateWrong."""
    with transaction.atomic():
        row = lock_newsletter(newsletter)
        if row.state in (NewsletterState.DRAFT, NewsletterState.FINISHED, NewsletterState.CANCELLED):
            raise NewsletterStateWrong("There is nothing under way that could be cancelled.")
        row.state, row.next_at, row.updated_at = NewsletterState.CANCELLED, None, now
        row.save(update_fields=["state", "next_at", "updated_at"])
        for run in _runs(row, (*UNDER_WAY, RunState.PAUSED)):
            run.state, run.ended_at = RunState.CANCELLED, now
            run.save(update_fields=["state", "ended_at"])
    for waiting in (State.QUEUED, State.HELD):
        _move(row, waiting, State.CANCELLED)
    return row


def choose_winner(run: NewsletterRun, key: str, *, now: int) -> NewsletterRun:
    """Have all who wait get this variant, by the hand of a member. Raises NewsletterInvalid, NewsletterStateWrong."""
    if key not in read_plan(run.plan).templates:
        raise NewsletterInvalid("$.winner: there is no such variant.")
    with transaction.atomic():
        row = NewsletterRun.objects.select_for_update().get(pk=run.pk, workspace_id=run.workspace_id)
        if row.state != RunState.TESTING or row.winner:
            raise NewsletterStateWrong("Nobody waits for a variant here.")
        row.winner, row.decided_by = key, BY_HAND
        row.save(update_fields=["winner", "decided_by"])
    return row


def _runs(row: Newsletter, states: tuple[RunState, ...]) -> list[NewsletterRun]:
    return list(NewsletterRun.objects.select_for_update().filter(newsletter_id=row.pk, workspace_id=row.workspace_id, state__in=states))


def _move(row: Newsletter, before: State, after: State, reason: str = "") -> None:
    move_waiting(row.workspace_id, source_of(row.pk), before, after, reason)
