"""Whether persons' requests are answered in time, and whether this database has forgotten all that it must."""

from __future__ import annotations

from troth.privacy.contests.telling import count_untold
from troth.privacy.desk.forwarding import count_late
from troth.privacy.erasure.restore_guard import is_behind
from troth.privacy.models import PrivacyRequest, RequestState
from troth.privacy.states import OPEN, UNANSWERED


def check_requests(now: int) -> tuple[bool, str]:
    """Trouble when the legal term of a request is over (Art. 12(3) GDPR), when a search found what should be gone, or when a processor kept a request, or its doubts, to itself."""
    waiting = PrivacyRequest.objects.filter(state__in=OPEN)
    overdue = waiting.filter(state__in=UNANSWERED, paused_at=None, due_at__lt=now).count()
    residue = waiting.filter(state=RequestState.RESIDUE_FOUND).count()
    late, untold = count_late(now), count_untold(now)
    told = f"{waiting.count()} open, {overdue} overdue, {residue} with residue" + (
        f", {late} not passed on to the controller" if late else ""
    )
    if untold:
        told += f", {untold} contested instructions of which the controller was not told: see Agreements, Instructions"
    is_good = not overdue and not residue and not late and not untold
    return is_good, told if is_good else f"{told}: `troth privacy requests --open` lists them"


def check_ledger(now: int) -> tuple[bool, str]:
    """Trouble when the erasure ledger holds what this database has not applied."""
    behind = is_behind()
    return (
        not behind,
        "followed to its end" if not behind else "this database has not followed it: start `troth serve`, which replays it first",
    )
