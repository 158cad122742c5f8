"""What the commands about an asking share: finding it, and saying how it went."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from troth.campaigns.models import Repermission
from troth.campaigns.repermission_figures import find_repermission, read_figures
from troth.workspaces.registry import find_workspace


def add_asking(parser: CommandParser) -> None:
    """WS and ID."""
    parser.add_argument("workspace", metavar="WS")
    parser.add_argument("id", metavar="ID", type=int, help="of the asking: `troth repermission list WS` says it")


def find_asking(options: dict[str, Any]) -> Repermission:
    """The asking that is named. Raises CommandError."""
    found = find_repermission(find_workspace(options["workspace"]).pk, options["id"])
    if found is None:
        raise CommandError("There is no such asking in this workspace: `troth repermission list WS` lists them.")
    return found


def describe(row: Repermission) -> dict[str, Any]:
    """An asking and its figures, as plain values."""
    figures = read_figures(row)
    return {
        "id": row.pk,
        "state": row.state,
        "purpose": row.purpose,
        "notice": row.notice,
        "ground": row.ground,
        "looked_at": figures.looked_at,
        "asked": figures.asked,
        "reasons": dict(figures.reasons),
        "left_out": dict(figures.left_out),
        "sent": figures.answers.sent,
        "agreed": figures.answers.agreed,
        "declined": figures.answers.declined,
    }


def tell(row: Repermission) -> str:
    """The same in one line."""
    told = describe(row)
    left_out = "".join(f", {number:,} {why.replace('_', ' ')}" for why, number in told["left_out"].items())
    figures = f"{told['asked']:,} asked{left_out}; {told['sent']:,} sent, {told['agreed']:,} agreed, {told['declined']:,} declined"
    return f"{row.pk}  {row.state:8} {row.purpose}: " + ("nobody is asked before it is started" if row.started_at is None else figures)
