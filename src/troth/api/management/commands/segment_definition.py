"""`troth segment definition WS SEGMENT`."""

from __future__ import annotations

from troth.api.management.commands._definition import DefineCommand
from troth.api.management.commands._kinds import SEGMENT


class Command(DefineCommand):
    """For whoever keeps it beside code."""

    help = "Print a segment as a file of which it could be made."
    kind = SEGMENT
