"""`troth domain mailbox WORKSPACE`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import iso, now_ms
from troth.messages.feedback.mailbox import SECURITY, find_mailbox, read_mailbox, remove_mailbox, set_mailbox
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """The mailbox in which bounces and complaints arrive."""

    help = "Show, set or remove the mailbox in which bounces and complaints arrive; what is set is read at once."

    def add_arguments(self, parser: CommandParser) -> None:
        """WORKSPACE, --host, --user, --password-file, --security, --port, --folder, --remove."""
        parser.add_argument("workspace")
        parser.add_argument("--host", default="", help="the IMAP server; without it the mailbox is shown")
        parser.add_argument("--user", default="")
        parser.add_argument("--password-file", default="", metavar="FILE", help="so that the password stands in no history")
        parser.add_argument("--security", choices=SECURITY, default=SECURITY[0])
        parser.add_argument("--port", type=int)
        parser.add_argument("--folder", default="INBOX")
        parser.add_argument("--remove", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Show it, or set it. Raises MailboxUnusable."""
        workspace_id = find_workspace(options["workspace"]).pk
        if options["remove"]:
            remove_mailbox(workspace_id)
        elif options["host"]:
            password = Path(options["password_file"]).read_text(encoding="utf-8").strip() if options["password_file"] else ""
            told = {name: options[name] for name in ("host", "user", "security", "port", "folder")}
            read_mailbox(set_mailbox(workspace_id, password=password, **told), now_ms())
        row = find_mailbox(workspace_id)
        if row is None:
            self.stdout.write("No mailbox is read.")
        else:
            read = f"read at {iso(row.read_at)}" if row.read_at else "not read yet"
            self.stdout.write(
                f"{row.user} at {row.host}:{row.port} ({row.security}), {row.folder}, {read}{': ' + row.fault if row.fault else ''}"
            )
