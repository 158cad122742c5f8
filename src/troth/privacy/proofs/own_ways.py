"""The ways through the packages below: the door, segments, messages and what comes back of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from troth.content.models import Kind, Template
from troth.content.short_text import ShortTemplate
from troth.intake.captures import keep_watching, read_watches, write_captures
from troth.intake.commands import Command, Decide, Decision, Delete, EditTags, Identify, Track
from troth.intake.door import apply
from troth.kernel.clock import DAY, MINUTE
from troth.kernel.ids import new_row_id
from troth.kernel.personal_data import Subject
from troth.messages.channels.port import Feedback, Medium, Told
from troth.messages.enqueue import NewMessage, enqueue
from troth.messages.feedback.noting import note_feedback
from troth.messages.fetches import Fetch, note_fetches
from troth.messages.models import Message
from troth.messages.tracking import Measured
from troth.privacy.proofs.persons import MadeUp
from troth.privacy.proofs.ways import SEEN_AFTER_S, Walk
from troth.segments.models import Segment
from troth.segments.registry import create_segment
from troth.workspaces.models import Workspace

SOURCE = "proof"
STEP = "proof_step"
"""The event that leads on."""
TAG = "proof"
SEGMENT = "Proof"
SHORT = "Proof {{ event.word }} {{ person.word }}"
SHORT_MEDIA = (Medium.PUSH, Medium.SMS, Medium.WEBHOOK)
LATER = 10
"""The occurrence of the message that waits."""
EVENTS = 3
ASKED = {"notice": "May we prove that you are forgotten?", "default_state": "unchecked", "control_kind": "checkbox", "language": "en"}


def prepare(walk: Walk) -> None:
    """A segment that both will be in, a short message, and links that are measured."""
    Workspace.objects.filter(pk=walk.workspace_id).update(measures_clicks=True, measures_opens=True)
    if not _short(walk).exists():
        Template.objects.create(workspace_id=walk.workspace_id, kind=Kind.SHORT, short=ShortTemplate(body=SHORT).as_json())
    if not Segment.objects.filter(workspace_id=walk.workspace_id, name=SEGMENT).exists():
        create_segment(walk.workspace_id, name=SEGMENT, definition={"tag": TAG}, purpose="service", now=walk.now)
        time.sleep(SEEN_AFTER_S)


def arrive(walk: Walk) -> None:
    """Both come through the one door, with everything that can be said of somebody."""
    about: dict[str, Any] = {"workspace_id": walk.workspace_id, "source": SOURCE, "received_at": walk.now}
    apply([command for person in walk.people for command in _told_of(person, walk.now, about)], now=walk.now)


def _told_of(person: MadeUp, now: int, about: dict[str, Any]) -> Iterator[Command]:
    own, who = person.values, person.identity
    yield Identify(identity=who, attributes={"word": own["attribute"], "of": {"kin": own["attribute"]}}, **about)
    yield Identify(identity=person.browser, **about)
    yield EditTags(identity=who, add=(TAG, own["tag"]), **about)
    for purpose in ("marketing_email", "click_tracking"):
        yield Decide(identity=who, decision=Decision.GRANT, purpose=purpose, evidence={**ASKED, "form": own["evidence"]}, **about)
    for number in range(EVENTS):
        yield Track(
            identity=who,
            name=STEP,
            ts=now,
            properties={"word": own["event"], "number": number},
            dedupe=f"{own['external_id']}-{number}",
            dedupe_ms=MINUTE,
            **about,
        )


def _short(walk: Walk) -> QuerySet[Template]:
    return Template.objects.filter(workspace_id=walk.workspace_id, kind=Kind.SHORT)


def be_reached(walk: Walk) -> None:
    """What is no mail comes to their devices and numbers, as far as the outbox."""
    template = _short(walk).latest("pk").pk
    said = [(medium, {"event": {"word": person.values["short"]}}, subject) for medium in SHORT_MEDIA for person, subject in walk.pairs]
    enqueue(
        [
            _message(subject, 1 + SHORT_MEDIA.index(medium), medium, walk.now, context, template=template)
            for medium, context, subject in said
        ],
        walk.now,
    )


def come_back(walk: Walk) -> None:
    """A message waits for its day; a link of it is followed, and a mailbox tells that the address is none."""
    for person, subject in walk.pairs:
        waits = _message(subject, LATER, Medium.EMAIL, walk.now + DAY, {"event": {"word": person.values["waiting"]}})
        enqueue([waits], walk.now)
        own = Message.objects.filter(bucket=subject.bucket, person_id=subject.person_id, source=SOURCE, occurrence=LATER)
        message_id = own.values_list("message_id", flat=True)[0]
        link = Measured(subject=subject, message_id=message_id, url=f"https://canary.invalid/{person.values['link']}")
        note_fetches([Fetch(link, "", walk.now)])
        bounced = Feedback(
            told=Told.HARD_BOUNCE,
            at=walk.now,
            event_id=str(new_row_id()),
            message_id=message_id,
            recipient=person.values["email"],
            diagnostic=f"550 no such user {person.values['diagnostic']}",
        )
        note_feedback(walk.workspace_id, Medium.EMAIL, [bounced], provider="smtp", now=walk.now)


def _message(subject: Subject, occurrence: int, medium: Medium, due_at: int, context: dict[str, Any], template: int = 0) -> NewMessage:
    return NewMessage(
        subject=subject,
        source=SOURCE,
        occurrence=occurrence,
        channel=medium,
        purpose="service",
        is_marketing=False,
        template_id=template,
        due_at=due_at,
        context=context,
        verdicts=[],
    )


def watch(walk: Walk) -> None:
    """What their requests held is kept while somebody watches."""
    keep_watching(walk.workspace_id, walk.now)
    generation = read_watches(walk.now)[walk.workspace_id]
    rows = []
    for person, subject in walk.pairs:
        own = person.values
        place = (subject.bucket, subject.person_id, new_row_id(), walk.workspace_id, walk.now)
        rows.append((*place, SOURCE, "events/track", STEP, own["email"], 200, "accepted", "", f'{{"word":"{own["event"]}"}}', False, "{}"))
    write_captures(walk.workspace_id, generation, rows, 0)


def linger(walk: Walk) -> None:
    """Something arrives that nobody has folded yet, and a machine asks for a deletion that waits."""
    about: dict[str, Any] = {"workspace_id": walk.workspace_id, "source": SOURCE, "received_at": walk.now}
    for person in walk.people:
        late = Track(identity=person.identity, name="proof_late", ts=walk.now, properties={"word": person.values["event"]}, **about)
        apply([late, Delete(identity=person.identity, confirmed=False, **about)], now=walk.now)
