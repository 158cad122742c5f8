"""What the commands that delete a workspace or an account share."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import iso, now_ms
from troth.kernel.errors import TrothError
from troth.privacy.compaction.awaiting import await_compaction
from troth.privacy.leaving.asking import HOLD_DAYS, STAYS, Preview, ask_to_leave, call_off, find_waiting, preview
from troth.privacy.leaving.carrying_out import carry_out
from troth.privacy.leaving.links import make_leaving_url
from troth.privacy.leaving.telling import tell_called_off, tell_owners
from troth.privacy.models.leaving import Leaving, LeavingState
from troth.workspaces.models import Account, Workspace


class AccountUnknown(TrothError):
    """There is no such account."""


class NothingWaits(TrothError):
    """No deletion was asked for."""


def add_options(parser: CommandParser) -> None:
    """--confirm, --hold-days, --now, --json."""
    parser.add_argument("--confirm", metavar="NAME", default="", help="its name, exactly; without it only what would go is shown")
    parser.add_argument(
        "--hold-days", type=int, default=HOLD_DAYS, metavar="N", help=f"days in which it can be called off (default {HOLD_DAYS})"
    )
    parser.add_argument("--now", action="store_true", help="delete now, without a hold, and wait for the certificate")
    parser.add_argument("--json", action="store_true", help="print {id, state, …}")


def find_account(id_or_name: str) -> Account:
    """By number or name. Raises AccountUnknown."""
    found = Account.objects.filter(name=id_or_name).order_by("pk").first()
    if found is None and id_or_name.isascii() and id_or_name.isdigit() and len(id_or_name) < 19:
        found = Account.objects.filter(pk=int(id_or_name)).first()
    if found is None:
        raise AccountUnknown("There is no such account: `troth workspace list` shows workspaces; an account has the name of its first.")
    return found


def delete(command: BaseCommand, workspaces: list[Workspace], options: dict[str, Any], *, whole_account: bool) -> None:
    """Show what would go; with --confirm ask for it, and with --now carry it out."""
    if not workspaces:
        raise AccountUnknown("The account has no workspaces.")
    if not options["confirm"]:
        _show(command, preview(workspaces), as_json=options["json"])
        return
    now = now_ms()
    hold_days = 0 if options["now"] else options["hold_days"]
    made = ask_to_leave(workspaces, confirmed=options["confirm"], by="operator", now=now, whole_account=whole_account, hold_days=hold_days)
    tell_owners(made, options["confirm"], now)
    follow = make_leaving_url(made)
    if options["now"]:
        made = carry_out(made)
    _tell(command, made, follow, as_json=options["json"])


def keep(command: BaseCommand, workspace: Workspace | None) -> None:
    """Call the deletion off. Raises NothingWaits, LeavingRefused."""
    waiting = find_waiting(workspace.pk) if workspace else None
    if waiting is None or workspace is None:
        raise NothingWaits("No deletion waits, so there is nothing to call off.")
    now = now_ms()
    call_off(waiting, now)
    tell_called_off(waiting, workspace.name, now)
    command.stdout.write("It stays. Keys open again, and mail goes as it went before.")


def _show(command: BaseCommand, shown: list[Preview], *, as_json: bool) -> None:
    if as_json:
        goes = [{"workspace": one.workspace.name, "rows": dict(one.rows), "members": one.members} for one in shown]
        command.stdout.write(json.dumps({"goes": goes, "stays": [what for what, _why in STAYS]}))
        return
    for one in shown:
        command.stdout.write(f"With {one.workspace.name} go")
        for title, rows in one.rows:
            command.stdout.write(f"  {rows:>9,} {title}")
        command.stdout.write(f"  {one.members:>9,} members who belong nowhere else")
    command.stdout.write("What stays")
    for what, why in STAYS:
        command.stdout.write(f"  {what}: {why}")
    command.stdout.write("Nothing was deleted. To ask for it, repeat its name: --confirm NAME")


def _tell(command: BaseCommand, made: Leaving, follow: str, *, as_json: bool) -> None:
    awaited = await_compaction(now_ms()) if made.state == LeavingState.SEARCHING and made.next_at is None else None
    begins_at = iso(awaited.begins_at) if awaited else None
    if as_json:
        certificate = json.loads(made.certificate) if made.certificate else None
        told = {"id": str(made.pk), "state": made.state, "due_at": iso(made.due_at), "follow": follow, "certificate": certificate}
        told["compaction_begins_at"] = begins_at
        command.stdout.write(json.dumps(told))
    elif made.certificate:
        command.stdout.write(made.certificate)
        if begins_at:
            command.stderr.write(f"A later certificate follows the compaction of PostgreSQL, which begins {begins_at}: {follow}")
    else:
        command.stdout.write(f"It begins {iso(made.due_at)}; until then `keep` calls it off.\nFollow it, and get the certificate: {follow}")
