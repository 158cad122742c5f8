"""`troth privacy prove [--show]`."""

from __future__ import annotations

import json
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import iso, now_ms
from troth.privacy.management.commands._progress import show_progress
from troth.privacy.models.proofs import ProofRun, ProofState
from troth.privacy.proofs.reading import last_proof, list_proofs, plain_run
from troth.privacy.proofs.running import begin, prove

LISTED = 30


class Command(BaseCommand):
    """Prove that erasure erases: two made-up persons, one erased, every byte searched, the statement signed."""

    help = "Prove with two made-up persons that erasure leaves no byte; --show the last statement, --history."

    def add_arguments(self, parser: CommandParser) -> None:
        """--show, --history, --begun, --json."""
        parser.add_argument("--show", action="store_true", help="print the last signed statement, and prove nothing now")
        parser.add_argument("--history", action="store_true", help="list the last proofs, and prove nothing now")
        parser.add_argument("--begun", metavar="ID", help="carry out a proof that was begun, at low priority, and print nothing")
        parser.add_argument("--json", action="store_true", help="print the signed statement of this proof")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prove and say what came of it; exit code 1 when it did not pass."""
        if options["begun"]:
            os.nice(10)
            run = ProofRun.objects.filter(pk=options["begun"], state=ProofState.RUNNING).first()
            if run is not None:
                prove(run)
        elif options["history"]:
            self._list(as_json=options["json"])
        elif options["show"]:
            last = last_proof()
            if last is None:
                raise CommandError("There is no proof yet: `troth privacy prove` makes one.")
            self.stdout.write(last.certificate, ending="")
        else:
            self._prove(as_json=options["json"])

    def _list(self, *, as_json: bool) -> None:
        runs = list_proofs(LISTED)
        if as_json:
            self.stdout.write(json.dumps([plain_run(run) for run in runs]))
            return
        for run in runs:
            self.stdout.write(
                f"{iso(run.begun_at)[:19]}  {run.state:8} {run.files:>7,} files {run.done:>16,} bytes  {'; '.join(run.reasons)}"
            )

    def _prove(self, *, as_json: bool) -> None:
        run = begin(now_ms())
        with show_progress("Searching every byte kept") as progress:
            prove(run, progress=progress)
        if as_json:
            self.stdout.write(run.certificate, ending="")
        else:
            self.stdout.write(f"Proof {run.pk}: {run.state}")
            for key, value in json.loads(run.certificate)["claims"].items():
                if key in ("ways", "stores_reached", "stores_not_reached", "blind_spots", "reasons") and value:
                    self.stdout.write(f"  {key.replace('_', ' ')}: {'; '.join(value)}")
            self.stdout.write(f"  searched {run.files:,} files, {run.done:,} bytes, in {run.took_ms / 1000:.1f} s")
            self.stdout.write("The signed statement: troth privacy prove --show")
        if run.state != ProofState.PASSED:
            raise CommandError("The proof did not hold: see its reasons.")
