"""`troth privacy retention WS`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import iso, now_ms
from troth.privacy.retention.holds import list_holds
from troth.privacy.retention.rules import FIELDS, RetentionInvalid, find_rule, list_rules, save_rule
from troth.privacy.retention.running import find_run, list_runs, preview, run_now
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """List schedules, holds and runs; make a schedule, preview it, run it, print the proof of a run."""

    help = "Schedules of retention with holds and runs; --add NAME=VALUE …, --preview ID, --activate ID, --run ID, --proof RUN."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --add, --preview, --activate, --run, --proof."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("--add", nargs="+", metavar="NAME=VALUE", help=f"a new schedule: {', '.join(FIELDS[:-1])}")
        parser.add_argument("--preview", type=int, metavar="ID", help="what it would delete now")
        parser.add_argument("--activate", type=int, metavar="ID", help="have it run every day")
        parser.add_argument("--run", type=int, metavar="ID", help="carry it out at once")
        parser.add_argument("--proof", metavar="RUN", help="print the signed proof of a run")

    def handle(self, *args: Any, **options: Any) -> None:
        """Act if asked, then print."""
        workspace_id, now = find_workspace(options["workspace"]).pk, now_ms()
        if options["proof"]:
            self.stdout.write(find_run(workspace_id, options["proof"]).certificate, ending="")
            return
        if options["preview"]:
            self._tell(preview(find_rule(workspace_id, options["preview"]), now))
            return
        if options["run"]:
            rule = find_rule(workspace_id, options["run"])
            if not rule.is_active:
                raise RetentionInvalid("It is not active: look at --preview, then --activate it.")
            self._tell(run_now(rule, now).counts)
            return
        if options["activate"]:
            save_rule(workspace_id, {"is_active": True}, now=now, rule=find_rule(workspace_id, options["activate"]))
        if options["add"]:
            save_rule(workspace_id, dict(_read(text) for text in options["add"]), now=now)
        for rule in list_rules(workspace_id):
            what = rule.category or " ".join(part for part in (rule.event, rule.name) if part)
            state = "active" if rule.is_active else "off"
            self.stdout.write(f"{rule.pk:4} {state:7} {rule.title}: {rule.target} {what}, {rule.period} from {rule.trigger} {rule.purpose}")
        for hold in list_holds(workspace_id):
            what = " ".join(part for part in (hold.kind, hold.event, hold.name) if part) or "everything"
            who = f"person:{hold.person_id}" if hold.person_id else "everybody"
            self.stdout.write(f"held    {what} of {who} until {iso(hold.until)[:10]}: {hold.ground}")
        for run in list_runs(workspace_id):
            self.stdout.write(f"run     {run.pk} {iso(run.started_at)} {run.rule['title']}: {run.counts or 'nothing'}")

    def _tell(self, counts: dict[str, int]) -> None:
        for name, number in sorted(counts.items()) or [("nothing", 0)]:
            self.stdout.write(f"{name:10} {number:,}")


def _read(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError("--add takes NAME=VALUE.")
    return name, value
