"""What is made of a file: campaigns, newsletters, segments and templates, each by the shape of its body in the control API and the functions that this calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandError
from ninja import Schema

from troth.api.campaigns import show_campaign
from troth.api.newsletter_schemas import NewsletterIn
from troth.api.newsletters import show_newsletter
from troth.api.schemas import CampaignIn, Input
from troth.api.segment_schemas import SegmentIn
from troth.api.segments import show_segment
from troth.api.template_schemas import PieceIn
from troth.api.templates import show_template
from troth.campaigns.editing import create_campaign, find_campaign, update_campaign
from troth.campaigns.newsletters.editing import create_newsletter, edit_newsletter, find_newsletter
from troth.content.library import create_piece, find_piece, update_piece
from troth.content.models import Piece
from troth.kernel.clock import now_ms
from troth.segments.management.commands._segment import find_segment
from troth.segments.registry import create_segment, update_segment

AUTHOR = "command line"


@dataclass(frozen=True)
class Kind:
    """One kind of what a file defines."""

    name: str
    shape: type[Input]
    """Of the file: the body of the API's POST."""
    find: Callable[[int, str], Any]
    """Of a workspace, by what a command names it by."""
    create: Callable[[int, Mapping[str, Any]], Any]
    update: Callable[[Any, Mapping[str, Any]], Any]
    show: Callable[[Any], Schema]
    """As the API tells it."""
    named_by: str = "id"
    """The field that other commands name it by."""


def _read_number(named: str, kind: str) -> int:
    if not (named.isascii() and named.isdigit() and len(named) < 20):
        raise CommandError(f"{kind.upper()} is a number: `troth {kind} list WS` tells it.")
    return int(named)


def _update_piece(piece: Piece, fields: Mapping[str, Any]) -> Piece:
    """Its key and kind stay as they are. Raises CommandError for a file of another one."""
    for field in ("key", "kind"):
        if fields[field] != getattr(piece, field):
            raise CommandError(f"$.{field}: the file is of another one, and this stays as it is: name the template of the file.")
    own = {name: value for name, value in fields.items() if name not in ("key", "kind")}
    return update_piece(piece, **{**own, "name": own["name"] or piece.key})


CAMPAIGN = Kind(
    "campaign",
    CampaignIn,
    lambda workspace_id, named: find_campaign(workspace_id, _read_number(named, "campaign")),
    lambda workspace_id, fields: create_campaign(workspace_id, **fields),
    lambda row, fields: update_campaign(row, **fields),
    show_campaign,
)
NEWSLETTER = Kind(
    "newsletter",
    NewsletterIn,
    lambda workspace_id, named: find_newsletter(workspace_id, _read_number(named, "newsletter")),
    lambda workspace_id, fields: create_newsletter(workspace_id, fields, now=now_ms()),
    lambda row, fields: edit_newsletter(row, fields, now=now_ms()),
    show_newsletter,
)
SEGMENT = Kind(
    "segment",
    SegmentIn,
    find_segment,
    lambda workspace_id, fields: create_segment(workspace_id, author=AUTHOR, **fields),
    lambda row, fields: update_segment(row, author=AUTHOR, **fields),
    lambda row: show_segment(row, now_ms()),
)
TEMPLATE = Kind(
    "template",
    PieceIn,
    find_piece,
    lambda workspace_id, fields: create_piece(workspace_id, **fields),
    _update_piece,
    show_template,
    named_by="key",
)
