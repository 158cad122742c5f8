"""Templates with their versions and who uses them. Values in, values out; no HTTP but `Http404`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.http import Http404
from django.utils.translation import gettext as _

from troth.campaigns.models import Campaign
from troth.content.compiling import PARTS, Written
from troth.content.library import PieceMissing, find_outdated, find_piece, find_version, languages_in, list_versions
from troth.content.models import Kind, Piece, Template

SHOWN = 200
ICONS = {Kind.EMAIL: "mail", Kind.SHORT: "smartphone", Kind.LAYOUT: "layout-template", Kind.SNIPPET: "puzzle"}


@dataclass(frozen=True)
class Row:
    """A template of the list."""

    piece: Piece
    icon: str
    languages: str
    updated_at: int


@dataclass(frozen=True)
class VersionRow:
    """A published version."""

    number: int
    at: int
    outdated: list[str]


def part_names() -> dict[str, str]:
    """The parts in words."""
    return {
        "subject": _("Subject"),
        "preheader": _("Preheader"),
        "body": _("Body"),
        "text": _("Text part"),
        "title": _("Title"),
        "url": _("Address it leads to"),
        "image": _("Address of a picture"),
    }


def get_piece(workspace_id: int, key: str) -> Piece:
    """A template, layout or snippet of the workspace. Raises Http404."""
    try:
        return find_piece(workspace_id, key)
    except PieceMissing:
        raise Http404 from None


def get_version(piece: Piece, number: int) -> Template:
    """A published version. Raises Http404."""
    try:
        return find_version(piece.workspace_id, piece.key, number if 0 < number < 2**31 else -1)
    except PieceMissing:
        raise Http404 from None


def list_pieces(workspace_id: int, *, kind: str, text: str) -> list[Row]:
    """By name, at most 200."""
    found = Piece.objects.filter(workspace_id=workspace_id)
    if kind:
        found = found.filter(kind=kind)
    if text:
        found = found.filter(Q(name__icontains=text) | Q(key__icontains=text))
    return [
        Row(piece, ICONS[Kind(piece.kind)], ", ".join(languages_in(piece)), moment_of(piece.updated_at))
        for piece in found.order_by("name", "key")[:SHOWN]
    ]


def describe_versions(piece: Piece) -> list[VersionRow]:
    """The last first, with the layouts and snippets in each that are newer now."""
    rows = list(list_versions(piece)[:SHOWN])
    versions = Template.objects.filter(pk__in=[row.pk for row in rows]).only("pk", "written")
    outdated = find_outdated(piece.workspace_id, versions)
    return [VersionRow(row.version, moment_of(row.created_at), outdated[row.pk] if row.version == piece.version else []) for row in rows]


def list_campaigns_with(piece: Piece) -> list[Campaign]:
    """The campaigns that choose a template."""
    found = Campaign.objects.filter(workspace_id=piece.workspace_id, template_key=piece.key).order_by("name")
    return list(found.only("pk", "name", "state", "has_changes")[:SHOWN])


def list_sources(written: Written, language: str) -> list[tuple[str, str]]:
    """The parts of one language with their names, those that are empty left out."""
    names, sources = part_names(), written.parts.get(language, {})
    return [(names[part], sources[part]) for part in PARTS[Kind(written.kind)] if sources.get(part, "").strip()]


def moment_of(at: datetime) -> int:
    """Milliseconds."""
    return int(at.timestamp() * 1000)
