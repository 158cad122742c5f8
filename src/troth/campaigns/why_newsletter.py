"""Why somebody got a newsletter, or did not: what was decided about their message; why none was made; and what would happen now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from troth.campaigns import why_words as words
from troth.campaigns.models import Newsletter, NewsletterRun, RunState
from troth.campaigns.newsletters.editing import plans_of
from troth.campaigns.newsletters.plan import read_plan
from troth.campaigns.newsletters.running import source_of
from troth.campaigns.purpose_checking import find_further_purposes
from troth.campaigns.trials import ask_gate
from troth.campaigns.why import LATEST, Link, Story, tell_row
from troth.campaigns.why_chosen import tell_segment
from troth.kernel.personal_data import Subject
from troth.messages.models import Message
from troth.people.lookup import load_person


def tell_newsletter(subject: Subject, newsletter: Newsletter, now: int) -> list[Story]:
    """The latest that became of a newsletter for a person, the newest sending first; what would happen now stands at the end. Stores nothing.

    Raises PersonNotFound.
    """
    mine = Message.objects.filter(bucket=subject.bucket, person_id=subject.person_id, source=source_of(newsletter.pk))
    messages = list(mine.order_by("-message_id")[:LATEST])
    stories = [tell_row(subject, message) for message in messages]
    run = NewsletterRun.objects.filter(workspace_id=newsletter.workspace_id, newsletter_id=newsletter.pk).order_by("-number").first()
    if run is None or run.pk not in {message.occurrence for message in messages}:
        stories.insert(0, _tell_none(subject, run, now))
    return [*stories, _tell_now(subject, newsletter, now)]


def _tell_none(subject: Subject, run: NewsletterRun | None, now: int) -> Story:
    """Why the latest sending made no message for them."""
    says = "It was never sent, so nobody got it." if run is None else _why_none(subject, run, now)
    at = run.begun_at if run else None
    return Story(about="nothing", at=at, says=says, links=[Link(what="audience", allow=False, says=says, at=at)])


def _why_none(subject: Subject, run: NewsletterRun, now: int) -> str:
    if load_person(subject).created_at > run.begun_at:
        return "They were not known yet when it began."
    if run.gathered_at is None:
        is_over = run.state in (RunState.CANCELLED, RunState.FINISHED)
        return "It was cancelled before it was their turn." if is_over else "People are still gone through: it was not their turn yet."
    segment_id = read_plan(run.plan).segment_id
    if segment_id is None:
        return "They were not among the people when they were gone through."
    return f"They were not in its segment when people were gone through. {tell_segment(subject, segment_id, now)[1]}"


def _tell_now(subject: Subject, newsletter: Newsletter, now: int) -> Story:
    """What would become of it if it were sent at this moment."""
    links = list(_ask_now(subject, newsletter, now))
    denied = next((link for link in links if link.allow is False), None)
    says = f"Now they would not get it. {denied.says}" if denied else "Now they would get it, if it were sent."
    return Story(about="now", at=now, says=says, links=links)


def _ask_now(subject: Subject, newsletter: Newsletter, now: int) -> Iterator[Link]:
    further = sorted({key for plan in plans_of(newsletter) for key in find_further_purposes(plan)})
    for verdict in ask_gate(subject, newsletter.purpose, now, further, chooses=newsletter.segment_id is not None):
        told: dict[str, Any] = msgspec.to_builtins(verdict)
        yield Link(what="consent", allow=verdict.allow, says=words.tell_decision(subject.workspace_id, told), at=now)
    if newsletter.segment_id is not None:
        is_in, says = tell_segment(subject, newsletter.segment_id, now)
        yield Link(what="segment", allow=is_in, says=says, at=now)
