"""What becomes of what waited once the controller has spoken."""

from __future__ import annotations

from troth.messages.configured import switch_off
from troth.messages.controls import CONTESTED, let_go, stop_sending
from troth.privacy.contested import SCHEDULE
from troth.privacy.desk.cases import withdraw
from troth.privacy.history import By, Words, write_step
from troth.privacy.models import PrivacyRequest, RetentionRule
from troth.privacy.models.contests import ContestedInstruction, Outcome
from troth.privacy.models.opendsr import OpendsrRequest
from troth.privacy.states import Act, StepImpossible, next_state

CHANNEL = "channel:"


def go_on(own: ContestedInstruction, by: By, now: int) -> None:
    """Confirmed: sending goes on unless somebody stopped it besides; a request that is carried out by itself is now."""
    if own.has_stopped:
        let_go(own.workspace_id, own.waits, now=now, of=CONTESTED)
    if request := _request_of(own):
        OpendsrRequest.objects.filter(workspace_id=own.workspace_id, cases__case_id=request.pk, carry_out_at__isnull=False).update(
            carry_out_at=now
        )
        write_step(request, "contest_settled", by, now, facts={"outcome": own.outcome}, words=Words(own.said))


def stay_stopped(own: ContestedInstruction, by: By, now: int) -> None:
    """Changed or withdrawn: nothing starts by itself; members set what was changed, and let it go then. Webhooks hear it (`news.contests`)."""
    if own.has_stopped:
        let_go(own.workspace_id, own.waits, now=now, of=CONTESTED)
        stop_sending(own.workspace_id, own.waits, now=now, by="", note=own.said)
    if own.waits.startswith(CHANNEL):
        switch_off(own.workspace_id, int(own.waits.removeprefix(CHANNEL)), now=now)
    if own.waits.startswith(SCHEDULE):
        RetentionRule.objects.filter(workspace_id=own.workspace_id, pk=int(own.waits.removeprefix(SCHEDULE))).update(is_active=False)
    if request := _request_of(own):
        OpendsrRequest.objects.filter(workspace_id=own.workspace_id, cases__case_id=request.pk).update(carry_out_at=None)
        write_step(request, "contest_settled", by, now, facts={"outcome": own.outcome}, words=Words(own.said))
        if own.outcome == Outcome.WITHDRAWN and _can_be_withdrawn(request):
            withdraw(request, by=by, now=now, said=own.said)


def _request_of(own: ContestedInstruction) -> PrivacyRequest | None:
    return PrivacyRequest.objects.filter(workspace_id=own.workspace_id, pk=own.request_id).first() if own.request_id else None


def _can_be_withdrawn(request: PrivacyRequest) -> bool:
    try:
        next_state(request.state, Act.WITHDRAW)
    except StepImpossible:
        return False
    return True
