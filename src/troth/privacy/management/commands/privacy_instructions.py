"""`troth privacy instructions WS`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from troth.kernel.clock import iso, now_ms
from troth.kernel.speech import ENGLISH
from troth.privacy.contests.contesting import contest_entry, contest_request, find_contest, list_contests, plain_contest, settle
from troth.privacy.contests.paper import write_register
from troth.privacy.contests.telling import name_instruction, tell
from troth.privacy.history import By
from troth.privacy.models.contests import ContestedInstruction
from troth.workspaces.agreements.instructions import list_instructions
from troth.workspaces.audit import ACTIONS, record_access
from troth.workspaces.registry import find_workspace

CLI = By("cli")


class Command(BaseCommand):
    """The register of instructions; say that one infringes the law, and what the controller said to that."""

    help = "The register of instructions; --contest one as infringing the law, --answer what the controller said, --pdf FILE."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --contest, --why, --answer, --outcome, --said, --pdf, --limit, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument(
            "--contest", metavar="ID", help="an instruction, or a request, that infringes the law: the controller is mailed at once"
        )
        parser.add_argument("--why", default="", metavar="TEXT", help="which rule it infringes, and why; nothing about a person")
        parser.add_argument("--answer", type=int, metavar="ID", help="of a contested instruction: what the controller said")
        parser.add_argument("--outcome", choices=["confirmed", "changed", "withdrawn"], default="confirmed")
        parser.add_argument("--said", default="", metavar="TEXT", help="what they said, who, and how")
        parser.add_argument("--pdf", metavar="FILE", help="write the register there")
        parser.add_argument("--limit", type=int, default=50)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Act if asked, then list."""
        workspace_id, now = find_workspace(options["workspace"]).pk, now_ms()
        if options["contest"]:
            self._contest(workspace_id, options["contest"], options["why"], now)
        if options["answer"]:
            with transaction.atomic():
                own = settle(find_contest(workspace_id, options["answer"]), options["outcome"], options["said"], by=CLI, now=now)
                _note(own, "instruction.settled", now)
        if options["pdf"]:
            Path(options["pdf"]).write_bytes(write_register(workspace_id, now).as_pdf())
        contests, rows = list_contests(workspace_id), list_instructions(workspace_id, limit=options["limit"])
        if options["json"]:
            told = [{"id": str(row.entry_id), "at": iso(row.at), "action": row.action, "detail": row.detail} for row in rows]
            self.stdout.write(json.dumps({"contested": [plain_contest(own) for own in contests], "instructions": told}))
            return
        for own in contests:
            state = own.outcome or ("contested, waits" if own.waits else "contested")
            when = f"told {iso(own.told_at)[:16]}" if own.told_at else f"NOT TOLD ({own.trouble or 'soon'})"
            self.stdout.write(f"{own.pk:4} {state}: {name_instruction(own, ENGLISH)}; {when}; {own.reason}")
        for row in rows:
            self.stdout.write(f"{row.entry_id} {iso(row.at)[:16]} {row.detail.get('call') or ACTIONS.get(row.action, row.action)}")

    def _contest(self, workspace_id: int, given: str, why: str, now: int) -> None:
        with transaction.atomic():
            if given.isascii() and given.isdigit() and int(given) < 2**63:
                own = contest_entry(workspace_id, int(given), why, by=CLI, now=now)
            else:
                own = contest_request(workspace_id, _read(given), why, by=CLI, now=now)
            _note(own, "instruction.contested", now)
        tell(own, now)


def _read(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise CommandError("--contest takes the number of an instruction, or the id of a request.") from None


def _note(own: ContestedInstruction, action: str, now: int) -> None:
    record_access(own.workspace_id, user_id=0, role="operator", action=action, at=now, detail={"contest": own.pk, "outcome": own.outcome})
