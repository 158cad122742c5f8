"""`troth privacy letters WS`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.privacy.desk.letters import KINDS, LANGUAGES, list_own, put_back, read_letter, save_letter, variables_of
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Show the letters that persons get, write one of the workspace's own, or put the built-in one back."""

    help = "Letters to persons who asked: list, show, --write FILE, --put-back."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, [KIND], --language, --write, --subject, --put-back."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("kind", metavar="KIND", nargs="?", choices=KINDS, help=", ".join(KINDS))
        parser.add_argument("--language", default="en", choices=LANGUAGES)
        parser.add_argument("--write", metavar="FILE", help="keep the text of a file as the new version; - reads it from the terminal")
        parser.add_argument("--subject", default="", help="of the new version; without it the subject stays")
        parser.add_argument("--put-back", action="store_true", help="send the built-in letter again")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and print the letter, or without KIND which letters are the workspace's own."""
        workspace, kind, language = find_workspace(options["workspace"]), options["kind"], options["language"]
        if not kind:
            own = list_own(workspace.pk)
            for one in KINDS:
                versions = ", ".join(f"{code} version {own[one, code].version}" for code in LANGUAGES if (one, code) in own)
                self.stdout.write(f"{one:28} {versions or 'built in'}")
            return
        if options["put_back"]:
            put_back(workspace.pk, kind, language, user_id=0, now=now_ms())
        elif options["write"]:
            subject = options["subject"] or read_letter(workspace.pk, kind, language).subject
            save_letter(workspace.pk, kind, language, subject=subject, text=_read(options["write"]), user_id=0, now=now_ms())
        letter = read_letter(workspace.pk, kind, language)
        self.stdout.write(f"{letter.subject}\n\n{letter.text}\n")
        self.stdout.write(f"variables: {', '.join(f'{{{name}}}' for name in variables_of(kind))}; version {letter.version}")


def _read(name: str) -> str:
    if name == "-":
        return sys.stdin.read()
    try:
        return Path(name).read_text()
    except (OSError, UnicodeDecodeError):
        raise CommandError("Cannot read the file: choose another --write.") from None
