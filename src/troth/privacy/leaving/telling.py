"""Telling owners by mail, each in their language: that a deletion was asked for and until when it can be called off, and in the end the certificate.

Without a mail server the link alone leads there, which is shown when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from troth.kernel.clock import iso, to_minute
from troth.kernel.errors import TrothError
from troth.kernel.speech import Speech
from troth.messages.member_mail import can_mail
from troth.privacy.addressees import Addressee, address_members, mail_to
from troth.privacy.compaction.awaiting import await_compaction
from troth.privacy.leaving.links import make_leaving_url
from troth.privacy.mail_words import LEAVING, LEFT, LEFT_BUT
from troth.privacy.models.leaving import Leaving, LeavingState
from troth.workspaces.models import Member, Role

log = structlog.get_logger()


def tell_owners(leaving: Leaving, name: str, now: int) -> None:
    """Mail every owner that it was asked for. Never inside a transaction."""

    def write(say: Speech) -> tuple[str, str]:
        text = say.whole("leaving", LEAVING, name=name, at=_minute(leaving.due_at), place=make_leaving_url(leaving))
        return say("{name} is to be deleted", name=name), text

    _mail(find_owners(leaving), write, now)


def tell_called_off(leaving: Leaving, name: str, now: int) -> None:
    """Mail every owner that it stays. Never inside a transaction."""

    def write(say: Speech) -> tuple[str, str]:
        return say("{name} stays", name=name), say("The deletion of {name} was called off.", name=name) + "\n"

    _mail(find_owners(leaving), write, now)


def find_owners(leaving: Leaving) -> list[Addressee]:
    """Who owns what leaves, each once."""
    return address_members(Member.objects.filter(workspace__in=leaving.workspace_ids, role=Role.OWNER).order_by("user__email", "pk"))


def hand_over_certificate(leaving: Leaving, owners: Iterable[Addressee], now: int) -> None:
    """Mail the certificate to who owned it; after the last their addresses are forgotten. Never inside a transaction."""

    def write(say: Speech) -> tuple[str, str]:
        place = make_leaving_url(leaving)
        if leaving.state == LeavingState.DONE:
            text = say.whole("left", LEFT, day=iso(leaving.next_at or now)[:10], place=place)
        else:
            text = say.whole("left but", LEFT_BUT, when=_when(say, now), place=place)
        return say("The certificate of a deletion"), f"{text}\n\n{leaving.certificate}"

    _mail(owners, write, now)


def _when(say: Speech, now: int) -> str:
    awaited = await_compaction(now)
    if awaited is None or awaited.is_under_way:
        return say("is under way")
    return say("begins {at} UTC", at=_minute(awaited.begins_at))


def _minute(at: int) -> str:
    return to_minute(at)


def _mail(owners: Iterable[Addressee], write: Callable[[Speech], tuple[str, str]], now: int) -> None:
    if not can_mail():
        return
    try:
        mail_to(owners, write, now)
    except (TrothError, OSError) as error:
        log.error("leaving_mail_failed", error=type(error).__name__)
