"""A request that came over OpenDSR, after it came: where it is, how it moves, and how it is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from troth.kernel.errors import TrothError
from troth.privacy.desk.cases import withdraw
from troth.privacy.history import By, read_words
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.privacy.models.opendsr import OpendsrCallback, OpendsrCase, OpendsrRequest
from troth.privacy.opendsr.bodies import Callback, Cancellation, RequestStatus, Status, to_moment
from troth.privacy.opendsr.callback_queue import enqueue
from troth.privacy.opendsr.own_certificate import own_domain
from troth.privacy.opendsr.results import make_results_url
from troth.privacy.opendsr.statuses import OUTSIDE, is_after, reason_of, status_of
from troth.privacy.states import Act

OPENDSR = By("opendsr")


class RequestUnknown(TrothError):
    """No such request in this workspace."""

    def __init__(self) -> None:
        super().__init__("there is no request of that subject_request_id")


class CancelImpossible(TrothError):
    """It is under way, or over."""

    def __init__(self, status: str) -> None:
        super().__init__(f"only a pending request can be cancelled: this one is {status}")


def find_opendsr_request(workspace_id: int, subject_request_id: UUID) -> OpendsrRequest:
    """One request of a workspace by the controller's own id. Raises RequestUnknown."""
    found = OpendsrRequest.objects.filter(workspace_id=workspace_id, subject_request_id=subject_request_id).first()
    if found is None:
        raise RequestUnknown
    return found


def cases_of(request: OpendsrRequest) -> list[PrivacyRequest]:
    """Its cases on the desk, in a fixed order."""
    return list(PrivacyRequest.objects.filter(workspace_id=request.workspace_id, opendsr__request=request).order_by("pk"))


def note_moves(moved: Sequence[UUID], now: int) -> None:
    """Reaction to cases that moved, in their transaction: a new state outside is kept, and goes to every callback address."""
    found = OpendsrCase.objects.filter(case_id__in=list(moved)).values_list("request_id", flat=True).distinct()
    # Whoever moves another case of the same request waits here, and then sees this one's.
    for row in OpendsrRequest.objects.select_for_update().filter(pk__in=list(found)).order_by("pk"):
        note_status(row, now)


def note_status(row: OpendsrRequest, now: int) -> None:
    """Keep where a locked request is, and have it told, if that is news."""
    cases = cases_of(row)
    status = status_of([case.state for case in cases])
    if not is_after(status, row.status):
        return
    row.status = status
    row.carry_out_at = row.carry_out_at if status == RequestStatus.PENDING else None
    row.save(update_fields=["status", "carry_out_at"])
    enqueue(row, expected_of(row, cases), now)


def show_status(row: OpendsrRequest, key_id: int, version: str, now: int) -> Status:
    """The answer to whoever asks where a request is; `key_id`: who asks, for results are for them alone."""
    cases = cases_of(row)
    return Status(
        controller_id=str(row.workspace_id),
        expected_completion_time=to_moment(expected_of(row, cases)),
        subject_request_id=str(row.subject_request_id),
        request_status=RequestStatus(row.status),
        api_version=version,
        results_url=make_results_url(row, cases, key_id, now),
        results_count=count_results(row, cases),
        extensions=_extensions(row, cases, with_words=True),
    )


def show_callback(row: OpendsrRequest, callback: OpendsrCallback, now: int) -> Callback:
    """What is told to a callback address: the state that was come to then, whatever it is now."""
    is_now = callback.status == row.status
    cases = cases_of(row) if is_now else []
    return Callback(
        controller_id=str(row.workspace_id),
        status_callback_url=callback.url,
        subject_request_id=str(row.subject_request_id),
        request_status=RequestStatus(callback.status),
        expected_completion_time=to_moment(callback.expected_at),
        results_url=make_results_url(row, cases, row.key_id, now),
        results_count=count_results(row, cases),
        extensions=_extensions(row, cases, with_words=False),
    )


def cancel(row: OpendsrRequest, version: str, now: int) -> Cancellation:
    """Take a pending request back. Raises CancelImpossible."""
    with transaction.atomic():
        # First the cases, then, as they move, the request: in the order in which members' acts take them.
        cases = list(PrivacyRequest.objects.select_for_update().filter(opendsr__request=row).order_by("pk"))
        status = status_of([case.state for case in cases])
        if status is not RequestStatus.PENDING:
            raise CancelImpossible(status)
        for case in cases:
            if OUTSIDE[case.state] is RequestStatus.PENDING:
                withdraw(case, by=OPENDSR, now=now)
    return Cancellation(
        controller_id=str(row.workspace_id),
        subject_request_id=str(row.subject_request_id),
        received_time=to_moment(now),
        api_version=version,
    )


def expected_of(row: OpendsrRequest, cases: Sequence[PrivacyRequest]) -> int:
    """By when it will be answered: the latest end of a term, extensions and pauses included."""
    return max((case.due_at for case in cases), default=row.expected_at)


def count_results(row: OpendsrRequest, cases: Sequence[PrivacyRequest]) -> int | None:
    """How many records were erased. Of what is handed out nothing is counted beforehand: it is made when it is fetched."""
    if row.status != RequestStatus.COMPLETED or row.type != RequestType.ERASURE or not cases:
        return None
    return sum(sum(case.steps.get("records", {}).values()) for case in cases)


def _extensions(row: OpendsrRequest, cases: Sequence[PrivacyRequest], *, with_words: bool) -> dict[str, dict[str, Any]]:
    """Why it was cancelled; the words of a refusal only to whoever asks with the key."""
    if row.status != RequestStatus.CANCELLED or not cases:
        return {}
    told: dict[str, Any] = {"reason": reason_of([case.state for case in cases])}
    refused = [case for case in cases if with_words and case.state == RequestState.REFUSED]
    words = [text for case in refused if (text := _words_of(case))]
    return {own_domain(): {**told, **({"words": words} if words else {})}}


def _words_of(case: PrivacyRequest) -> str:
    steps = set(case.history.filter(act=Act.REFUSE).values_list("pk", flat=True))
    return next((words.text for step_id, words in read_words(case).items() if step_id in steps), "")
