"""Silence is shown and chased: members are told by mail, each week anew while a recipient owes an answer; identifiers whose time is over are destroyed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from troth.kernel.clock import MINUTE, iso
from troth.kernel.errors import TrothError
from troth.kernel.speech import Speech
from troth.messages.member_mail import can_mail
from troth.privacy.addressees import find_officers, mail_to
from troth.privacy.downstream.course import CHASED_AGAIN, CLOSED, OPEN
from troth.privacy.models.disclosures import NoticeState, RecipientNotice
from troth.privacy.news import answers
from troth.workspaces.models import Workspace

log = structlog.get_logger()
TOGETHER = 200
AGAIN_IN = 15 * MINUTE
WHY = {
    NoticeState.BY_HAND: "no way is set by which Troth could tell them: tell them yourself, or set one",
    NoticeState.WAITING: "could not be reached for 72 hours",
    NoticeState.TOLD: "was told, and has not answered",
    NoticeState.IN_PROGRESS: "began, and has not said that it is done",
}


OWES, OWE = "{name}: 1 recipient owes an answer", "{name}: {number} recipients owe an answer"


def chase_silent(now: int) -> bool:
    """Worker duty: tell members of recipients who owe an answer; True while there may be more."""
    due = list(RecipientNotice.objects.filter(chase_at__lte=now).order_by("chase_at")[:TOGETHER])
    by_workspace: dict[int, list[RecipientNotice]] = defaultdict(list)
    for notice in due:
        by_workspace[notice.workspace_id].append(notice)
    for workspace_id, notices in by_workspace.items():
        pause = CHASED_AGAIN if _tell(workspace_id, [one for one in notices if one.state in OPEN], now) else AGAIN_IN
        for one in notices:
            again = None if one.state in CLOSED else now + pause
            RecipientNotice.objects.filter(pk=one.pk, chase_at=one.chase_at).update(chase_at=again)
    return len(due) == TOGETHER


def _tell(workspace_id: int, notices: Sequence[RecipientNotice], now: int) -> bool:
    """Whether they were told, or nobody can be."""
    if not notices or not can_mail():
        return True
    try:
        mail_to(find_officers(workspace_id, is_over=False), lambda say: _write(workspace_id, notices, say), now)
    except (TrothError, OSError) as error:
        log.error("chasing_failed", workspace_id=workspace_id, notices=len(notices), error=type(error).__name__)
        return False
    return True


def _write(workspace_id: int, notices: Sequence[RecipientNotice], say: Speech) -> tuple[str, str]:
    """Subject and text: recipients, rights and links, and nobody's name."""
    name = Workspace.objects.values_list("name", flat=True).get(pk=workspace_id)
    intro = say("These recipients of personal data have not confirmed what persons asked for (Art. 19 GDPR):")
    return say(OWES if len(notices) == 1 else OWE, name=name, number=len(notices)), "\n\n".join(
        [intro, *(_tell_one(one, say) for one in notices)]
    ) + "\n"


def _tell_one(one: RecipientNotice, say: Speech) -> str:
    facts = {"name": one.name, "right": say.named(one.right), "day": iso(one.opened_at)[:10], "why": say(WHY[NoticeState(one.state)])}
    return f"- {say('{name}, {right} of {day}: {why}.', **facts)}\n  {settings.TROTH_URL}/console/{one.workspace_id}/desk/{one.request_id}"


def check_recipients(now: int) -> tuple[bool, str]:
    """Trouble while recipients' silence is a matter for members (Art. 19 GDPR)."""
    owing = RecipientNotice.objects.filter(state__in=OPEN)
    silent = owing.filter(silent_at__isnull=False).count()
    told = f"{owing.count()} are being told, {silent} are silent or for members to tell"
    return not silent, told if not silent else f"{told}: `troth privacy recipients WS --owing` lists them"


def forget_sealed(now: int) -> bool:
    """Worker duty: destroy identifiers that were kept as long as they may be; what is open then is for members to tell."""
    due = list(RecipientNotice.objects.filter(sealed_until__lte=now).order_by("sealed_until")[:TOGETHER])
    for notice in due:
        with transaction.atomic():
            RecipientNotice.objects.filter(pk=notice.pk).update(sealed=None, sealed_until=None)
            untold = RecipientNotice.objects.filter(Q(pk=notice.pk), state=NoticeState.WAITING)
            untold.update(state=NoticeState.BY_HAND, due_at=None, trouble="identifiers_destroyed")
            answers.tell([notice.request_id], now)
    return len(due) == TOGETHER
