"""`troth campaign definition WS CAMPAIGN`."""

from __future__ import annotations

from troth.api.management.commands._definition import DefineCommand
from troth.api.management.commands._kinds import CAMPAIGN


class Command(DefineCommand):
    """For whoever keeps it beside code."""

    help = "Print the draft of a campaign as a file of which it could be made."
    kind = CAMPAIGN
