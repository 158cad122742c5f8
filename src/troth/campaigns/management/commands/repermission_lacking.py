"""`troth repermission lacking WS [PURPOSE]`."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.campaigns.repermission import find_asked_purpose
from troth.campaigns.repermission_figures import consent_purposes, count_lacks, list_lacking
from troth.consent.lacking import MAY_BE_ASKED, Lack
from troth.kernel.clock import now_ms
from troth.workspaces.registry import find_workspace

AT_ONCE = 500


class Command(BaseCommand):
    """Count who gave, refused or lacks consent to each purpose; with a PURPOSE, list the persons who lack it and why."""

    help = "Count who lacks a valid consent and why; with a purpose, list them."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, PURPOSE, --reason, --json."""
        parser.add_argument("workspace", metavar="WS")
        parser.add_argument("purpose", metavar="PURPOSE", nargs="?", help="list those who lack consent to it, one a line")
        parser.add_argument("--reason", choices=[lack.value for lack in MAY_BE_ASKED], help="only who lacks it for this reason")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print counts, or persons as they are found."""
        workspace_id, now = find_workspace(options["workspace"]).pk, now_ms()
        if options["purpose"]:
            self._list(workspace_id, options["purpose"], options["reason"], now, as_json=options["json"])
            return
        found = {rule.key: count_lacks(workspace_id, rule, now) for rule in consent_purposes(workspace_id)}
        if options["json"]:
            self.stdout.write(json.dumps({key: {lack.value: number for lack, number in counts.items()} for key, counts in found.items()}))
            return
        for key, counts in found.items():
            self.stdout.write(f"{key}: " + (", ".join(f"{counts[lack]:,} {lack.value}" for lack in Lack if lack in counts) or "nobody"))

    def _list(self, workspace_id: int, purpose: str, reason: str | None, now: int, *, as_json: bool) -> None:
        rule = find_asked_purpose(workspace_id, purpose)
        lacks = [Lack(reason)] if reason else list(MAY_BE_ASKED)
        after: tuple[int, ...] | None = ()
        while after is not None:
            people, after = list_lacking(workspace_id, rule, lacks, now, after, AT_ONCE)
            for person, lack in people:
                told = {"person_id": str(person), "reason": lack.value}
                self.stdout.write(json.dumps(told) if as_json else f"person:{person}  {lack.value}")
