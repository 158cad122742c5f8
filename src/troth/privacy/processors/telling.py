"""Telling members with authority of a proposed change (Art. 28(2)): once each, by mail."""

from __future__ import annotations

import structlog

from troth.kernel.clock import iso
from troth.kernel.errors import TrothError
from troth.messages.member_mail import can_mail, mail_members
from troth.privacy.models import ProcessorNotice
from troth.workspaces.models import Member, Role

log = structlog.get_logger()
AUTHORITY = (Role.OWNER, Role.PRIVACY_OFFICER)
AT_ONCE = 20


def tell_next(now: int) -> bool:
    """Worker duty: mail what was not told yet; True when there may be more. Without a mail server the register alone shows it."""
    if not can_mail():
        return False
    waiting = list(ProcessorNotice.objects.select_related("processor").filter(told=False).order_by("pk")[:AT_ONCE])
    for notice in waiting:
        own = notice.processor
        text = (
            f"{own.name} is to process personal data for this workspace from {iso(own.effective_at)[:10]} on.\n\n"
            f"Service: {own.service or 'not said'}\nPlace: {own.location or 'not said'}\nData: {own.data_categories or 'not said'}\n\n"
            "You may object until then, in the console under Processors. Until then nothing is sent through it.\n"
        )
        # Marked before it is mailed: a mail that is lost is better than the same mail again and again; the register shows the change to all.
        notice.told = True
        notice.save(update_fields=["told"])
        members = Member.objects.select_related("user").filter(workspace=notice.workspace_id, role__in=AUTHORITY, user__is_active=True)
        try:
            mail_members([member.user.email for member in members], f"A processor is proposed: {own.name}", text, now)
        except (TrothError, OSError) as error:
            log.warning("processor_notice_not_mailed", workspace_id=notice.workspace_id, error=type(error).__name__)
    return len(waiting) == AT_ONCE
