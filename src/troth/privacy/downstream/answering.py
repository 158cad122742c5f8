"""What a recipient answered, or a member heard from them: written down with its proof, and certified anew where an erasure is concerned."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from django.db import transaction

from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.privacy.disclosures.log import OWN_RIGHTS, RIGHTS_NOTICE, Went, note_disclosures, note_mailed
from troth.privacy.downstream.course import CLOSED, RETRIED, moves, next_look, next_try, patience_ends
from troth.privacy.downstream.ways import Outcome, Proof, way_of
from troth.privacy.models.disclosures import NoticeAnswer, NoticeState, RecipientNotice, Way
from troth.privacy.news import answers

MOST_ANSWERS = 200
"""Of one notice that are kept."""


class NoticeUnknown(TrothError):
    """There is no such notice."""

    def __init__(self) -> None:
        super().__init__("There is no such notice to a recipient in this workspace.")


class AnswerImpossible(TrothError):
    """As the notice stands, this cannot be done."""


class Means(StrEnum):
    """By what a member heard of an answer."""

    LETTER = "letter"
    MAIL = "mail"
    PHONE = "phone"
    PORTAL = "portal"


def find_notice(workspace_id: int, notice_id: UUID) -> RecipientNotice:
    """One of a workspace. Raises NoticeUnknown."""
    found = RecipientNotice.objects.filter(workspace_id=workspace_id, pk=notice_id).first()
    if found is None:
        raise NoticeUnknown
    return found


def note_outcome(notice_id: UUID, outcome: Outcome, now: int, *, attempts: int | None = None) -> None:
    """Write down what came of telling or asking, or what a callback said. `attempts`: as they were; somebody else's later word counts more."""
    with transaction.atomic():
        own = RecipientNotice.objects.select_for_update().filter(pk=notice_id).first()
        if own is None:
            return
        if attempts is not None and own.attempts != attempts:
            # A callback, or a member, was quicker: what they said stands, and what came back is kept beside it.
            if outcome.proof:
                _keep(own, outcome.proof, outcome.state or NoticeState(own.state), now)
            return
        is_try = attempts is not None
        own.status, own.trouble = outcome.status, outcome.trouble
        before, was_told = (own.state, own.silent_at), own.told_at is not None
        if outcome.proof:
            _keep(own, outcome.proof, outcome.state or NoticeState(own.state), now)
        if is_try:
            own.attempts += 1
        if outcome.expected_at is not None:
            own.expected_at = outcome.expected_at
        if outcome.state and moves(own.state, outcome.state):
            _move(own, outcome.state, now, is_signed=outcome.is_signed)
        elif outcome.state == NoticeState.BY_HAND and own.state == NoticeState.WAITING:
            _hand_over_to_members(own, now)
        elif is_try and own.state not in CLOSED:  # one that was taken back meanwhile is not told again
            _put_off(own, outcome, now)
        own.save()
        if is_try and not was_told and own.told_at is not None:
            _note_disclosed(own, now)
        if before != (own.state, own.silent_at):
            answers.tell([own.request_id], now)


def _note_disclosed(own: RecipientNotice, now: int) -> None:
    """What a recipient was told went to it, and by mail to whoever carried that; of somebody erased nothing is kept."""
    if own.request.person_id is None:
        return
    subject = Subject(own.workspace_id, own.request.person_id)
    note_disclosures([Went(subject, own.kind, own.recipient_id, own.name, RIGHTS_NOTICE, OWN_RIGHTS, now)])
    if own.way == Way.MAIL:
        note_mailed([subject], now)


def _move(own: RecipientNotice, state: NoticeState, now: int, *, is_signed: bool) -> None:
    own.state = state
    own.told_at = own.told_at or now
    own.sealed = own.sealed_until = None
    own.silent_at = own.chase_at = None
    if state in CLOSED:
        own.answered_at, own.is_signed, own.due_at = now, is_signed, None
        return
    own.attempts = 0
    own.task, own.due_at = "ask", next_look(0, now)


def _hand_over_to_members(own: RecipientNotice, now: int) -> None:
    """No way of ours reaches them with this."""
    own.state, own.due_at, own.silent_at, own.chase_at = NoticeState.BY_HAND, None, now, now


def _put_off(own: RecipientNotice, outcome: Outcome, now: int) -> None:
    """Nothing came of it yet: the next try, or the end of the time for it."""
    if own.state == NoticeState.WAITING:
        own.due_at = next_try(own.attempts, now, own.retry_until)
        if own.due_at is None:
            own.silent_at = own.chase_at = now
        return
    if own.task == "cancel":
        own.task = "ask"
    ends = patience_ends(own.told_at or now, own.expected_at)
    own.due_at = next_look(own.attempts, now)
    if now >= ends and own.silent_at is None:
        own.silent_at = own.chase_at = now
    elif now < ends:
        own.due_at = min(own.due_at, ends)


def _keep(own: RecipientNotice, proof: Proof, state: NoticeState, now: int, *, means: str = "", user_id: int = 0) -> None:
    """The same answer is kept once."""
    if own.answers.count() >= MOST_ANSWERS or (proof.digest and own.answers.filter(kind=proof.kind, digest=proof.digest).exists()):
        return
    NoticeAnswer.objects.create(
        notice=own,
        at=now,
        kind=proof.kind,
        state=state,
        means=means,
        user_id=user_id,
        digest=proof.digest,
        body=proof.body,
        signature=proof.signature,
        certificate=proof.certificate,
        domain=proof.domain,
    )


def record_answer(notice: RecipientNotice, answer: str, means: str, *, user_id: int, now: int) -> None:
    """A member writes down what the recipient said by other means: that it is `done`, `in_progress`, or `refused`, or that they were `told`.

    Raises AnswerImpossible.
    """
    if means not in list(Means):
        raise AnswerImpossible(f"Say by what you heard it: {', '.join(Means)}.")
    wanted = {"told": NoticeState.TOLD, "in_progress": NoticeState.IN_PROGRESS, "done": NoticeState.DONE, "refused": NoticeState.REFUSED}
    if answer not in wanted:
        raise AnswerImpossible(f"The answer is one of {', '.join(wanted)}.")
    with transaction.atomic():
        own = RecipientNotice.objects.select_for_update().get(pk=notice.pk)
        if not moves(own.state, wanted[answer]):
            raise AnswerImpossible("This recipient is further already: the notice only moves forward.")
        _keep(own, Proof(kind="recorded"), wanted[answer], now, means=means, user_id=user_id)
        _move(own, wanted[answer], now, is_signed=False)
        if own.state not in CLOSED and own.way != Way.OPENDSR:
            own.due_at = patience_ends(now, None)
        own.trouble = ""
        own.save()
        answers.tell([own.request_id], now)
    notice.refresh_from_db()


def tell_again(notice: RecipientNotice, *, now: int) -> None:
    """Begin anew, by the way that is set up now. Raises AnswerImpossible where nothing is left to be told, or no way leads there."""
    with transaction.atomic():
        own = RecipientNotice.objects.select_for_update().get(pk=notice.pk)
        if own.state not in (NoticeState.WAITING, NoticeState.BY_HAND):
            raise AnswerImpossible("This recipient was told already.")
        if own.sealed is None:
            raise AnswerImpossible(
                "The identifiers were destroyed, as their time was over: tell the recipient yourself, and record the answer."
            )
        own.way = way_of(own)[0]
        if not own.way or own.way == Way.EXEMPT:
            raise AnswerImpossible("No way leads to this recipient: set one in the register of processors.")
        own.state, own.task, own.due_at, own.retry_until = NoticeState.WAITING, "tell", now, now + RETRIED
        own.attempts, own.silent_at, own.chase_at, own.trouble = 0, None, None, ""
        own.save()
    notice.refresh_from_db()


def take_back(notice: RecipientNotice, *, now: int) -> None:
    """Ask the recipient not to do it any more, which OpenDSR permits while they have not begun. Raises AnswerImpossible."""
    with transaction.atomic():
        own = RecipientNotice.objects.select_for_update().get(pk=notice.pk)
        if own.state == NoticeState.TOLD and own.way == Way.OPENDSR:
            own.task, own.due_at = "cancel", now
        elif own.state in (NoticeState.WAITING, NoticeState.BY_HAND) and own.told_at is None:
            _move(own, NoticeState.CANCELLED, now, is_signed=False)
            own.told_at = None
        else:
            raise AnswerImpossible(
                "It cannot be taken back any more: the recipient has begun, or is told by a way that has no taking back."
            )
        own.save()
        answers.tell([own.request_id], now)
    notice.refresh_from_db()


def day_of(at: int) -> str:
    """A day in UTC, as it stands in letters."""
    return datetime.fromtimestamp(at / 1000, UTC).date().isoformat()
