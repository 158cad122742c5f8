"""What a request is called outside: the specification's four states for the desk's thirteen. Pure; it moves only forward."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from troth.privacy.models import RequestState
from troth.privacy.opendsr.bodies import RequestStatus

S = RequestState
OUTSIDE: Mapping[str, RequestStatus] = MappingProxyType(
    {
        **dict.fromkeys(
            (S.RECEIVED, S.AWAITING_CONFIRMATION, S.IDENTITY_CHECK, S.CLARIFICATION, S.RUNNING, S.EXTENDED), RequestStatus.PENDING
        ),
        # Deleted is not erased: completed only when the search of every byte has passed.
        **dict.fromkeys((S.EXECUTING, S.DELETED, S.RESIDUE_FOUND), RequestStatus.IN_PROGRESS),
        **dict.fromkeys((S.ERASED, S.DONE), RequestStatus.COMPLETED),
        **dict.fromkeys((S.REFUSED, S.WITHDRAWN), RequestStatus.CANCELLED),
    }
)

ORDER: Mapping[str, int] = MappingProxyType(
    {RequestStatus.PENDING: 0, RequestStatus.IN_PROGRESS: 1, RequestStatus.COMPLETED: 2, RequestStatus.CANCELLED: 2}
)


def status_of(states: Collection[str]) -> RequestStatus:
    """The state of a request by those of its cases: what was cancelled does not hold up the others."""
    outside = {OUTSIDE[state] for state in states}
    live = outside - {RequestStatus.CANCELLED}
    if not live:
        return RequestStatus.CANCELLED
    return live.pop() if len(live) == 1 else RequestStatus.IN_PROGRESS


def is_after(status: str, before: str) -> bool:
    """Whether a state can follow another one outside."""
    return ORDER[status] > ORDER[before]


def reason_of(states: Collection[str]) -> str:
    """Why a request was cancelled, in a word; the specification has none for it."""
    return "refused" if S.REFUSED in states else "withdrawn"
