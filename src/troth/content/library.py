"""The templates, layouts and snippets of a workspace: drafts that are edited, and immutable versions that are published.

A version has its layout and snippets in it, as they were published when it was. So publishing a snippet changes nothing that was published
before: what uses it shows as made with an older one, until it is published again. Campaigns take a version over when they are published themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from troth.content.assembling import find_includes
from troth.content.compiling import PARTS, Compiled, Shelf, Written, compile_language
from troth.content.errors import ContentError
from troth.content.languages import choose_language, normalise_language
from troth.content.liquid import MAX_SOURCE
from troth.content.models import Format, Kind, Piece, Template

LONGEST_NAME = 200
MOST_LANGUAGES = 50
EDITABLE = ("name", "format", "layout", "language", "parts")
_KEY = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*\Z")
LONGEST_KEY = 64


class PieceInvalid(ContentError):
    """A template, layout or snippet that cannot be saved; the message begins with the field."""


class PieceMissing(ContentError):
    """There is no such template, layout or snippet, or no such version of it."""


class NotPublished(ContentError):
    """A template that was never published, or is none that could be sent."""


class PieceInUse(ContentError):
    """What cannot be deleted because something else needs it."""


def create_piece(workspace_id: int, *, kind: str, key: str, name: str = "", **fields: Any) -> Piece:
    """A draft; `fields` are of EDITABLE. Raises PieceInvalid."""
    if kind not in Kind.values:
        raise PieceInvalid(f"$.kind: say one of {', '.join(Kind.values)}.")
    if not _KEY.match(key) or len(key) > LONGEST_KEY:
        raise PieceInvalid(f"$.key: small letters, digits, - and _ between them, at most {LONGEST_KEY} characters, like order-shipped.")
    if Piece.objects.filter(workspace_id=workspace_id, key=key).exists():
        raise PieceInvalid("$.key: the workspace has a template, layout or snippet of this key: choose another.")
    published = Template.objects.filter(workspace_id=workspace_id, key=key).aggregate(Max("version"))["version__max"]
    piece = Piece(workspace_id=workspace_id, kind=kind, key=key, name=name or key, language=fields.pop("language", "en"))
    # A key that is used again goes on counting, so that a version is told apart from those of the piece before.
    piece.version = published or 0
    _change(piece, fields)
    piece.save()
    return piece


def update_piece(piece: Piece, **changes: Any) -> Piece:
    """Change the draft; what was published stays as it is. `changes` are of EDITABLE; `parts` are all languages anew. Raises PieceInvalid."""
    with transaction.atomic():
        row = Piece.objects.select_for_update().get(pk=piece.pk, workspace_id=piece.workspace_id)
        _change(row, changes)
        row.save()
    return row


def write_language(piece: Piece, language: str, parts: Mapping[str, str]) -> Piece:
    """Change one language of the draft; without any words it goes, unless it is the first. Raises PieceInvalid."""
    kept = {name: words for name, words in piece.parts.items() if name != language}
    if any(words.strip() for words in parts.values()) or language == piece.language:
        kept[language] = dict(parts)
    return update_piece(piece, parts=kept)


def delete_piece(piece: Piece) -> None:
    """Remove the draft; what was published stays, for messages were made of it. Raises PieceInUse naming what puts it in."""
    users = [other.key for other in find_users(piece)]
    if users:
        raise PieceInUse(f"It is put into {', '.join(users)}: take it out there first.")
    piece.delete()


def find_piece(workspace_id: int, key: str) -> Piece:
    """A piece by its key. Raises PieceMissing."""
    found = Piece.objects.filter(workspace_id=workspace_id, key=key[: LONGEST_KEY + 1].replace("\0", "")).first()
    if found is None:
        raise PieceMissing("There is no template, layout or snippet of this key in this workspace.")
    return found


def find_version(workspace_id: int, key: str, version: int = 0) -> Template:
    """A published version; 0 is the last. Raises PieceMissing, NotPublished."""
    found = Template.objects.filter(workspace_id=workspace_id, key=key or " ")
    row = (found.filter(version=version) if version else found.order_by("-version"))[:1]
    if not row:
        if not version:
            raise NotPublished(f"There is no published template {key!r}: publish it first.")
        raise PieceMissing("There is no such version.")
    return row[0]


def find_version_id(workspace_id: int, key: str) -> int:
    """The id of the last version of a stored template; 0: there is none."""
    return Template.objects.filter(workspace_id=workspace_id, key=key).order_by("-version").values_list("pk", flat=True).first() or 0


def list_versions(piece: Piece) -> QuerySet[Template]:
    """Its versions, the last first, without their sources."""
    found = Template.objects.filter(workspace_id=piece.workspace_id, key=piece.key)
    return found.defer("subject", "html", "text", "translations", "written", "reads").order_by("-version")


def list_mails(workspace_id: int, also: str = "") -> QuerySet[Piece]:
    """The stored templates of e-mails that can be sent, and the one with the key `also`; without their sources."""
    found = Piece.objects.filter(workspace_id=workspace_id, kind=Kind.EMAIL).filter(Q(version__gt=0) | Q(key=also))
    return found.defer("parts").order_by("name", "key")


def list_shorts(workspace_id: int) -> QuerySet[Piece]:
    """The stored short messages that can be sent; without their sources."""
    return Piece.objects.filter(workspace_id=workspace_id, kind=Kind.SHORT, version__gt=0).defer("parts").order_by("name", "key")


def written_of(piece: Piece) -> Written:
    """The draft as a value."""
    return Written(piece.kind, piece.language, piece.parts, piece.format, piece.layout)


def written_in(version: Template) -> Written:
    """What was written in a version."""
    told = version.written
    return Written(version.kind, version.language, told["parts"], told["format"], told["layout"])


def has_changes(piece: Piece) -> bool:
    """Whether the draft differs from what was published last."""
    if not piece.version:
        return True
    try:
        return written_in(find_version(piece.workspace_id, piece.key, piece.version)) != written_of(piece)
    except (PieceMissing, NotPublished):
        return True


class Library:
    """The published layouts and snippets of a workspace, read when they are asked for, and which of them were used at which version."""

    def __init__(self, workspace_id: int) -> None:
        self.workspace_id = workspace_id
        self.used: dict[str, int] = {}
        self._read: dict[str, Template | None] = {}

    def in_language(self, language: str) -> Shelf:
        """As one language of a template sees it."""

        def find_snippet(key: str) -> str | None:
            row = self._find(key, Kind.SNIPPET)
            return self._source(row, language) if row else None

        def find_layout(key: str) -> tuple[str, str] | None:
            row = self._find(key, Kind.LAYOUT)
            return (self._source(row, language), row.written["format"]) if row else None

        return Shelf(find_snippet, find_layout)

    def _find(self, key: str, kind: Kind) -> Template | None:
        if key not in self._read:
            # A piece that was deleted is not put in any more, though its versions are kept.
            piece = Piece.objects.filter(workspace_id=self.workspace_id, key=key[:LONGEST_KEY], kind=kind, version__gt=0).first()
            found = piece and Template.objects.filter(workspace_id=self.workspace_id, key=piece.key, version=piece.version).first()
            self._read[key] = found or None
        row = self._read[key]
        if row is None or row.kind != kind:
            return None
        self.used[key] = row.version
        return row

    @staticmethod
    def _source(row: Template, language: str) -> str:
        written = written_in(row)
        return written.source("body", choose_language(written.parts, [language]) or written.language)


def compile_piece(piece: Piece, library: Library, *, faults: list[ContentError] | None = None) -> dict[str, Compiled]:
    """All languages of the draft. Raises ContentError, unless there is a list for the faults."""
    written = written_of(piece)
    return {name: compile_language(written, name, library.in_language(name), faults=faults) for name in languages_in(piece)}


def languages_in(piece: Piece) -> list[str]:
    """The languages of the draft, the first before the others."""
    return [piece.language, *sorted(set(piece.parts) - {piece.language})]


def restore_version(piece: Piece, version: int) -> Piece:
    """Write an old version into the draft; nothing is published. Raises PieceMissing."""
    row = find_version(piece.workspace_id, piece.key, version)
    told = row.written
    return update_piece(piece, format=told["format"], layout=told["layout"], language=row.language, parts=told["parts"])


def find_users(piece: Piece) -> list[Piece]:
    """The other pieces whose drafts put this one in."""
    if piece.kind not in (Kind.LAYOUT, Kind.SNIPPET):
        return []
    others = Piece.objects.filter(workspace_id=piece.workspace_id).exclude(pk=piece.pk).order_by("key")
    return [other for other in others.iterator(chunk_size=100) if other.layout == piece.key or piece.key in _included(other)]


def find_outdated(workspace_id: int, versions: Iterable[Template]) -> dict[int, list[str]]:
    """For each version the layouts and snippets in it that were published anew since, by the version's id."""
    current = dict(Piece.objects.filter(workspace_id=workspace_id).values_list("key", "version"))
    return {
        version.pk: sorted(key for key, used in version.written.get("used", {}).items() if current.get(key, used) > used)
        for version in versions
    }


def _included(piece: Piece) -> set[str]:
    return {key for parts in piece.parts.values() for source in parts.values() for key in find_includes(source)}


def _change(piece: Piece, changes: Mapping[str, Any]) -> None:
    """Bring changes into their form, or refuse them."""
    unknown = set(changes) - set(EDITABLE)
    if unknown:
        raise PieceInvalid(f"$.{min(unknown)}: this cannot be edited.")
    for field, value in changes.items():
        setattr(piece, field, value)
    piece.name = piece.name.strip()
    if not piece.name or len(piece.name) > LONGEST_NAME or "\0" in piece.name:
        raise PieceInvalid(f"$.name: at most {LONGEST_NAME} characters.")
    if piece.format not in Format.values or (piece.format != Format.HTML and piece.kind not in (Kind.EMAIL, Kind.LAYOUT)):
        raise PieceInvalid("$.format: html, or for mails and layouts mjml.")
    if piece.layout and (piece.kind != Kind.EMAIL or not _KEY.match(piece.layout) or len(piece.layout) > LONGEST_KEY):
        raise PieceInvalid("$.layout: the key of a layout, and only for a mail.")
    language = normalise_language(piece.language)
    if not language:
        raise PieceInvalid("$.language: a language such as en or pt-br.")
    piece.language, piece.parts = language, _tidy_parts(piece.kind, piece.parts)


def _tidy_parts(kind: str, parts: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    tidy: dict[str, dict[str, str]] = {}
    if len(parts) > MOST_LANGUAGES:
        raise PieceInvalid(f"$.parts: an object of at most {MOST_LANGUAGES} languages.")
    for name, sources in parts.items():
        language = normalise_language(name)
        if not language or not isinstance(sources, Mapping):
            raise PieceInvalid(f"$.parts.{str(name)[:40]}: a language such as en or pt-br, with its parts.")
        for part, source in sources.items():
            if part not in PARTS[Kind(kind)]:
                raise PieceInvalid(f"$.parts.{language}.{str(part)[:40]}: the parts are {', '.join(PARTS[Kind(kind)])}.")
            if not isinstance(source, str) or len(source) > MAX_SOURCE or "\0" in source:
                raise PieceInvalid(f"$.parts.{language}.{part}: a text of at most {MAX_SOURCE} characters, without NUL.")
        tidy[language] = {part: str(sources.get(part, "")).replace("\r\n", "\n") for part in PARTS[Kind(kind)]}
    return tidy
