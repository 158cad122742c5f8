"""`troth breach affected WS ID`."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import iso, now_ms
from troth.privacy.breaches.register import find_breach
from troth.privacy.breaches.touched import TouchedList, write_csv, write_lines
from troth.workspaces.audit import record_access
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """List everybody whom a breach touched, each once, with what they can be reached by (Art. 34). It is written to the audit log and the register."""

    help = "Everybody whom a breach touched and who is to be told of it (Art. 34): --csv, --json, --member ID."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, ID, --member, --csv, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("breach", metavar="ID", type=int, help="its number in the register")
        parser.add_argument("--member", type=int, metavar="ID", help="only what this user did; 0: keys of the API, and the command line")
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--csv", action="store_true", help="for a spreadsheet")
        form.add_argument("--json", action="store_true", help="a JSON object per line, the last one tells how many they are")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print them as they are found; how many they are goes to standard error, beside a file."""
        breach, now = find_breach(find_workspace(options["workspace"]).pk, options["breach"]), now_ms()
        touched = TouchedList(breach, now=now, only_user=options["member"])
        record_access(breach.workspace_id, user_id=0, role="cli", action="breach.listed", at=now, detail={"breach": breach.pk})
        if options["csv"] or options["json"]:
            for line in (write_csv if options["csv"] else write_lines)(touched):
                self.stdout.write(line, ending="")
        else:
            for one in touched:
                reach = ", ".join([*one.emails, *one.phones]) or (f"{one.devices} devices" if one.devices else "NOT REACHABLE")
                self.stdout.write(f"person:{one.person_id}  {', '.join(one.how):17}  {iso(one.first_at)}  {reach}")
        told = touched.summary()
        print(
            f"{told['listed']} to be told, {told['unreachable']} of them without address, number or device; {told['gone']} who are not there any more."
            f" Not in the list: whom {told['lists']} lists and {told['files']} files showed of which it is not noted.",
            file=sys.stderr,
        )
