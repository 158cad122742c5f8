"""`troth privacy minimise WS`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.consent.collecting import resume_collecting, stop_collecting
from troth.kernel.clock import iso, now_ms
from troth.people.event_names import fold_event_name
from troth.privacy.inventory.clearing import clear_next, start_clearing
from troth.privacy.inventory.minimisation import read_minimisation
from troth.privacy.models import Clearing
from troth.workspaces.registry import find_workspace

DATUM: dict[str, Any] = {"nargs": 3, "metavar": ("KIND", "EVENT", "NAME")}


class Command(BaseCommand):
    """Print what is collected and not used; stop and resume collecting, or delete what was collected."""

    help = "What is collected and used by nothing; --stop, --resume and --clear KIND EVENT NAME ('' where there is none)."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --stop, --resume, --clear."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("--stop", help="drop it at every door from now on", **DATUM)
        parser.add_argument("--resume", help="collect it again", **DATUM)
        parser.add_argument("--clear", help="delete what is stored of what was stopped, at once", **DATUM)

    def handle(self, *args: Any, **options: Any) -> None:
        """Act if asked, then print the report."""
        workspace_id = find_workspace(options["workspace"]).pk
        if options["stop"]:
            stop_collecting(workspace_id, *_read(options["stop"]), now=now_ms())
        if options["resume"]:
            resume_collecting(workspace_id, *_read(options["resume"]))
        if options["clear"]:
            job = start_clearing(workspace_id, *_read(options["clear"]), now=now_ms())
            while Clearing.objects.filter(pk=job.pk, ended_at=None).exists() and clear_next(now_ms()):
                pass
        report = read_minimisation(workspace_id, now_ms())
        for item in report.unused:
            since = iso(item.first_at)[:10] if item.first_at else "unknown"
            self.stdout.write(f"unused    {item.kind:9} {item.title:40} {item.count:>10,} since {since}")
        for one in report.stopped:
            self.stdout.write(
                f"stopped   {one.kind:9} {one.event} {one.name} since {iso(one.since)[:10]}, {one.dropped:,} dropped in 30 days"
            )
        for done in report.clearings:
            state = "cleared" if done.ended_at else "clearing"
            self.stdout.write(f"{state:9} {done.kind:9} {done.event} {done.name}: {done.cleared:,}")


def _read(words: list[str]) -> tuple[str, str, str]:
    kind, event, name = words
    return kind, fold_event_name(event) if event else "", name
