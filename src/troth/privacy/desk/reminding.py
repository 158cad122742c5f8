"""Worker duty: somebody is told when a request came by itself that needs a member, before a term ends (a week, two days), when it is over, and when a question to the person stays open. Each once.

By mail to the workspace's privacy contact, else to its owners and privacy officers, each in their language; all of them once a term is over. The mail
says nothing about persons. Without a mail server Home and `troth doctor` tell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import structlog
from django.conf import settings
from django.db import transaction

from troth.kernel.clock import MINUTE
from troth.kernel.errors import TrothError
from troth.kernel.speech import Speech
from troth.messages.member_mail import can_mail
from troth.privacy.addressees import find_officers, mail_to
from troth.privacy.history import TELL, By, write_step
from troth.privacy.models import PrivacyRequest
from troth.privacy.seats import day_at
from troth.privacy.states import UNANSWERED
from troth.privacy.terms import WAITING, next_telling, stage_at
from troth.workspaces.models import Workspace

log = structlog.get_logger()
TOGETHER = 200
AGAIN_IN = 15 * MINUTE
"""Before a mail that could not leave is tried again."""
OVER = "over"
NEW = "new"
WORDS = {
    NEW: "This came by itself, and needs somebody:",
    "week": "The answer is due within a week:",
    "days": "The answer is due within two days:",
    OVER: "The term is OVER (Art. 12(3) GDPR). Answer now:",
    WAITING: "The person has not answered for two weeks. Ask again, or refuse with reasons:",
}


OVERDUE = ("{name}: 1 privacy request OVERDUE", "{name}: {number} privacy requests OVERDUE")
TO_LOOK_AT = ("{name}: 1 privacy request to look at", "{name}: {number} privacy requests to look at")


def tell_of_terms(now: int) -> bool:
    """Tell of what has come; True while there may be more."""
    due = list(PrivacyRequest.objects.filter(tell_at__lte=now).order_by("tell_at")[:TOGETHER])
    by_workspace: dict[int, list[PrivacyRequest]] = defaultdict(list)
    for request in due:
        by_workspace[request.workspace_id].append(request)
    for workspace_id, requests in by_workspace.items():
        _tell(workspace_id, requests, now)
    return len(due) == TOGETHER


def _tell(workspace_id: int, requests: Sequence[PrivacyRequest], now: int) -> None:
    stages = [(request, _stage_of(request, now)) for request in requests if request.state in UNANSWERED]
    told = [(request, stage) for request, stage in stages if stage and stage != request.told]
    recipients = find_officers(workspace_id, is_over=any(stage == OVER for _request, stage in told)) if told else []
    mails = 0
    if told and recipients and can_mail():
        try:
            mails = mail_to(recipients, lambda say: _write(workspace_id, told, say), now)
        except (TrothError, OSError) as error:
            log.error("reminder_failed", workspace_id=workspace_id, requests=len(told), error=type(error).__name__)
            PrivacyRequest.objects.filter(pk__in=[request.pk for request, _stage in told]).update(tell_at=now + AGAIN_IN)
            told_ids = {request.pk for request, _stage in told}
            requests = [request for request in requests if request.pk not in told_ids]
            told = []
    with transaction.atomic():
        for request in requests:
            stage = next((stage for one, stage in told if one is request), request.told)
            # Whoever moved it in the meantime has set when it is told of next: their word counts.
            own = PrivacyRequest.objects.filter(pk=request.pk, tell_at=request.tell_at)
            if own.update(told=stage, tell_at=_next_after(request, stage)) and any(one is request for one, _stage in told):
                write_step(request, TELL, By("worker"), now, facts={"stage": stage, "mails": mails})


def _stage_of(request: PrivacyRequest, now: int) -> str:
    """What is to be told now. Before any stage has come it is that a request came which nobody opened: only such are to be told at once."""
    if request.paused_at is not None:
        return WAITING
    return stage_at(request.due_at, now) or (NEW if not request.told else "")


def _next_after(request: PrivacyRequest, stage: str) -> int | None:
    if request.state not in UNANSWERED or stage == WAITING:
        return None
    return next_telling(stage, request.due_at)


def _write(workspace_id: int, told: Sequence[tuple[PrivacyRequest, str]], say: Speech) -> tuple[str, str]:
    """Subject and text: rights, days and links, and nobody's name."""
    over = sum(stage == OVER for _request, stage in told)
    number = over or len(told)
    one, more = OVERDUE if over else TO_LOOK_AT
    name = Workspace.objects.values_list("name", flat=True).get(pk=workspace_id)
    parts = []
    for stage, says in reversed(WORDS.items()):
        lines = [f"- {_name(request, say)}: {_place(request)}" for request, own in told if own == stage]
        if lines:
            parts.append("\n".join([say(says), *lines]))
    return say(one if number == 1 else more, name=name, number=number), "\n\n".join(parts) + "\n"


def _name(request: PrivacyRequest, say: Speech) -> str:
    return say("{right}, due {day}", right=say.named(request.type), day=day_at(request.seat, request.due_at).isoformat())


def _place(request: PrivacyRequest) -> str:
    return f"{settings.TROTH_URL}/console/{request.workspace_id}/desk/{request.pk}"
