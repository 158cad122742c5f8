"""`troth privacy steps WS STEP`."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import now_ms
from troth.privacy.desk.bulk import take_for_many
from troth.privacy.desk.listing import DUE_SOON, OPEN_ONLY, OVERDUE, select
from troth.privacy.desk.steps import Step
from troth.privacy.history import By
from troth.privacy.models import RequestState, RequestType
from troth.workspaces.registry import find_workspace

AT_ONCE = 200


class Command(BaseCommand):
    """Take the same step for many requests of a workspace; each that cannot take it keeps nobody else waiting, and says why."""

    help = "Take the same step for many privacy requests, chosen by right, state and term."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, STEP, which requests, --text, --dry-run."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("step", metavar="STEP", choices=[str(step) for step in Step], help=", ".join(Step))
        parser.add_argument("--type", default="", choices=RequestType.values, help="only this right")
        parser.add_argument("--state", default="", choices=RequestState.values, help="only requests in this state")
        parser.add_argument("--show", default=OPEN_ONLY, choices=[OPEN_ONLY, DUE_SOON, OVERDUE], help="which of the open ones")
        parser.add_argument("--request", action="append", metavar="ID", help="only this request; may be repeated")
        parser.add_argument("--text", default="", help="what everybody is told; without it each gets the letter in their language, by mail")
        parser.add_argument("--dry-run", action="store_true", help="only say for which requests")

    def handle(self, *args: Any, **options: Any) -> None:
        """Take it; exit 1 when it could be taken for none."""
        workspace, now = find_workspace(options["workspace"]), now_ms()
        rows = select(workspace.pk, now, right=options["type"], state=options["state"], show=options["show"]).order_by("due_at", "pk")
        if options["request"]:
            rows = rows.filter(pk__in=_ids(options["request"]))
        ids = list(rows.values_list("pk", flat=True)[:AT_ONCE])
        if options["dry_run"]:
            for request_id in ids:
                self.stdout.write(str(request_id))
            return
        done, refused = take_for_many(workspace.pk, ids, Step(options["step"]), by=By("cli"), now=now, text=options["text"])
        for request_id, why in refused.items():
            self.stdout.write(f"{request_id}  not done: {why}")
        self.stdout.write(f"Done for {len(done)} of {len(ids)} requests.")
        if ids and not done:
            raise CommandError("It could be done for none of them.")


def _ids(texts: list[str]) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(text) for text in texts]
    except ValueError:
        raise CommandError("--request is the id of a request: `troth privacy requests` shows them.") from None
