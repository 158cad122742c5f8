"""The history of proofs, read."""

from __future__ import annotations

from typing import Any

from troth.kernel.clock import iso
from troth.privacy.models.proofs import ProofRun, ProofState


def last_proof() -> ProofRun | None:
    """The newest that came to its end; None: there is none yet."""
    return ProofRun.objects.filter(state__in=(ProofState.PASSED, ProofState.FAILED)).order_by("-begun_at").first()


def list_proofs(most: int) -> list[ProofRun]:
    """The latest, the newest first."""
    return list(ProofRun.objects.order_by("-begun_at")[:most])


def plain_run(run: ProofRun) -> dict[str, Any]:
    """A proof for JSON, without its statement."""
    return {
        "id": str(run.pk),
        "state": run.state,
        "begun_at": iso(run.begun_at),
        "ended_at": iso(run.ended_at) if run.ended_at else None,
        "step": run.step,
        "bytes_done": run.done,
        "bytes_total": run.total,
        "files": run.files,
        "search_took_ms": run.took_ms,
        "reasons": run.reasons,
    }
