"""Lifting a restriction, as a step of the request that began it: the person is told before, or it is not lifted (Art. 18(3))."""

from __future__ import annotations

from django.db import transaction

from troth.consent.decisions import is_restricted, load_stances
from troth.privacy.desk.cases import ReasonMissing, subject_of
from troth.privacy.desk.freezing import list_liftable
from troth.privacy.downstream.opening import find_known, open_lifting
from troth.privacy.history import By, Words, read_history, write_step
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.privacy.requests import carry_restriction
from troth.privacy.states import StepImpossible

ANNOUNCE, LIFT = "announce_lifting", "lift"


def can_lift(request: PrivacyRequest) -> bool:
    """Whether a request is one for a restriction, honoured, whose person is restricted still."""
    if request.type != RequestType.RESTRICTION or request.state != RequestState.DONE or request.person_id is None:
        return False
    if limited := limited_to(request):
        return bool(list_liftable(request, limited))
    return is_restricted(load_stances([request.person_id]).get(request.person_id, {}))


def limited_to(request: PrivacyRequest) -> list[str]:
    """The purposes to which a restriction is limited; empty: it is of everything."""
    limited: list[str] = request.steps.get("purposes", [])
    return limited


def is_announced(request: PrivacyRequest) -> bool:
    """Whether the person was told that it ends, since it was lifted last."""
    acts = [step.act for step in read_history(request) if step.act in (ANNOUNCE, LIFT)]
    return bool(acts) and acts[-1] == ANNOUNCE


def check_announcing(request: PrivacyRequest, reasons: str) -> None:
    """Raises PersonGone, StepImpossible, ReasonMissing: what stands against telling the person that the restriction ends."""
    subject_of(request)
    if not can_lift(request):
        raise StepImpossible("There is no restriction of this request to lift: it is lifted already, or the request is not done.")
    if not reasons.strip():
        raise ReasonMissing("Tell the person that the restriction is lifted, and why.")


def check_lifting(request: PrivacyRequest) -> None:
    """Raises PersonGone, StepImpossible: what stands against lifting."""
    check_announcing(request, "told before")
    if not is_announced(request):
        raise StepImpossible("Tell the person first that the restriction is going to be lifted (Art. 18(3)): step announce_lifting.")


def lift(request: PrivacyRequest, reason: str, *, by: By, now: int) -> None:
    """Lift it, and write it down, at once. Raises as `check_lifting` does."""
    check_lifting(request)
    with transaction.atomic():
        known = find_known([subject_of(request)])
        purposes = list_liftable(request, limited_to(request))
        subject = subject_of(request)
        done = carry_restriction(subject, lift=True, source=by.door, reason=reason, now=now, told=True, purposes=purposes)
        write_step(request, LIFT, by, now, facts=done, words=Words(reason))
        open_lifting(request, known, now, purposes=purposes or None)
