"""Starting a proof: every day by the worker, at any time by whoever may. It runs in a process of its own, so that nothing waits for it."""

from __future__ import annotations

from datetime import UTC, datetime

from troth.kernel.clock import DAY, HOUR, MINUTE
from troth.kernel.errors import TrothError
from troth.privacy.models.proofs import ProofRun, ProofState
from troth.privacy.proofs.running import ProofUnderWay, begin
from troth.privacy.starting import run_beside
from troth.workspaces.models import Workspace

EVERY = DAY
AGAIN_AFTER = HOUR
"""After one that broke off."""
REST = 10 * MINUTE
"""Between two that somebody asks for: a search reads everything that Troth keeps."""
SETTLED = HOUR
"""An installation proves nothing before it is so old."""


class ProvenJustNow(TrothError):
    """The last proof is too fresh."""

    def __init__(self) -> None:
        super().__init__(f"A proof has just ended: another may begin {REST // MINUTE} minutes after it.")


def start_when_due(now: int) -> bool:
    """Worker duty: start the proof of the day."""
    last = ProofRun.objects.order_by("-begun_at").first()
    if last is None:
        is_due = Workspace.objects.filter(is_canary=False, created_at__lt=datetime.fromtimestamp((now - SETTLED) / 1000, UTC)).exists()
    elif last.state == ProofState.BROKEN:
        is_due = now - last.begun_at >= AGAIN_AFTER
    else:
        is_due = now - last.begun_at >= EVERY
    if is_due:
        try:
            _start(begin(now))
        except ProofUnderWay:
            return False
    return False


def start_now(now: int) -> ProofRun:
    """Start one because somebody asks for it. Raises ProofUnderWay, ProvenJustNow."""
    last = ProofRun.objects.exclude(state=ProofState.RUNNING).order_by("-begun_at").first()
    if last is not None and last.ended_at is not None and now - last.ended_at < REST:
        raise ProvenJustNow
    run = begin(now)
    _start(run)
    return run


def _start(run: ProofRun) -> None:
    """Carry it out in a child of low priority, which outlives this process if need be."""
    run_beside("privacy_prove", "--begun", str(run.pk))
