"""`troth segment create WS FILE`."""

from __future__ import annotations

from troth.api.management.commands._definition import CreateCommand
from troth.api.management.commands._kinds import SEGMENT


class Command(CreateCommand):
    """Everybody is looked at, slice by slice."""

    help = "Make a segment of a file; it is computed from now on."
    kind = SEGMENT
