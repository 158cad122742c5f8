"""`troth template create WS FILE`."""

from __future__ import annotations

from troth.api.management.commands._definition import CreateCommand
from troth.api.management.commands._kinds import TEMPLATE


class Command(CreateCommand):
    """It does nothing before it is published and a campaign names it."""

    help = "Make a template, layout or snippet of a file; it is a draft."
    kind = TEMPLATE
