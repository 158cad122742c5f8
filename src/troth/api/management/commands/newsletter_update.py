"""`troth newsletter update WS NEWSLETTER FILE`."""

from __future__ import annotations

from troth.api.management.commands._definition import UpdateCommand
from troth.api.management.commands._kinds import NEWSLETTER


class Command(UpdateCommand):
    """One that waits for its time is a draft again then."""

    help = "Have a newsletter that is not sent yet be as a file says."
    kind = NEWSLETTER
