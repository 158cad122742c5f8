"""`troth consent ledger WS`."""

from __future__ import annotations

import json
import sys
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.consent.ledger.audit import find_faults
from troth.consent.ledger.audit_seals import find_audit_faults
from troth.consent.ledger.checkpoints import make_checkpoint
from troth.consent.ledger.log import append_for
from troth.kernel.clock import now_ms
from troth.workspaces.registry import WorkspaceNotFound, find_workspace

MOST_TOLD = 100


class Command(BaseCommand):
    """Check every consent record of a workspace against its ledger, then print a signed checkpoint. Exit code 1 when something was changed, removed or reordered."""

    help = "Check the consent ledger and the sealed audit log of a workspace, and print a signed checkpoint."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --json."""
        parser.add_argument("workspace", metavar="WS")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Append what waits, check, sign."""
        try:
            workspace = find_workspace(options["workspace"])
        except WorkspaceNotFound as error:
            raise CommandError(str(error)) from None
        while append_for(workspace.pk):
            pass
        every = chain(find_faults(workspace.pk), find_audit_faults(workspace.pk, now_ms()))
        faults = [fault for fault, _ in zip(every, range(MOST_TOLD), strict=False)]
        checkpoint = None if faults else make_checkpoint(workspace.pk, now_ms())
        if options["json"]:
            told = {
                "faults": faults,
                "size": checkpoint.size if checkpoint else None,
                "checkpoint": checkpoint.note if checkpoint else None,
            }
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        elif checkpoint:
            self.stdout.write(f"The ledger holds {checkpoint.size:,} entries; none was changed, removed or reordered.\n\n{checkpoint.note}")
        else:
            self.stdout.write("\n".join(faults))
        if faults:
            sys.exit(1)
