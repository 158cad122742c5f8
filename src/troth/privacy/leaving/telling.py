"""Telling owners by mail: that a deletion was asked for and until when it can be called off, and in the end the certificate.

Without a mail server the link alone leads there, which is shown when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from troth.kernel.clock import iso
from troth.kernel.errors import TrothError
from troth.messages.member_mail import can_mail, mail_members
from troth.privacy.compaction.awaiting import await_compaction
from troth.privacy.leaving.links import make_leaving_url
from troth.privacy.models.leaving import Leaving, LeavingState
from troth.workspaces.models import Member, Role

log = structlog.get_logger()


def tell_owners(leaving: Leaving, name: str, now: int) -> None:
    """Mail every owner that it was asked for. Never inside a transaction."""
    owners = Member.objects.filter(workspace__in=leaving.workspace_ids, role=Role.OWNER, user__is_active=True)
    text = (
        f"{name} is to be deleted for good, with everything in it. From now on its keys open nothing and it sends nothing.\n\n"
        f"It begins {iso(leaving.due_at)[:16].replace('T', ' ')} UTC. Until then any owner can call it off, in the console under Settings,"
        " and can take everything along.\n\n"
        f"Follow it, and get the certificate when it is done: {make_leaving_url(leaving)}\n\n"
        "If you did not expect this, call it off, and change your password.\n"
    )
    _mail(owners.values_list("user__email", flat=True).distinct(), f"{name} is to be deleted", text, now)


def tell_called_off(leaving: Leaving, name: str, now: int) -> None:
    """Mail every owner that it stays. Never inside a transaction."""
    owners = Member.objects.filter(workspace__in=leaving.workspace_ids, role=Role.OWNER, user__is_active=True)
    _mail(owners.values_list("user__email", flat=True).distinct(), f"{name} stays", f"The deletion of {name} was called off.\n", now)


def hand_over_certificate(leaving: Leaving, owners: Iterable[str], now: int) -> None:
    """Mail the certificate to who owned it; after the last their addresses are forgotten. Never inside a transaction."""
    if leaving.state == LeavingState.DONE:
        kept, until = "your address is kept no longer.", f"The same until {iso(leaving.next_at or now)[:10]}"
    else:
        kept = (
            f"it says what is not reached yet: the bytes that PostgreSQL keeps of it are overwritten by the next compaction, which {_when(now)}. A later"
            " certificate comes by mail after that, and your address is kept no longer."
        )
        until = "Followed"
    text = (
        f"It is deleted for good, with everything in it. This certificate says so, signed by this installation; {kept}\n"
        f"{until}: {make_leaving_url(leaving)}\n\n{leaving.certificate}"
    )
    _mail(owners, "The certificate of a deletion", text, now)


def _when(now: int) -> str:
    awaited = await_compaction(now)
    if awaited is None or awaited.is_under_way:
        return "is under way"
    return f"begins {iso(awaited.begins_at)[:16].replace('T', ' ')} UTC"


def _mail(addresses: Iterable[str], subject: str, text: str, now: int) -> None:
    if not can_mail():
        return
    try:
        mail_members(addresses, subject, text, now)
    except (TrothError, OSError) as error:
        log.error("leaving_mail_failed", error=type(error).__name__)
