"""`troth privacy kept WS`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.clock import iso, now_ms
from troth.people.event_names import fold_event_name
from troth.people.lookup import find_person
from troth.privacy.erasure.kept import EVERYBODY, EXCEPTIONS, end_kept, find_kept, list_kept, name_of, open_kept
from troth.privacy.erasure.kept_ending import end_due
from troth.privacy.retention.holds import lift_hold, list_holds, place_hold
from troth.workspaces.audit import record_access
from troth.workspaces.registry import find_workspace

FIELDS = ("person", "kind", "event", "name", "exception", "ground", "until")


class Command(BaseCommand):
    """Legal holds, and what they keep of erased persons."""

    help = "Legal holds (--hold NAME=VALUE …, --lift ID) and what they keep of erased persons (--open ID, --end ID)."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, --hold, --lift, --open, --end."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument(
            "--hold", nargs="+", metavar="NAME=VALUE", help=f"{', '.join(FIELDS)}; until as 2030-12-31; exception: {', '.join(EXCEPTIONS)}"
        )
        parser.add_argument("--lift", type=int, metavar="ID", help="end a hold; what it keeps of erased persons is erased")
        parser.add_argument("--open", type=int, metavar="ID", help="print what is kept; it is written to the audit log")
        parser.add_argument("--end", type=int, metavar="ID", help="erase what is kept")

    def handle(self, *args: Any, **options: Any) -> None:
        """Act if asked, then print."""
        workspace_id, now = find_workspace(options["workspace"]).pk, now_ms()
        if options["open"]:
            item = find_kept(workspace_id, options["open"])
            record_access(workspace_id, user_id=0, role="cli", action="kept.opened", at=now, detail={"request": str(item.request_id)})
            self.stdout.write(json.dumps(open_kept(item), ensure_ascii=False))
            return
        if options["hold"]:
            self._place(workspace_id, dict(_read(text) for text in options["hold"]), now)
        if options["lift"]:
            lift_hold(workspace_id, options["lift"], now)
        if options["end"]:
            end_kept(workspace_id, now=now, item_id=find_kept(workspace_id, options["end"]).pk)
        if options["lift"] or options["end"]:
            end_due(now)
        for hold in list_holds(workspace_id):
            who = f"person:{hold.person_id}" if hold.person_id else "everybody"
            self.stdout.write(
                f"hold {hold.hold_id} {name_of(hold.kind, hold.event, hold.name)} of {who} until {iso(hold.until)[:10]}: {EXCEPTIONS[hold.exception]}: {hold.ground}"
            )
        for item in list_kept(workspace_id):
            what = name_of(item.kind, item.event, item.name)
            self.stdout.write(
                f"kept {item.pk} {what} of request {item.request_id} until {iso(item.until)[:10]}: {EXCEPTIONS[item.exception]}"
            )

    def _place(self, workspace_id: int, said: dict[str, str], now: int) -> None:
        if unknown := set(said) - set(FIELDS):
            raise CommandError(f"--hold knows {', '.join(FIELDS)}, not {', '.join(sorted(unknown))}.")
        try:
            until = int(datetime.combine(datetime.fromisoformat(said.pop("until", "")), time(), UTC).timestamp() * 1000)
        except ValueError:
            raise CommandError("until=YYYY-MM-DD says when the hold ends.") from None
        person = said.pop("person", "")
        place_hold(
            workspace_id,
            person_id=find_person(workspace_id, person).person_id if person else EVERYBODY,
            kind=said.get("kind", ""),
            event=fold_event_name(said["event"]) if said.get("event") else "",
            name=said.get("name", ""),
            exception=said.get("exception", "claims"),
            ground=said.get("ground", ""),
            until=until,
            now=now,
        )


def _read(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise CommandError("--hold takes NAME=VALUE.")
    return name, value
