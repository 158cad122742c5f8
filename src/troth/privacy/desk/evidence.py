"""The evidence file of a request (Art. 5(2)): what was asked, how the clock ran, who was known how, every step, what was said, and what was done.

It is signed like a certificate, so that anybody can tell with the public key alone whether a word was changed: `troth privacy verify FILE`.
It names no person, no identifier and no member: roles, means and days. What was written to the person is in it while the person is there.
"""

from __future__ import annotations

import json
from typing import Any

from troth.kernel.clock import iso
from troth.privacy.certificate import certify
from troth.privacy.desk.cases import clock_of, pauses_of
from troth.privacy.desk.lifting import ANNOUNCE, LIFT
from troth.privacy.desk.weighing import WEIGH
from troth.privacy.downstream.acknowledgements import read_acknowledgements
from troth.privacy.history import read_history, read_words
from troth.privacy.models import PrivacyRequest
from troth.privacy.models.takeaways import Handover, HandoverState
from troth.privacy.seats import unpack_seat
from troth.workspaces.models import Workspace

WRITTEN = frozenset(
    {
        *("ask_identity", "ask_clarification", "extend", "refuse", "answer", "tell"),
        *("ask_fee", "not_found", ANNOUNCE, LIFT, WEIGH),
    }
)
"""What the company wrote: its letters, and the weighing that it has to show (Art. 21(1)). The person's own words and notes prove nothing, and stay out."""


def make_evidence(request: PrivacyRequest, now: int, *, with_letters: bool = True) -> str:
    """The file, as signed JSON text."""
    return certify(_claims(request, now, with_letters=with_letters))


def _taken(request: PrivacyRequest) -> list[Handover]:
    """What another controller took directly, with a receipt (Art. 20(2))."""
    return list(Handover.objects.filter(workspace_id=request.workspace_id, request_id=request.pk, state=HandoverState.DONE).order_by("pk"))


def _claims(request: PrivacyRequest, now: int, *, with_letters: bool) -> dict[str, Any]:
    clock, seat = clock_of(request, now), unpack_seat(request.seat)
    words = read_words(request) if with_letters else {}
    return {
        "type": "request",
        "version": 1,
        "issuer": "troth",
        "controller": Workspace.objects.values_list("name", flat=True).get(pk=request.workspace_id),
        "request_id": str(request.pk),
        "workspace_id": request.workspace_id,
        "issued_at": iso(now),
        "right": request.type,
        "state": request.state,
        "door": request.source,
        "clock": {
            "received_at": iso(request.received_at),
            "due_at": iso(request.due_at if request.closed_at else clock.due_at),
            "seat": {"country": seat.country, "region": seat.region, "zone": seat.zone},
            "pauses": [[iso(pause.since), iso(pause.until) if pause.until else None] for pause in pauses_of(request)],
            "extended_at": iso(request.extended_at) if request.extended_at else None,
            "answered_at": iso(request.closed_at) if request.closed_at else None,
            "in_time": (request.closed_at or now) <= (request.due_at if request.closed_at else clock.due_at),
        },
        "identity": {"means": request.identity or None, "at": iso(request.identified_at) if request.identified_at else None},
        "steps": [
            {
                "at": iso(step.at),
                "step": step.act,
                "door": step.door,
                "role": step.role or None,
                "state": step.state,
                "facts": step.facts,
                **({"subject": words[step.id].subject, "text": words[step.id].text} if step.id in words and step.act in WRITTEN else {}),
            }
            for step in read_history(request)
        ],
        "handed_over": [json.loads(own.receipt) for own in _taken(request)],
        "done": {key: value for key, value in request.steps.items() if key != "last_search"},
        "recipients": read_acknowledgements(request.pk).recipients,
        "certificate": json.loads(request.certificate) if request.certificate else None,
    }
