"""In a workspace that processes for another controller, a request of that controller is an instruction (Art. 28(3)(a)): carried out by itself.

It waits a quarter of an hour first, in which the controller can take it back. Where it needs somebody it goes to the desk: a correction, what has to
be read, and whatever leads to several people.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from troth.kernel.clock import HOUR, MINUTE
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.privacy.contested import is_request_contested
from troth.privacy.desk.carrying_out import Details
from troth.privacy.desk.deciding import is_for_another
from troth.privacy.desk.steps import Said, Step, take_step
from troth.privacy.history import By
from troth.privacy.models import PrivacyRequest, RequestType
from troth.privacy.models.opendsr import OpendsrRequest
from troth.privacy.opendsr.bodies import RequestStatus
from troth.privacy.opendsr.following import cases_of
from troth.privacy.opendsr.statuses import OUTSIDE

log = structlog.get_logger()
TIME_TO_CANCEL = 15 * MINUTE
TOGETHER = 20
LEASE = 10 * MINUTE


def when_to_carry_out(workspace_id: int, right: str, subjects: Sequence[Subject], now: int) -> int | None:
    """When a request is carried out by itself; None: a member does it."""
    if not is_for_another(workspace_id) or right == RequestType.RECTIFICATION or len(subjects) != 1:
        return None
    return now + TIME_TO_CANCEL


def carry_out_due(now: int) -> bool:
    """Worker duty: carry out the instructions whose time has come; True while there may be more."""
    due = list(OpendsrRequest.objects.filter(carry_out_at__lte=now).order_by("carry_out_at")[:TOGETHER])
    for row in due:
        # Whoever carries it out dies perhaps: then it is tried again.
        if OpendsrRequest.objects.filter(pk=row.pk, carry_out_at=row.carry_out_at).update(carry_out_at=now + LEASE):
            _carry_out(row, now)
    return len(due) == TOGETHER


def _carry_out(row: OpendsrRequest, now: int) -> None:
    if any(is_request_contested(case.pk) for case in cases_of(row)):
        # It waits for the controller; who settles that sets when it goes on.
        OpendsrRequest.objects.filter(pk=row.pk).update(carry_out_at=now + HOUR)
        return
    details = Details(purposes=None if row.purposes is None else tuple(row.purposes))
    for case in cases_of(row):
        if OUTSIDE[case.state] is not RequestStatus.PENDING:
            continue
        try:
            take_step(case, Step.CARRY_OUT, Said(details=details), by=By("opendsr"), now=now)
        except TrothError as error:
            log.error("instruction_not_carried_out", request_id=str(case.pk), error=type(error).__name__)
            PrivacyRequest.objects.filter(pk=case.pk).update(tell_at=now)
    OpendsrRequest.objects.filter(pk=row.pk).update(carry_out_at=None)
