"""`troth segment update WS SEGMENT FILE`."""

from __future__ import annotations

from troth.api.management.commands._definition import UpdateCommand
from troth.api.management.commands._kinds import SEGMENT


class Command(UpdateCommand):
    """The version before stays told."""

    help = "Have a segment be as a file says: a new version, computed anew."
    kind = SEGMENT
