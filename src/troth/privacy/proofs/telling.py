"""Whether erasure is proven as it should be: for `troth doctor`, Home and readiness, and by mail to whoever answers for privacy, once each time."""

from __future__ import annotations

import structlog
from django.conf import settings

from troth.kernel.clock import DAY, iso
from troth.kernel.errors import TrothError
from troth.kernel.speech import ENGLISH, Said, Speech
from troth.messages.member_mail import can_mail
from troth.privacy.addressees import find_officers, mail_to
from troth.privacy.mail_words import PROOF
from troth.privacy.models.proofs import ProofRun, ProofState
from troth.privacy.proofs.reading import last_proof
from troth.workspaces.registry import list_workspaces

log = structlog.get_logger()
FRESH = 2 * DAY


def judge_last(now: int) -> tuple[bool, str]:
    """Whether the newest proof passed and is fresh, and what is to be said of it."""
    is_fine, said = _judge(now)
    return is_fine, ENGLISH.put(said)


def _judge(now: int) -> tuple[bool, Said]:
    last = last_proof()
    if last is None:
        broken = ProofRun.objects.filter(state=ProofState.BROKEN).order_by("-begun_at").first()
        first = ProofRun.objects.order_by("begun_at").first()
        if broken is not None and first is not None and now - first.begun_at > FRESH:
            return False, Said("none came to its end: the last {reasons}", {"reasons": "; ".join(broken.reasons)})
        return True, Said("none yet: the worker proves it within a day, `troth privacy prove` at once")
    when = iso(last.begun_at)[:16]
    if last.state == ProofState.FAILED:
        facts = {"when": when, "reasons": "; ".join(last.reasons)}
        return False, Said("that of {when} failed: {reasons}. `troth privacy prove --show` tells where", facts)
    if now - last.begun_at > FRESH:
        says = "the last that passed is of {when}: does the worker run? `troth privacy prove` makes one now"
        return False, Said(says, {"when": when})
    return True, Said(
        "proven {when}: {files} files, {total} bytes searched", {"when": when, "files": f"{last.files:,}", "total": f"{last.total:,}"}
    )


def check_proofs(now: int) -> tuple[bool, str]:
    """Trouble when the newest proof failed, or is older than two days."""
    return judge_last(now)


def tell_of_proofs(now: int) -> bool:
    """Worker duty: mail that a proof failed, or that there is none of the last two days, once for each proof that this follows."""
    last = ProofRun.objects.exclude(state=ProofState.RUNNING).order_by("-begun_at").first()
    is_fine, said = _judge(now)
    if last is None or is_fine or last.told_at is not None:
        return False
    if can_mail():
        for workspace in list_workspaces():
            _tell(workspace.pk, said, now)
    ProofRun.objects.filter(pk=last.pk).update(told_at=now)
    return False


def _tell(workspace_id: int, said: Said, now: int) -> None:
    def write(say: Speech) -> tuple[str, str]:
        place = f"{settings.TROTH_URL}/console/{workspace_id}/proofs"
        return say("Troth: the proof of erasure did NOT hold"), say.whole("proof", PROOF, says=say.put(said), place=place) + "\n"

    try:
        mail_to(find_officers(workspace_id, is_over=True), write, now)
    except (TrothError, OSError) as error:
        log.error("proof_mail_failed", workspace_id=workspace_id, error=type(error).__name__)
