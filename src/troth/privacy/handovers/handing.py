"""Asking for a hand-over, trying until the recipient has it, and the receipt. Here alone what leaves in this way is noted (disclosure log)."""

from __future__ import annotations

import hashlib
import os
from io import BytesIO
from typing import IO, Any
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet

from troth.kernel.clock import DAY, HOUR, MINUTE, iso, now_ms
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.people.lookup import PersonNotFound
from troth.privacy.certificate import certify
from troth.privacy.desk.cases import subject_of
from troth.privacy.desk.portability import open_portable
from troth.privacy.disclosures.log import CONTROLLER, Went, note_disclosures
from troth.privacy.exporting.export import open_export
from troth.privacy.handovers.answers import Answer
from troth.privacy.handovers.parts import abort, hand_in_parts, has_parts
from troth.privacy.handovers.posting import hand
from troth.privacy.handovers.targets import Kept, Target, Upload, check_target, open_target, seal_target
from troth.privacy.history import HAND_OUT, By, write_step
from troth.privacy.members import write_member
from troth.privacy.models import PrivacyRequest, RequestType
from troth.privacy.models.takeaways import Handover, HandoverState, Takeaway, TakeawayState
from troth.privacy.requests import record_done
from troth.privacy.takeaways.asking import TakeawayNotThere, path_of
from troth.workspaces.models import User

log = structlog.get_logger()
LONGEST_TRYING = 3 * DAY
LEASE = 10 * MINUTE
"""How long a hand-over belongs to the process that tries it."""
LONGEST_NAME = 200
ZIP = "application/zip"
JSON = "application/json"
TAKEAWAY, MEMBER = "takeaway", "member"


class HandoverInvalid(TrothError):
    """What cannot be handed over; the message begins with the field."""


class HandoverUnknown(TrothError):
    """There is no such hand-over in this workspace."""


class _Gone(Exception):
    """What was to be handed over is not there any more."""


def hand_over_takeaway(own: Takeaway, target: Target, *, recipient: str, by: str, now: int) -> Handover:
    """Have an account's file handed over, when it is ready. Raises TargetInvalid, HandoverInvalid."""
    return _ask(own.workspace_id, TAKEAWAY, target, recipient=recipient, by=by, now=now, takeaway_id=own.pk)


def hand_over_person(subject: Subject, target: Target, *, portable: bool, recipient: str, by: str, source: str, now: int) -> Handover:
    """Have what is held on a person handed over to another controller, as they wish (Art. 20(2)); `portable`: what they provided alone.

    It is recorded as a privacy request and told in the disclosure log once it went. Raises PersonNotFound, TargetInvalid, HandoverInvalid.
    """
    right = RequestType.PORTABILITY if portable else RequestType.ACCESS
    with transaction.atomic():
        request = record_done(subject, right, source=source, now=now, steps={"handed_over_directly": True})
        return _ask(subject.workspace_id, right.value, target, recipient=recipient, by=by, now=now, request_id=request.pk)


def hand_over_for(request: PrivacyRequest, target: Target, *, recipient: str, by: str, now: int) -> Handover:
    """Have what a person provided handed over for a request that is recorded already. Raises TargetInvalid, HandoverInvalid."""
    return _ask(request.workspace_id, RequestType.PORTABILITY.value, target, recipient=recipient, by=by, now=now, request_id=request.pk)


def hand_over_member(user: User, target: Target, *, recipient: str, now: int) -> Handover:
    """Have everything held on a member handed over to whom they say (row C8). Raises TargetInvalid, HandoverInvalid."""
    return _ask(0, MEMBER, target, recipient=recipient, by=f"user {user.pk}", now=now, user_id=user.pk)


def check_recipient(recipient: str) -> str:
    """The name as it is kept. Raises HandoverInvalid."""
    if not recipient.strip() or len(recipient) > LONGEST_NAME or "\0" in recipient:
        raise HandoverInvalid(f"$.recipient: say who gets it, in at most {LONGEST_NAME} characters.")
    return recipient.strip()


def _ask(workspace_id: int, what: str, target: Target, *, recipient: str, by: str, now: int, **about: Any) -> Handover:
    checked = check_target(target)
    return Handover.objects.create(
        workspace_id=workspace_id,
        what=what,
        recipient=check_recipient(recipient),
        host=checked.host,
        target=seal_target(checked),
        asked_by=by,
        asked_at=now,
        state=HandoverState.WAITING,
        next_at=now,
        **about,
    )


def list_handovers(workspace_id: int) -> QuerySet[Handover]:
    """The newest first."""
    return Handover.objects.filter(workspace_id=workspace_id).order_by("-pk")


def list_of_member(user: User) -> QuerySet[Handover]:
    """What a member had handed over of their own, the newest first."""
    return Handover.objects.filter(user=user).order_by("-pk")


def find_of_request(request: PrivacyRequest) -> Handover | None:
    """What is, or was, handed over for a request."""
    return Handover.objects.filter(workspace_id=request.workspace_id, request_id=request.pk).order_by("-pk").first()


def find_handover(workspace_id: int, handover_id: int) -> Handover:
    """One of a workspace's. Raises HandoverUnknown."""
    found = list_handovers(workspace_id).filter(pk=handover_id).first()
    if found is None:
        raise HandoverUnknown("There is no such hand-over in this workspace.")
    return found


def hand_over(own: Handover, now: int) -> Handover:
    """One try, written down. Never inside a transaction."""
    target = open_target(bytes(own.target)) if own.target is not None else None
    takeaway = Takeaway.objects.filter(pk=own.takeaway_id).first() if own.takeaway_id else None
    if takeaway is not None and takeaway.state in (TakeawayState.WAITING, TakeawayState.WRITING):
        own.attempts -= 1
        own.next_at = now + 5_000
        own.save(update_fields=["attempts", "next_at"])
        return own
    try:
        if target is None:
            raise _Gone
        with _open(own, takeaway, now) as file:
            own.bytes, own.sha256 = _measure(file)
            answer = _send(own, target, file)
    except (_Gone, PersonNotFound, TakeawayNotThere):
        answer = Answer(410, "gone")
    begun = open_target(bytes(own.target)) if own.target is not None else None
    if begun is not None and begun.upload is not None and not answer.is_taken and _is_over(own, answer, now_ms()):
        abort(begun, begun.upload, now_ms)
    _settle(own, answer, now_ms())
    return own


def _send(own: Handover, target: Kept, file: IO[bytes]) -> Answer:
    kind = JSON if own.what == MEMBER else ZIP
    if not has_parts(target, own.bytes):
        return hand(target, file, size=own.bytes, sha256=own.sha256, kind=kind, at=now_ms())

    def keep(upload: Upload | None) -> None:
        # A large file takes longer than the lease: while parts go, it stays with this process.
        own.target, own.next_at = seal_target(target, upload), now_ms() + LEASE
        own.save(update_fields=["target", "next_at"])

    return hand_in_parts(target, file, size=own.bytes, sha256=own.sha256, kind=kind, upload=target.upload, keep=keep, now=now_ms)


def _is_over(own: Handover, answer: Answer, now: int) -> bool:
    return answer.is_final or answer.trouble == "gone" or now - own.asked_at > LONGEST_TRYING


def _open(own: Handover, takeaway: Takeaway | None, now: int) -> IO[bytes]:
    if own.what == TAKEAWAY:
        if takeaway is None:
            raise _Gone
        return path_of(takeaway).open("rb")
    if own.what == MEMBER:
        if own.user is None:
            raise _Gone
        return BytesIO(write_member(own.user))
    request = _request_of(own)
    if request is None:
        raise _Gone
    subject, language = subject_of(request), request.language
    if own.what == RequestType.PORTABILITY:
        return open_portable(subject, now=now, language=language)
    return open_export(subject, ".zip", now=now, language=language)


def _request_of(own: Handover) -> PrivacyRequest | None:
    """The request of a person who is still there; of any other None."""
    return PrivacyRequest.objects.filter(workspace_id=own.workspace_id, pk=own.request_id or UUID(int=0), person_id__isnull=False).first()


def _measure(file: IO[bytes]) -> tuple[int, str]:
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    size = file.tell()
    file.seek(0, os.SEEK_SET)
    return size, digest.hexdigest()


def _settle(own: Handover, answer: Answer, now: int) -> None:
    """The one place where it is written down that data went to a recipient in this way."""
    own.status, own.trouble, own.answer = answer.status, answer.trouble, answer.says
    if _is_over(own, answer, now):
        own.state = HandoverState.DONE if answer.is_taken else HandoverState.FAILED
        own.ended_at, own.next_at, own.target = now, None, None
    else:
        own.next_at = now + min(6 * HOUR, MINUTE * 2 ** min(own.attempts, 10))
    with transaction.atomic():
        if answer.is_taken:
            own.receipt = certify(_claims(own))
            request = _request_of(own)
            if request is not None:
                note_disclosures([Went(subject_of(request), CONTROLLER, own.pk, own.recipient, "export", own.what, now)])
                write_step(request, HAND_OUT, By("worker"), now, facts={"handover": own.pk, "bytes": own.bytes})
        own.save()
    log.info("handed_over", handover_id=own.pk, state=own.state, status=own.status, trouble=own.trouble)


def _claims(own: Handover) -> dict[str, Any]:
    """What the receipt says: what went to whom, when, its hash, and what was answered. It names no person."""
    return {
        "type": "handed over",
        "version": 1,
        "issuer": "troth",
        "handover": own.pk,
        "workspace_id": own.workspace_id,
        "what": own.what,
        "request_id": str(own.request_id) if own.request_id else None,
        "recipient": own.recipient,
        "host": own.host,
        "asked_by": own.asked_by,
        "asked_at": iso(own.asked_at),
        "handed_over_at": iso(own.ended_at or own.asked_at),
        "attempts": own.attempts,
        "bytes": own.bytes,
        "sha256": own.sha256,
        "answered": {"status": own.status, "says": own.answer},
    }
