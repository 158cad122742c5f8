"""`troth user password EMAIL`."""

from __future__ import annotations

import getpass
import sys
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.workspaces.models import User


class Command(BaseCommand):
    """Set the password with which somebody logs in to the console; all their sessions end."""

    help = "Set a user's password."

    def add_arguments(self, parser: CommandParser) -> None:
        """EMAIL, --password."""
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--password", help="the new password; without it you are asked, or it is the first line of standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check it and set it."""
        user = User.objects.filter(email=options["email"].strip().lower()).first()
        if user is None:
            raise CommandError("There is no user of that e-mail address: `troth workspace create NAME --owner EMAIL` makes one.")
        password = options["password"] or _ask()
        try:
            validate_password(password, user)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        user.set_password(password)
        user.save(update_fields=["password"])
        self.stdout.write("The password is set.")


def _ask() -> str:
    """The password typed twice without showing it; from a pipe, its first line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass("New password: ")
    if getpass.getpass("Once more: ") != password:
        raise CommandError("The two do not agree: try again.")
    return password
