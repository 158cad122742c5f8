"""`troth template render WS KEY`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.management.commands._trying import add_sample, read_sample, tell_parts
from troth.campaigns.trials import render_sample
from troth.content.drafts import draft_mail, draft_short
from troth.content.library import find_piece
from troth.content.models import Kind
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Render a draft as a real or made-up person would get it; nothing is sent or stored."""

    help = "Render the draft of a template for a person."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, KEY, --person, --made-up, --event, --properties, --language, --part."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("key", metavar="KEY")
        add_sample(parser)
        parser.add_argument("--event", default="", metavar="NAME")
        parser.add_argument("--language", default="", help="without it, the person's")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print subject, text and HTML. Raises ContentError, PersonNotFound, CommandError."""
        piece = find_piece(find_workspace(options["workspace"]).pk, options["key"])
        sample = read_sample(piece.workspace_id, options, event=options["event"])
        draft = draft_short(piece, options["language"]) if piece.kind == Kind.SHORT else draft_mail(piece, options["language"])
        for line in tell_parts(render_sample(draft, sample, is_marketing=True), options["part"]):
            self.stdout.write(line)
