"""`troth user link EMAIL`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.workspaces.login_links import make_login_link
from troth.workspaces.models import User


class Command(BaseCommand):
    """Print a link that logs a user in to the console once, within ten minutes, without password and second factor. Whoever may run this owns the data."""

    help = "Print a link that logs a user in once, within ten minutes."

    def add_arguments(self, parser: CommandParser) -> None:
        """EMAIL."""
        parser.add_argument("email", metavar="EMAIL")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it."""
        user = User.objects.filter(email=options["email"].strip().lower(), is_active=True).first()
        if user is None:
            raise CommandError("There is no active user of that e-mail address: `troth workspace create NAME --owner EMAIL` makes one.")
        self.stdout.write(make_login_link(user, now_ms()))
