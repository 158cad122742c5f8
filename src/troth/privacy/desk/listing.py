"""Which requests the desk shows, and how many there are of each kind."""

from __future__ import annotations

from django.db.models import QuerySet

from troth.kernel.clock import DAY
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.privacy.states import OPEN, UNANSWERED

SOON = 7 * DAY
OPEN_ONLY, DUE_SOON, OVERDUE = "open", "due_soon", "overdue"
MOST_COUNTED = 10_000


def select(workspace_id: int, now: int, *, right: str = "", state: str = "", show: str = "") -> QuerySet[PrivacyRequest]:
    """Requests of a workspace by right, state, and `open`, `due_soon` (within a week) or `overdue`; what is not known is left out."""
    rows = PrivacyRequest.objects.filter(workspace_id=workspace_id)
    if right in RequestType.values:
        rows = rows.filter(type=right)
    if state in RequestState.values:
        rows = rows.filter(state=state)
    if show == OPEN_ONLY:
        rows = rows.filter(state__in=OPEN)
    elif show == DUE_SOON:
        rows = _running(rows).filter(due_at__gte=now, due_at__lt=now + SOON)
    elif show == OVERDUE:
        rows = _running(rows).filter(due_at__lt=now)
    return rows


def count_kinds(workspace_id: int, now: int) -> dict[str, int]:
    """How many are open, due soon and overdue; counted up to ten thousand each."""
    return {show: select(workspace_id, now, show=show)[:MOST_COUNTED].count() for show in (OPEN_ONLY, DUE_SOON, OVERDUE)}


def is_unanswered(request: PrivacyRequest) -> bool:
    """Whether the person still waits for an answer, so that the term matters."""
    return request.state in UNANSWERED


def _running(rows: QuerySet[PrivacyRequest]) -> QuerySet[PrivacyRequest]:
    """Those whose clock runs. Where it stands still the end of the term is not known yet; if that lasts somebody is told in another way."""
    return rows.filter(state__in=UNANSWERED, paused_at=None)
