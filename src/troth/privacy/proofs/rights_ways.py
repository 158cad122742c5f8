"""The ways through the rights: asked for before anybody knows them, by themselves, by a controller's system, and at the desk; and what was told to whom."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import msgspec
from django.db import transaction

from troth.kernel.clock import DAY
from troth.privacy.desk.cases import add_note
from troth.privacy.desk.requesters import take_request
from troth.privacy.desk.self_service import correct
from troth.privacy.disclosures.log import CONTROLLER, Went, note_disclosures
from troth.privacy.exporting.export import open_export
from troth.privacy.handovers.handing import hand_over_person
from troth.privacy.handovers.targets import Target
from troth.privacy.history import By
from troth.privacy.models import RequestType
from troth.privacy.models.takeaways import Handover
from troth.privacy.opendsr.bodies import REGULATIONS, V2, Identity, Request
from troth.privacy.opendsr.receiving import receive
from troth.privacy.proofs.own_ways import SOURCE
from troth.privacy.proofs.ways import Walk
from troth.privacy.requests import ask_for_confirmation
from troth.privacy.retention.holds import place_hold
from troth.workspaces.audit import record_access

NOWHERE = "https://canary.invalid/"
"""Where no name leads (RFC 2606)."""
RECIPIENT = "Proof"


def knock(walk: Walk) -> None:
    """Each asks before anybody knows them: what they wrote, and where they can be answered, lies in a file of its own."""
    for person in walk.people:
        words = f"They said {person.values['letter']}"
        take_request(
            walk.workspace_id, RequestType.ACCESS, told={}, address=person.values["email"], by=By(SOURCE), now=walk.now, words=words
        )


def be_handed_over(walk: Walk) -> None:
    """Their data is to be handed over. Nobody tries, so that nothing leaves, but it is noted as if it had: recipients are told of what follows."""
    for _, subject in walk.pairs:
        with transaction.atomic():
            own = hand_over_person(subject, Target(url=NOWHERE), portable=True, recipient=RECIPIENT, by=SOURCE, source=SOURCE, now=walk.now)
            Handover.objects.filter(pk=own.pk).update(next_at=None)
            note_disclosures([Went(subject, CONTROLLER, own.pk, own.recipient, "export", own.what, walk.now)])


def help_themselves(walk: Walk) -> None:
    """On their own pages they correct what is theirs to say, which recipients are told of, and write to the desk about the rest."""
    for person, subject in walk.pairs:
        own = person.values
        correct(subject, {"city": own["corrected"]}, f"They said {own['remark']}", now=walk.now, language="en")


def be_asked_for(walk: Walk) -> None:
    """A controller's system asks for each (OpenDSR)."""
    for person in walk.people:
        asked = Request(
            regulation=REGULATIONS[0],
            subject_request_id=str(uuid.uuid4()),
            subject_request_type=RequestType.ACCESS,
            submitted_time=datetime.fromtimestamp(walk.now / 1000, UTC),
            subject_identities=[Identity(identity_type="email", identity_value=person.values["email"], identity_format="raw")],
            api_version=V2,
        )
        receive(walk.workspace_id, 0, msgspec.json.encode(asked), V2, walk.now)


def ask(walk: Walk) -> None:
    """At the desk: a request that waits, with words; a hold; an export; a look of a member's."""
    for person, subject in walk.pairs:
        request = ask_for_confirmation(subject, source=SOURCE, received_at=walk.now)
        add_note(request, text=f"They said {person.values['request']}", by=By(SOURCE), now=walk.now)
        place_hold(walk.workspace_id, person_id=subject.person_id, ground="proof", until=walk.now + DAY, now=walk.now)
        record_access(walk.workspace_id, user_id=0, role="proof", action="person.exported", at=walk.now, person_id=subject.person_id)
        with open_export(subject, ".zip", now=walk.now) as archive:
            archive.read()
