"""`troth template check WS [KEY …]`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.content.checking import check_piece
from troth.content.library import find_piece
from troth.content.models import Piece
from troth.messages.link_checking import check_addresses
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Check drafts: what keeps them from being published, and what is doubtful."""

    help = "Check the drafts of templates; fails when there are errors."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, KEY …, --live, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("keys", nargs="*", metavar="KEY", help="without one, all")
        parser.add_argument("--live", action="store_true", help="ask the links and images, too, whether they answer")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each finding. Raises CommandError when there is an error among them."""
        workspace_id = find_workspace(options["workspace"]).pk
        keys = options["keys"] or list(Piece.objects.filter(workspace_id=workspace_id).order_by("key").values_list("key", flat=True))
        found = []
        for key in keys:
            piece = find_piece(workspace_id, key)
            found += [(key, finding) for finding in [*check_piece(piece), *(check_addresses(piece) if options["live"] else [])]]
        if options["json"]:
            self.stdout.write(json.dumps([{"key": key, **finding._asdict()} for key, finding in found], ensure_ascii=False))
        else:
            for key, finding in found:
                self.stdout.write(f"{key}: {'error' if finding.is_error else 'warning'}: {finding}")
        errors = sum(finding.is_error for _, finding in found)
        if errors:
            raise CommandError(f"{errors} of {len(found)} findings keep a template from being published.")
