"""The ways through the packages below: the door, segments, messages and what comes back of them, and the rights themselves."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

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
from troth.privacy.desk.cases import add_note
from troth.privacy.exporting.export import open_export
from troth.privacy.history import By
from troth.privacy.proofs.persons import MadeUp
from troth.privacy.proofs.ways import SEEN_AFTER_S, Walk
from troth.privacy.requests import ask_for_confirmation
from troth.privacy.retention.holds import place_hold
from troth.segments.models import Segment
from troth.segments.registry import create_segment
from troth.workspaces.audit import record_access
from troth.workspaces.models import Workspace

SOURCE = "proof"
STEP = "proof_step"
"""The event that leads on."""
TAG = "proof"
SEGMENT = "Proof"
EVENTS = 3
ASKED = {"notice": "May we prove that you are forgotten?", "default_state": "unchecked", "control_kind": "checkbox", "language": "en"}


def prepare(walk: Walk) -> None:
    """A segment that both will be in, and links that are measured."""
    Workspace.objects.filter(pk=walk.workspace_id).update(measures_clicks=True, measures_opens=True)
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


def come_back(walk: Walk) -> None:
    """A message waits for its day; a link of it is followed, and a mailbox tells that the address is none."""
    for person, subject in walk.pairs:
        enqueue([_later(person, subject, walk.now)], walk.now)
        own = Message.objects.filter(bucket=subject.bucket, person_id=subject.person_id, source=SOURCE)
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


def _later(person: MadeUp, subject: Subject, now: int) -> NewMessage:
    return NewMessage(
        subject=subject,
        source=SOURCE,
        occurrence=1,
        channel="email",
        purpose="service",
        is_marketing=False,
        template_id=0,
        due_at=now + DAY,
        context={"event": {"word": person.values["waiting"]}},
        verdicts=[],
    )


def ask(walk: Walk) -> None:
    """Their rights: a request that waits, with words; a hold; an export; a look of a member's; and an event that is still in the inbox."""
    for person, subject in walk.pairs:
        request = ask_for_confirmation(subject, source=SOURCE, received_at=walk.now)
        add_note(request, text=f"They said {person.values['request']}", by=By(SOURCE), now=walk.now)
        place_hold(walk.workspace_id, person_id=subject.person_id, ground="proof", until=walk.now + DAY, now=walk.now)
        record_access(walk.workspace_id, user_id=0, role="proof", action="person.exported", at=walk.now, person_id=subject.person_id)
        with open_export(subject, ".zip", now=walk.now) as archive:
            archive.read()


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
