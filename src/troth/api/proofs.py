"""Proofs of erasure: the history, each with its signed statement, and one started at once. They are of the whole installation, and about nobody."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from troth.api.access import WRITE_REGISTERS
from troth.api.errors import Conflict, NotFound
from troth.api.schemas import Time, problems
from troth.kernel.clock import now_ms
from troth.kernel.json_text import decode
from troth.privacy.proof_models import ProofRun
from troth.privacy.proofs.reading import list_proofs, plain_run
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


class ErasureStatementOut(ErasureProofOut):
    """With the signed statement, as `troth privacy verify` takes it."""

    certificate: dict[str, Any] | None


@router.get("/proofs", auth=WRITE_REGISTERS, response={200: list[ErasureProofOut], **problems()})
def list_erasure_proofs(request: HttpRequest, limit: Annotated[int, Query(ge=1, le=200)] = 30) -> list[dict[str, Any]]:
    """The latest, the newest first."""
    return [plain_run(run) for run in list_proofs(limit)]


@router.get("/proofs/{proof_id}", auth=WRITE_REGISTERS, response={200: ErasureStatementOut, **problems(404)})
def read_erasure_proof(request: HttpRequest, proof_id: UUID) -> dict[str, Any]:
    """One of them, with what was signed."""
    run = ProofRun.objects.filter(pk=proof_id).first()
    if run is None:
        raise NotFound("There is no such proof: GET /proofs lists them.")
    return {**plain_run(run), "certificate": decode(run.certificate) if run.certificate else None}


@router.post("/proofs", auth=WRITE_REGISTERS, response={202: ErasureProofOut, **problems(409)})
def start_erasure_proof(request: HttpRequest) -> Status[dict[str, Any]]:
    """Start one. It goes on in a process of its own: ask for it again until it is over."""
    try:
        run = start_now(now_ms())
    except (ProofUnderWay, ProvenJustNow) as error:
        raise Conflict(str(error)) from None
    return Status(202, plain_run(run))
