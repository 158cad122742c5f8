"""The controller is told at once which instruction is held to infringe the law, by whom and why (Art. 28(3), last sentence), by mail."""

from __future__ import annotations

import structlog
from django.conf import settings

from troth.consent.held import ASSIGNMENT, MEASURING
from troth.kernel.clock import MINUTE, to_minute
from troth.kernel.errors import TrothError
from troth.kernel.speech import Speech
from troth.messages.member_mail import can_mail
from troth.privacy.addressees import find_controllers, mail_to
from troth.privacy.contests.contesting import REQUESTED
from troth.privacy.mail_words import CONTEST
from troth.privacy.models.contests import ContestedInstruction, Outcome
from troth.workspaces.audit import ACTIONS
from troth.workspaces.measuring import SWITCHES
from troth.workspaces.models import User, Workspace

log = structlog.get_logger()
AGAIN_IN = 15 * MINUTE
TOGETHER = 20
MOST_NAMED = 20
"""Things that a mail names, of those that were assigned at once."""
NO_CONTACT, NO_MAIL_SERVER, NOT_TAKEN = "no_contact", "no_mail_server", "not_taken"


def tell_due(now: int) -> bool:
    """Worker duty: tell controllers what they were not told yet; True while there may be more."""
    due = list(ContestedInstruction.objects.filter(next_at__lte=now).order_by("next_at")[:TOGETHER])
    for own in due:
        tell(own, now)
    return len(due) == TOGETHER


def tell(own: ContestedInstruction, now: int) -> None:
    """Mail it to the controller now; what cannot be is tried again, and says why. Not in a transaction."""
    # Whoever tells it dies perhaps: then it is tried again.
    if not ContestedInstruction.objects.filter(pk=own.pk, next_at=own.next_at, next_at__lte=now).update(next_at=now + AGAIN_IN):
        return
    addressees = find_controllers(own.workspace_id)
    trouble = NO_CONTACT if not addressees else "" if can_mail() else NO_MAIL_SERVER
    told = 0
    if not trouble:
        try:
            told = mail_to(addressees, lambda say: write(own, say), now)
        except (TrothError, OSError) as error:
            log.warning("contest_not_mailed", contest=own.pk, error=type(error).__name__)
    if told:
        ContestedInstruction.objects.filter(pk=own.pk).update(told_at=now, next_at=None, trouble="")
    else:
        ContestedInstruction.objects.filter(pk=own.pk).update(trouble=trouble or NOT_TAKEN)
    own.refresh_from_db()


def count_untold(now: int) -> int:
    """Of how many contested instructions of the installation the controller should know by now, and does not."""
    return ContestedInstruction.objects.filter(next_at__isnull=False, at__lt=now - AGAIN_IN).count()


def count_unanswered(workspace_id: int, now: int) -> tuple[int, int]:
    """Of a workspace, after the time in which the controller should know: how many contested instructions are open, and of how many it does not know."""
    late = ContestedInstruction.objects.filter(workspace_id=workspace_id, outcome=Outcome.OPEN, at__lt=now - AGAIN_IN)
    return late.count(), late.filter(next_at__isnull=False).count()


def write(own: ContestedInstruction, say: Speech) -> tuple[str, str]:
    """Subject and text."""
    workspace = Workspace.objects.get(pk=own.workspace_id)
    by = User.objects.filter(pk=own.by).values_list("name", "email").first()
    what = name_instruction(own, say)
    facts = {
        say("Instruction"): what,
        say("Given"): f"{to_minute(own.given_at)} UTC",
        say("Contested"): f"{to_minute(own.at)} UTC",
        say("By"): (by[0] or by[1]) if by else workspace.name,
        say("Our reference"): own.pk,
    }
    lines = [
        say.whole("contest", CONTEST, workspace=workspace.name, controller=workspace.processes_for or workspace.account.name),
        "\n".join(f"{name}: {value}" for name, value in facts.items()),
        f"{say('Our reasons:')}\n{own.reason}",
        say("It waits until then.") if own.waits else say("It was carried out when it was given, and cannot wait."),
        say("Answer this address: confirm the instruction, change it, or withdraw it. Members find it at\n{place}", place=place_of(own)),
    ]
    return say("An instruction infringes the law in our opinion: {what}", what=what), "\n\n".join(lines) + "\n"


def name_instruction(own: ContestedInstruction, say: Speech) -> str:
    """What it was: what a request asks for; else as the audit log calls it, with its name and number."""
    if own.action == REQUESTED and own.request_id:
        return say("carry out the request {request} ({right})", request=own.request_id, right=say.named(str(own.detail.get("right", ""))))
    called = str(own.detail.get("call") or say(ACTIONS.get(own.action, own.action)))
    kind, _, number = own.waits.partition(":")
    if kind == ASSIGNMENT.rstrip(":"):
        things = sorted(own.detail["before"])
        number = f"{own.detail['purpose']}: {', '.join(things[:MOST_NAMED])}" + (" …" if len(things) > MOST_NAMED else "")
    if kind == MEASURING.rstrip(":"):
        number = ", ".join(name for name in SWITCHES if name in own.detail)
    of = " ".join(part for part in (say.named(kind), number, f"“{own.detail['name']}”" if own.detail.get("name") else "") if part)
    return f"{called} ({of})" if of else called


def place_of(own: ContestedInstruction) -> str:
    """Where members find it."""
    return f"{settings.TROTH_URL}/console/{own.workspace_id}/agreements/instructions#contest-{own.pk}"
