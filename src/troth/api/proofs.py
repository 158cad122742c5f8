"""Proofs of erasure: the history, each with its signed statement, and one started at once. They are of the whole installation, and about nobody."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from troth.api.access import WRITE_REGISTERS
from troth.api.errors import Conflict
from troth.api.schemas import Time, problems
from troth.kernel.clock import now_ms
from troth.kernel.json_text import decode
from troth.privacy.proofs.reading import last_proof, list_proofs, plain_run
from troth.privacy.proofs.running import ProofUnderWay
from troth.privacy.proofs.starting import ProvenJustNow, start_now

router = Router(tags=["registers"])


class ErasureProofOut(Schema):
    """A proof: two made-up persons went through everything, one was erased, every byte was searched for both."""

    id: str
    state: str = Field(description="running, passed, failed, or broken: it did not come to its end.")
    begun_at: Time
    ended_at: Time | None
    step: str
    bytes_done: int
    bytes_total: int
    files: int
    search_took_ms: int
    reasons: list[str] = Field(description="Why it did not pass.")


class ErasureStatementOut(Schema):
    """The newest proof that came to its end, with the signed statement as `troth privacy verify` takes it; both null before the first."""

    proof: ErasureProofOut | None
    certificate: dict[str, Any] | None


@router.get("/proofs", auth=WRITE_REGISTERS, response={200: list[ErasureProofOut], **problems()})
def list_erasure_proofs(request: HttpRequest, limit: Annotated[int, Query(ge=1, le=200)] = 30) -> list[dict[str, Any]]:
    """The latest, the newest first; they are of the whole installation."""
    return [plain_run(run) for run in list_proofs(limit)]


@router.get("/proofs/last", auth=WRITE_REGISTERS, response={200: ErasureStatementOut, **problems()})
def read_last_proof(request: HttpRequest) -> dict[str, Any]:
    """The newest that came to its end, with what was signed."""
    run = last_proof()
    if run is None:
        return {"proof": None, "certificate": None}
    return {"proof": plain_run(run), "certificate": decode(run.certificate)}


@router.post("/proofs", auth=WRITE_REGISTERS, response={202: ErasureProofOut, **problems(409)})
def start_erasure_proof(request: HttpRequest) -> Status[dict[str, Any]]:
    """Start one. It goes on in a process of its own: ask for it again until it is over."""
    try:
        run = start_now(now_ms())
    except (ProofUnderWay, ProvenJustNow) as error:
        raise Conflict(str(error)) from None
    return Status(202, plain_run(run))
