"""`troth sending confirm`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from troth.kernel.clock import now_ms
from troth.messages.fencing import confirm_place


class Command(BaseCommand):
    """Let a restored or moved installation send."""

    help = "Confirm that this restored or moved installation is the one that sends."

    def handle(self, *args: Any, **options: Any) -> None:
        """Remember the place and end the stop."""
        confirm_place(now_ms())
        self.stdout.write("This installation sends from now on. Make sure that no other one works on a copy of its queue.")
