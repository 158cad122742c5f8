"""`troth template update WS KEY FILE`."""

from __future__ import annotations

from troth.api.management.commands._definition import UpdateCommand
from troth.api.management.commands._kinds import TEMPLATE


class Command(UpdateCommand):
    """What is published stays as it is."""

    help = "Have the draft of a template, layout or snippet be as a file says."
    kind = TEMPLATE
