"""`troth campaign create WS FILE`."""

from __future__ import annotations

from troth.api.management.commands._definition import CreateCommand
from troth.api.management.commands._kinds import CAMPAIGN


class Command(CreateCommand):
    """It does nothing before it is published."""

    help = "Make a campaign of a file; it is a draft."
    kind = CAMPAIGN
