"""Newsletters: drafts, starting, pausing, cancelling, how each sending goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from troth.api.access import WRITE_CAMPAIGNS, workspace_of
from troth.api.errors import Conflict, NotFound
from troth.api.newsletter_schemas import NewsletterIn, NewsletterOut, NewsletterPatch, OutcomeOut, RunOut, StateCount, WinnerIn
from troth.api.schemas import problems, show_time
from troth.campaigns.models import Newsletter, NewsletterRun
from troth.campaigns.newsletters.editing import (
    FIELDS,
    copy_newsletter,
    create_newsletter,
    delete_newsletter,
    edit_newsletter,
    find_newsletter,
)
from troth.campaigns.newsletters.errors import NewsletterStateWrong
from troth.campaigns.newsletters.freshness import find_wait
from troth.campaigns.newsletters.gathering import LOOKED_AT
from troth.campaigns.newsletters.outcomes import count_states, count_trials
from troth.campaigns.newsletters.plan import read_plan
from troth.campaigns.newsletters.running import (
    cancel_newsletter,
    choose_winner,
    pause_newsletter,
    resume_newsletter,
    start_newsletter,
)
from troth.campaigns.significance import judge
from troth.kernel.clock import iso, now_ms

router = Router(tags=["newsletters"])


@router.get("/newsletters", auth=WRITE_CAMPAIGNS, response={200: list[NewsletterOut], **problems()})
def list_newsletters(request: HttpRequest) -> list[NewsletterOut]:
    """All newsletters of the workspace, the newest first."""
    return [show_newsletter(row) for row in Newsletter.objects.filter(workspace_id=workspace_of(request)).order_by("-pk")]


@router.post("/newsletters", auth=WRITE_CAMPAIGNS, response={201: NewsletterOut, **problems()})
def create(request: HttpRequest, newsletter: NewsletterIn) -> Status[NewsletterOut]:
    """A draft; nothing is sent before it is started."""
    return Status(201, show_newsletter(create_newsletter(workspace_of(request), newsletter.dict(), now=now_ms())))


@router.get("/newsletters/{newsletter_id}", auth=WRITE_CAMPAIGNS, response={200: NewsletterOut, **problems(404)})
def get_newsletter(request: HttpRequest, newsletter_id: int) -> NewsletterOut:
    """One newsletter."""
    return show_newsletter(find_newsletter(workspace_of(request), newsletter_id))


@router.patch("/newsletters/{newsletter_id}", auth=WRITE_CAMPAIGNS, response={200: NewsletterOut, **problems(404, 409)})
def update(request: HttpRequest, newsletter_id: int, newsletter: NewsletterPatch) -> NewsletterOut:
    """Change a draft, or one that waits for its time: that becomes a draft, to be started anew."""
    return _act(lambda row: edit_newsletter(row, newsletter.dict(exclude_unset=True), now=now_ms()), request, newsletter_id)


@router.delete("/newsletters/{newsletter_id}", auth=WRITE_CAMPAIGNS, response={204: None, **problems(404, 409)})
def delete(request: HttpRequest, newsletter_id: int) -> Status[None]:
    """Remove a draft."""
    try:
        delete_newsletter(find_newsletter(workspace_of(request), newsletter_id))
    except NewsletterStateWrong as wrong:
        raise Conflict(str(wrong)) from None
    return Status(204, None)


@router.post("/newsletters/{newsletter_id}/copy", auth=WRITE_CAMPAIGNS, response={201: NewsletterOut, **problems(404)})
def copy(request: HttpRequest, newsletter_id: int) -> Status[NewsletterOut]:
    """A draft of the same content."""
    return Status(201, show_newsletter(copy_newsletter(find_newsletter(workspace_of(request), newsletter_id), now=now_ms())))


@router.post("/newsletters/{newsletter_id}/start", auth=WRITE_CAMPAIGNS, response={200: NewsletterOut, **problems(404, 409)})
def start(request: HttpRequest, newsletter_id: int) -> NewsletterOut:
    """Send it at its time. A fault in a mail is answered with part and line; so is data collected for another purpose."""
    return _act(lambda row: start_newsletter(row, now=now_ms()), request, newsletter_id)


@router.post("/newsletters/{newsletter_id}/pause", auth=WRITE_CAMPAIGNS, response={200: NewsletterOut, **problems(404, 409)})
def pause(request: HttpRequest, newsletter_id: int) -> NewsletterOut:
    """Send nothing more for now; what is queued waits."""
    return _act(lambda row: pause_newsletter(row, now=now_ms()), request, newsletter_id)


@router.post("/newsletters/{newsletter_id}/resume", auth=WRITE_CAMPAIGNS, response={200: NewsletterOut, **problems(404, 409)})
def resume(request: HttpRequest, newsletter_id: int) -> NewsletterOut:
    """Go on where it was paused."""
    return _act(lambda row: resume_newsletter(row, now=now_ms()), request, newsletter_id)


@router.post("/newsletters/{newsletter_id}/cancel", auth=WRITE_CAMPAIGNS, response={200: NewsletterOut, **problems(404, 409)})
def cancel(request: HttpRequest, newsletter_id: int) -> NewsletterOut:
    """End it for good: nobody gets what they have not got yet."""
    return _act(lambda row: cancel_newsletter(row, now=now_ms()), request, newsletter_id)


@router.get("/newsletters/{newsletter_id}/runs", auth=WRITE_CAMPAIGNS, response={200: list[RunOut], **problems(404)})
def list_runs(request: HttpRequest, newsletter_id: int) -> list[RunOut]:
    """Its latest 20 sendings, the newest first, with what became of every message."""
    row = find_newsletter(workspace_of(request), newsletter_id)
    runs = NewsletterRun.objects.filter(workspace_id=row.workspace_id, newsletter_id=row.pk).order_by("-number")[:20]
    return [_show_run(run) for run in runs]


@router.post("/newsletters/{newsletter_id}/runs/{number}/winner", auth=WRITE_CAMPAIGNS, response={200: RunOut, **problems(404, 409)})
def set_winner(request: HttpRequest, newsletter_id: int, number: int, chosen: WinnerIn) -> RunOut:
    """Choose the variant for all who wait, without waiting for the end of the test."""
    row = find_newsletter(workspace_of(request), newsletter_id)
    run = NewsletterRun.objects.filter(workspace_id=row.workspace_id, newsletter_id=row.pk, number=number).first()
    if run is None:
        raise NotFound("This newsletter has no such sending.")
    try:
        return _show_run(choose_winner(run, chosen.winner, now=now_ms()))
    except NewsletterStateWrong as wrong:
        raise Conflict(str(wrong)) from None


def _act(act: Callable[[Newsletter], Newsletter], request: HttpRequest, newsletter_id: int) -> NewsletterOut:
    try:
        return show_newsletter(act(find_newsletter(workspace_of(request), newsletter_id)))
    except NewsletterStateWrong as wrong:
        raise Conflict(str(wrong)) from None


def show_newsletter(row: Newsletter) -> NewsletterOut:
    """A newsletter as the API tells it."""
    own: dict[str, Any] = {name: getattr(row, name) for name in (*FIELDS, "state", "trouble")}
    wait = find_wait(row, now_ms())
    return NewsletterOut(id=row.pk, next_at=show_time(row.next_at), waits_for=str(wait) if wait else "", **own)


def _show_run(run: NewsletterRun) -> RunOut:
    plan = read_plan(run.plan)
    metric = plan.test.metric if plan.test else "clicked"
    trials = count_trials(run, metric, now_ms())
    judged = judge(trials)
    return RunOut(
        number=run.number,
        state=run.state,
        starts_at=iso(run.starts_at),
        begun_at=iso(run.begun_at),
        gathered_at=show_time(run.gathered_at),
        ended_at=show_time(run.ended_at),
        decide_at=show_time(run.decide_at),
        winner=run.winner,
        decided_by=run.decided_by,
        audience=run.counts.get(LOOKED_AT, 0),
        counts=[
            StateCount(variant=variant, state=state, reason=reason, messages=number)
            for (variant, state, reason), number in sorted(count_states(run).items())
        ],
        outcomes=[
            OutcomeOut(
                variant=key,
                happened=trial.happened,
                among=trial.among,
                better_by=judged[key].by,
                lowest=judged[key].lowest,
                highest=judged[key].highest,
                p_value=judged[key].p_value,
            )
            for key, trial in trials.items()
        ],
    )
