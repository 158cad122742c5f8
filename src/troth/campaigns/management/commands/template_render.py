"""`troth template render WS KEY`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.campaigns.trials import describe_person, find_sample_event, render_trial
from troth.content.drafts import draft_mail, draft_short
from troth.content.library import find_piece
from troth.content.models import Kind
from troth.content.short_text import render_short
from troth.kernel.clock import now_ms
from troth.people.event_names import fold_event_name
from troth.people.lookup import find_person
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Render a draft as a real or made-up person would get it; nothing is sent or stored."""

    help = "Render the draft of a template for a person."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, KEY, --person, --made-up, --event, --properties, --language, --part."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("key", metavar="KEY")
        parser.add_argument("--person", default="", metavar="IDENTIFIER", help="any identifier of a real person")
        parser.add_argument("--made-up", default="", metavar="FILE", help="a person as JSON instead")
        parser.add_argument("--event", default="", metavar="NAME")
        parser.add_argument("--properties", default="", metavar="FILE", help="of the event, as JSON; else those of the person's latest")
        parser.add_argument("--language", default="", help="without it, the person's")
        parser.add_argument("--part", choices=("subject", "html", "text"), help="only this part")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print subject, text and HTML. Raises ContentError, PersonNotFound, CommandError."""
        piece = find_piece(find_workspace(options["workspace"]).pk, options["key"])
        person, properties, at = _read(options["made_up"]), _read(options["properties"]), now_ms()
        if options["person"]:
            subject = find_person(piece.workspace_id, options["person"])
            person = describe_person(subject)
            if not properties and (sample := find_sample_event(subject, options["event"])):
                at, properties = sample
        if piece.kind == Kind.SHORT:
            event = {"name": fold_event_name(options["event"]), "properties": properties}
            short = render_short(draft_short(piece, options["language"]), {"person": person, "user": person, "event": event})
            parts = {"subject": short.title, "text": short.body, "html": ""}
        else:
            mail = draft_mail(piece, options["language"])
            rendered = render_trial(mail, person, event=options["event"], properties=properties, at=at, is_marketing=True)
            parts = {"subject": rendered.subject, "text": rendered.text, "html": rendered.html}
        wanted = [options["part"]] if options["part"] else [part for part, words in parts.items() if words]
        for part in wanted:
            self.stdout.write(parts[part] if options["part"] else f"--- {part}\n{parts[part]}\n")


def _read(path: str) -> dict[str, Any]:
    """An object from a file, nothing without one."""
    if not path:
        return {}
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CommandError(f"{path}: this is no JSON object.")
    return found
