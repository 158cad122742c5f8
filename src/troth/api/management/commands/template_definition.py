"""`troth template definition WS KEY`."""

from __future__ import annotations

from troth.api.management.commands._definition import DefineCommand
from troth.api.management.commands._kinds import TEMPLATE


class Command(DefineCommand):
    """For whoever keeps it beside code."""

    help = "Print a template, layout or snippet as a file of which it could be made."
    kind = TEMPLATE
