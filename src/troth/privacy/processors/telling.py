"""Telling members with authority, and the controller for whom a workspace processes, of a proposed change (Art. 28(2)): once each, by mail."""

from __future__ import annotations

from functools import partial

import structlog

from troth.kernel.clock import iso
from troth.kernel.errors import TrothError
from troth.kernel.speech import Speech
from troth.messages.member_mail import can_mail
from troth.privacy.addressees import Addressee, each_once, find_controllers, find_members, mail_to
from troth.privacy.mail_words import PROCESSOR
from troth.privacy.models import Processor, ProcessorNotice
from troth.workspaces.models import Workspace

log = structlog.get_logger()
AT_ONCE = 20


def tell_next(now: int) -> bool:
    """Worker duty: mail what was not told yet; True when there may be more. Without a mail server the register alone shows it."""
    if not can_mail():
        return False
    waiting = list(ProcessorNotice.objects.select_related("processor").filter(told=False).order_by("pk")[:AT_ONCE])
    for notice in waiting:
        # Marked before it is mailed: a mail that is lost is better than the same mail again and again; the register shows the change to all.
        notice.told = True
        notice.save(update_fields=["told"])
        try:
            mail_to(_whom_to_tell(notice.workspace_id), partial(_write, notice.processor), now)
        except (TrothError, OSError) as error:
            log.warning("processor_notice_not_mailed", workspace_id=notice.workspace_id, error=type(error).__name__)
    return len(waiting) == AT_ONCE


def _whom_to_tell(workspace_id: int) -> list[Addressee]:
    """Members with authority, and the controller for whom the workspace processes: each once."""
    return each_once([*find_members(workspace_id), *find_controllers(workspace_id)])


def _write(own: Processor, say: Speech) -> tuple[str, str]:
    """Subject and text."""
    workspace = Workspace.objects.values_list("name", flat=True).get(pk=own.workspace_id)
    facts = {say("Service"): own.service, say("Place"): own.location, say("Data"): own.data_categories}
    lines = [
        say.whole("processor", PROCESSOR, name=own.name, workspace=workspace, day=iso(own.effective_at)[:10]),
        "\n".join(f"{name}: {value or say('not said')}" for name, value in facts.items()),
        say(
            "You may object until then, in the console under Processors, or by answering this address. Until then nothing is sent through it."
        ),
    ]
    return say("A processor is proposed: {name}", name=own.name), "\n\n".join(lines) + "\n"
