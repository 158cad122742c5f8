"""`troth privacy impact WS [--declare KEY] [--sign FILE --name NAME --function FUNCTION]`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import iso, now_ms
from troth.privacy.readiness.impact import DECLARED, Impact, declare_criteria, read_impact, sign_assessment
from troth.workspaces.registry import find_workspace


class Command(BaseCommand):
    """Whether an impact assessment is called for (Art. 35 GDPR); declare what only people know, and keep one that was signed."""

    help = "Show the criteria for an impact assessment, declare those that only people know of, or sign one; exit 1 while one is owed."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --declare, --declare-none, --sign with --name and --function."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        said = parser.add_mutually_exclusive_group()
        said.add_argument("--declare", action="append", choices=DECLARED, help="this criterion is met; may be repeated")
        said.add_argument("--declare-none", action="store_true", help="none of those that only people know of is met")
        parser.add_argument("--sign", metavar="FILE", help="the text of the assessment (UTF-8)")
        parser.add_argument("--name", default="", help="who signs")
        parser.add_argument("--function", default="", help="in which function, for example 'data protection officer'")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked, and print where the workspace stands."""
        workspace, now = find_workspace(options["workspace"]), now_ms()
        if options["declare"] or options["declare_none"]:
            declare_criteria(workspace.pk, options["declare"] or [], user_id=0, now=now)
        if options["sign"]:
            try:
                text = Path(options["sign"]).read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise CommandError(f"--sign: the file cannot be read ({type(error).__name__}).") from None
            sign_assessment(workspace, text=text, name=options["name"], function=options["function"], user_id=0, now=now)
        impact = read_impact(workspace)
        self._tell(impact)
        if not impact.is_fine:
            raise CommandError("An assessment is called for and not signed: --sign FILE --name NAME --function FUNCTION.", returncode=1)

    def _tell(self, impact: Impact) -> None:
        for one in impact.criteria:
            because = f": {one.because}" if one.because else " (declared)" if one.is_met and one.is_declared else ""
            self.stdout.write(f"{'met' if one.is_met else '-':4} {one.key:18} {one.says}{because}")
        if impact.latest:
            signed = impact.latest
            self.stdout.write(f"Signed {iso(signed.signed_at or signed.at)} by {signed.name}, {signed.function}.")
