"""Worker duty: who keeps the register is told of a breach when it is recorded, a day before the 72 hours end, and when they are over. Each once.

By mail to owners, privacy officers and the data protection officer, and to the workspace's privacy contact, each in their language. The mail says
nothing of what happened: a breach may have touched the mailbox.
"""

from __future__ import annotations

import structlog
from django.conf import settings
from django.db import transaction

from troth.kernel.clock import iso
from troth.kernel.errors import TrothError
from troth.kernel.speech import Speech
from troth.messages.member_mail import can_mail
from troth.privacy.addressees import AUTHORITY, Addressee, each_once, find_contact, find_members, mail_to
from troth.privacy.breaches.register import clock_of, write_breach_step
from troth.privacy.models import Breach
from troth.workspaces.models import Role, Workspace

log = structlog.get_logger()
TOGETHER = 50
NEW, SOON, OVER = "new", "soon", "over"
SUBJECTS = {
    NEW: "{name}: a breach was recorded, 72 hours run",
    SOON: "{name}: the 72 hours of a breach end within a day",
    OVER: "{name}: the 72 hours of a breach are OVER",
}
SAYS = {
    NEW: "A breach of personal data was recorded. Decide whether the authority is told, and tell it within 72 hours (Art. 33 GDPR).",
    SOON: "The authority has not been told yet, and it was not decided that no risk is likely. Less than a day is left.",
    OVER: "The authority has not been told within 72 hours. Tell it now, with the reasons for the delay (Art. 33(1) GDPR).",
}


def tell_of_breaches(now: int) -> bool:
    """Tell of each breach whose clock runs what has come since it was told of last. `now` in milliseconds."""
    if not can_mail():
        return False
    running = Breach.objects.filter(closed_at=None, authority_told_at=None).exclude(decision="no_risk").order_by("aware_at")
    for breach in running[:TOGETHER]:
        stage = stage_of(breach, now)
        if stage != breach.told:
            _tell(breach, stage, now)
    return False


def stage_of(breach: Breach, now: int) -> str:
    """What is to be told of a breach now. Pure."""
    clock = clock_of(breach, now)
    return OVER if clock.is_overdue else SOON if clock.is_soon else NEW


def _tell(breach: Breach, stage: str, now: int) -> None:
    name = Workspace.objects.values_list("name", flat=True).get(pk=breach.workspace_id)

    def write(say: Speech) -> tuple[str, str]:
        term = say("Aware since {aware}, the 72 hours end {due}.", aware=iso(breach.aware_at), due=iso(clock_of(breach, now).due_at))
        place = f"{settings.TROTH_URL}/console/{breach.workspace_id}/breaches/{breach.pk}"
        return say(SUBJECTS[stage], name=name), f"{say(SAYS[stage])}\n\n{term}\n\n{place}\n"

    try:
        mails = mail_to(_find_recipients(breach.workspace_id), write, now)
    except (TrothError, OSError) as error:
        log.error("breach_reminder_failed", workspace_id=breach.workspace_id, error=type(error).__name__)
        return
    with transaction.atomic():
        if Breach.objects.filter(pk=breach.pk, told=breach.told).update(told=stage):
            write_breach_step(breach, "reminded", 0, now, detail=[stage, mails])


def _find_recipients(workspace_id: int) -> list[Addressee]:
    return each_once([*find_members(workspace_id, (*AUTHORITY, Role.DPO)), *find_contact(workspace_id)])
