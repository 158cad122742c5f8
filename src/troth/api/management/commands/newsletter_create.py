"""`troth newsletter create WS FILE`."""

from __future__ import annotations

from troth.api.management.commands._definition import CreateCommand
from troth.api.management.commands._kinds import NEWSLETTER


class Command(CreateCommand):
    """It does nothing before it is started."""

    help = "Make a newsletter of a file; it is a draft."
    kind = NEWSLETTER
