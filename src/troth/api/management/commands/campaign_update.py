"""`troth campaign update WS CAMPAIGN FILE`."""

from __future__ import annotations

from troth.api.management.commands._definition import UpdateCommand
from troth.api.management.commands._kinds import CAMPAIGN


class Command(UpdateCommand):
    """What is published goes on until it is published again."""

    help = "Have the draft of a campaign be as a file says."
    kind = CAMPAIGN
