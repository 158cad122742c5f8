"""What is measured of a workspace's mail."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.consent.held import list_held_switches
from troth.console.access import MemberRequest, member_page, record
from troth.workspaces.measuring import SWITCHES, set_measuring
from troth.workspaces.models import Workspace
from troth.workspaces.roles import Permission

WORDS = (
    (
        "measures_opens",
        later("Who opens mail"),
        later("Of those who agreed to that and only while they do. Everybody else's mail has no picture of theirs."),
    ),
    (
        "measures_clicks",
        later("Who follows which link"),
        later("Of those who agreed to that. Everybody else's links stay as they were written."),
    ),
    (
        "counts_opens",
        later("How often mail of the others is opened"),
        later("By a picture that is the same for all recipients: a number for each day, and nothing about persons."),
    ),
)


def list_switches(workspace: Workspace) -> list[tuple[str, str, str, bool]]:
    """Name, words, explanation and position of each."""
    return [(name, str(says), str(more), getattr(workspace, name)) for name, says, more in WORDS]


@member_page(Permission.EDIT_WORKSPACE, methods=("POST",))
def measuring(request: MemberRequest) -> HttpResponseBase:
    """Set the switches."""
    own = Workspace.objects.get(pk=request.workspace.pk)
    held = list_held_switches(own.pk)
    with transaction.atomic():
        changed = set_measuring(own, {name: name in request.POST for name in SWITCHES if name not in held})
        if changed:
            record(request, "measuring.changed", detail={name: getattr(own, name) for name in changed})
    messages.success(request, _("Saved. It holds for mail from now on, and for pictures in mail that was sent before."))
    response = redirect("console-sending", request.workspace.pk)
    response.status_code = 303
    return response
