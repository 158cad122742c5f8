"""Sending: why it moves or does not, the kill switch and the hold, and what became of everybody in a source's audience."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Router, Schema
from pydantic import Field, StringConstraints

from troth.api.access import READ_MESSAGES, WRITE_CAMPAIGNS, workspace_of
from troth.api.errors import NotFound
from troth.api.schemas import Input, problems
from troth.kernel.clock import iso, now_ms
from troth.messages.cancelling import cancel_source
from troth.messages.controls import WHOLE, let_go, set_hold, stop_sending
from troth.messages.models import Message
from troth.messages.reconciling import reconcile
from troth.messages.stuck import explain, next_wake
from troth.messages.stuck_facts import gather
from troth.workspaces.models import Workspace

router = Router(tags=["sending"])
Source = Annotated[str, StringConstraints(pattern=r"^[a-z_]+:[0-9]{1,19}$"), Path(examples=["newsletter:3"])]
NamedSource = Annotated[str, StringConstraints(pattern=r"^([a-z_]+:[0-9]{1,19})?$")]


class SentenceOut(Schema):
    """One reason why mail does not move, or how it moves."""

    code: str
    says: str
    remedy: str
    until: str | None = Field(description="When it ends by itself, if it does.")
    stops: bool = Field(description="Whether it keeps mail from going.")


class SendingOut(Schema):
    """How the workspace's sending stands; numbers are counted up to 10,000."""

    sentences: list[SentenceOut]
    next_change: str | None = Field(description="When something changes by itself.")
    due: int
    later: int
    sending: int
    held: int
    sent_in_last_minute: int
    senders: int = Field(description="Sender processes on this data directory.")


class ReconciledOut(Schema):
    """What became of each message of a source: the parts are the whole."""

    audience: int
    by_state: dict[str, int]
    reasons: dict[str, dict[str, int]]
    is_over: bool


class ScopeIn(Input):
    """What is stopped or let go."""

    source: NamedSource = Field("", description="Such as `newsletter:3`; empty: the whole workspace.")


class StopIn(ScopeIn):
    """What is stopped, and why."""

    marketing_only: bool = Field(False, description="Service messages go on.")
    note: Annotated[str, StringConstraints(max_length=500)] = ""


class HoldIn(ScopeIn):
    """How long messages wait before they go."""

    minutes: int = Field(ge=0, le=10_080)


class RecalledOut(Schema):
    """What cancelling reached."""

    cancelled: int
    leaving: int = Field(description="In a sender's hands at this moment; most are stopped at its last look.")
    gone: int


class Done(Schema):
    """Whether something changed."""

    changed: bool


@router.get("/sending", auth=READ_MESSAGES, response={200: SendingOut, **problems()})
def get_sending(request: HttpRequest) -> SendingOut:
    """Why mail moves or does not, what to do, and when something changes by itself."""
    facts = gather(Workspace.objects.get(pk=workspace_of(request)), now_ms())
    sentences = explain(facts)
    wake = next_wake(facts, sentences)
    return SendingOut(
        sentences=[
            SentenceOut(code=one.code, says=one.says, remedy=one.remedy, until=iso(one.until) if one.until else None, stops=one.stops)
            for one in sentences
        ],
        next_change=iso(wake) if wake else None,
        due=facts.due,
        later=facts.later,
        sending=facts.sending,
        held=facts.held,
        sent_in_last_minute=facts.sent_lately,
        senders=facts.senders_alive,
    )


@router.get("/sending/sources/{source}", auth=READ_MESSAGES, response={200: ReconciledOut, **problems(404)})
def reconcile_source(request: HttpRequest, source: Source) -> ReconciledOut:
    """Count what became of everybody in a source's audience."""
    _find_source(request, source)
    found = reconcile(workspace_of(request), source)
    return ReconciledOut(audience=found.audience, by_state=found.by_state, reasons=found.reasons, is_over=found.is_over)


@router.post("/sending/sources/{source}/cancel", auth=WRITE_CAMPAIGNS, response={200: RecalledOut, **problems(404)})
def cancel_source_of_messages(request: HttpRequest, source: Source) -> dict[str, Any]:
    """Cancel what has not left of a source, for good."""
    _find_source(request, source)
    return cancel_source(workspace_of(request), source, now=now_ms(), by="an API key")._asdict()


def _find_source(request: HttpRequest, source: str) -> None:
    """A source of which the workspace has messages. Raises NotFound."""
    if not Message.objects.filter(workspace_id=workspace_of(request), source=source).exists():
        raise NotFound("There are no messages of this source in this workspace.")


@router.post("/sending/stop", auth=WRITE_CAMPAIGNS, response={200: Done, **problems()})
def stop_sending_now(request: HttpRequest, wanted: StopIn) -> Done:
    """Let nothing of the workspace, or of one source, go from now on; senders see it within 200 milliseconds."""
    only = wanted.marketing_only
    stop_sending(workspace_of(request), wanted.source or WHOLE, now=now_ms(), by="an API key", marketing_only=only, note=wanted.note)
    return Done(changed=True)


@router.post("/sending/go", auth=WRITE_CAMPAIGNS, response={200: Done, **problems()})
def let_sending_go(request: HttpRequest, wanted: ScopeIn) -> Done:
    """End a stop: what was held is queued again."""
    return Done(changed=let_go(workspace_of(request), wanted.source or WHOLE, now=now_ms()))


@router.put("/sending/hold", auth=WRITE_CAMPAIGNS, response={200: Done, **problems()})
def hold_before_sending(request: HttpRequest, wanted: HoldIn) -> Done:
    """Have messages that are queued from now on wait, so that they can be taken back."""
    set_hold(workspace_of(request), wanted.source or WHOLE, minutes=wanted.minutes)
    return Done(changed=True)
