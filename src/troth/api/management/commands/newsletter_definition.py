"""`troth newsletter definition WS NEWSLETTER`."""

from __future__ import annotations

from troth.api.management.commands._definition import DefineCommand
from troth.api.management.commands._kinds import NEWSLETTER


class Command(DefineCommand):
    """For whoever keeps it beside code."""

    help = "Print a newsletter as a file of which it could be made."
    kind = NEWSLETTER
