"""What the commands on newsletters share."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from troth.campaigns.models import Newsletter
from troth.campaigns.newsletters.editing import find_newsletter
from troth.campaigns.newsletters.freshness import find_wait
from troth.kernel.clock import iso, now_ms
from troth.workspaces.registry import find_workspace


def add_newsletter(parser: CommandParser) -> None:
    """WS and NEWSLETTER."""
    parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
    parser.add_argument("newsletter", metavar="NEWSLETTER", type=int, help="its number, see `troth newsletter list`")


def find_named(options: dict[str, Any]) -> Newsletter:
    """The newsletter that was named. Raises WorkspaceNotFound, NewsletterUnknown."""
    return find_newsletter(find_workspace(options["workspace"]).pk, options["newsletter"])


def describe(row: Newsletter) -> dict[str, Any]:
    """One, as values."""
    wait = find_wait(row, now_ms())
    return {
        "id": row.pk,
        "name": row.name,
        "state": row.state,
        "purpose": row.purpose,
        "next_at": iso(row.next_at) if row.next_at else None,
        "waits_for": str(wait) if wait else "",
        "trouble": row.trouble,
    }
