"""Publishing: a draft becomes a version, and a version or a mail written inline becomes what messages are rendered from.

Errors found by `checking` keep a draft from being published. Compiled is once, here; what was published is never compiled again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from troth.content.checking import check_piece
from troth.content.compiling import Compiled, compile_inline
from troth.content.email_template import EmailTemplate
from troth.content.errors import TemplateInvalid
from troth.content.languages import ATTRIBUTES
from troth.content.library import Library, NotPublished, compile_piece, find_version
from troth.content.models import Kind, Piece, Template
from troth.content.reading import Read, reads_of
from troth.content.short_text import ShortTemplate, short_from_json

CHOICE = "choice of language"
"""The part of a template with translations that reads which language a person speaks."""
Listener = Callable[[int, str], None]
_listeners: list[Listener] = []
COMPILING = ("invalid", "expensive")
"""Findings that compiling tells as errors of its own."""


def register_publication(listener: Listener) -> None:
    """Have a function called, in the same transaction, with the workspace and the key of each piece that is published."""
    if listener not in _listeners:
        _listeners.append(listener)


def publish_piece(piece: Piece) -> Template:
    """Make a version of the draft. Raises TemplateInvalid with part, line and column, TemplateTooExpensive; nothing is published then."""
    library = Library(piece.workspace_id)
    with transaction.atomic():
        row = Piece.objects.select_for_update().get(pk=piece.pk, workspace_id=piece.workspace_id)
        for finding in check_piece(row):
            if finding.is_error and finding.code not in COMPILING:
                raise TemplateInvalid(max(1, finding.line), max(1, finding.column), finding.message, part=finding.part)
        compiled = compile_piece(row, library)
        row.version += 1
        own = compiled.pop(row.language)
        version = Template.objects.create(
            workspace_id=row.workspace_id,
            kind=row.kind,
            key=row.key,
            version=row.version,
            language=row.language,
            **own.as_parts(),
            short=_short(own, compiled),
            translations={name: one.as_parts() for name, one in compiled.items()},
            reads=_told([own, *compiled.values()]),
            written={"format": row.format, "layout": row.layout, "parts": row.parts, "used": library.used},
        )
        row.save(update_fields=["version", "updated_at"])
        for hear in _listeners:
            hear(row.workspace_id, row.key)
    piece.version = row.version
    return version


def issue_template(workspace_id: int, key: str, *, also_for: Sequence[str] = (), topic: str = "") -> Template:
    """What messages are rendered from, made of the last version of a stored template. Raises NotPublished."""
    return _store(make_of_template(workspace_id, key, also_for=also_for, topic=topic))


def make_of_template(workspace_id: int, key: str, *, also_for: Sequence[str] = (), topic: str = "") -> Template:
    """As `issue_template`, not stored: for what is only tried. Raises NotPublished."""
    version = find_version(workspace_id, key)
    if version.kind not in (Kind.EMAIL, Kind.SHORT):
        raise NotPublished(f"{key!r} is a {version.get_kind_display()}: name a template.")
    return Template(
        workspace_id=workspace_id,
        kind=version.kind,
        subject=version.subject,
        html=version.html,
        text=version.text,
        short=version.short,
        language=version.language,
        translations=version.translations,
        reads=version.reads,
        also_for=list(also_for),
        topic=topic,
        made_from=version.pk,
    )


def issue_inline(workspace_id: int, parts: Mapping[str, str], *, also_for: Sequence[str] = (), topic: str = "") -> Template:
    """What messages are rendered from, made of a mail that was written inline: `subject`, `html`, `text`. Raises ContentError."""
    return _store(make_of_inline(workspace_id, parts, also_for=also_for, topic=topic))


def make_of_inline(workspace_id: int, parts: Mapping[str, str], *, also_for: Sequence[str] = (), topic: str = "") -> Template:
    """As `issue_inline`, not stored: for what is only tried. Raises ContentError."""
    compiled, used = compile_draft(workspace_id, parts)
    return Template(
        workspace_id=workspace_id,
        **compiled.as_parts(),
        reads=_told([compiled]),
        also_for=list(also_for),
        topic=topic,
        written={**parts, "used": used},
    )


def _store(made: Template) -> Template:
    made.save(force_insert=True)
    return made


def compile_draft(workspace_id: int, parts: Mapping[str, str]) -> tuple[Compiled, dict[str, int]]:
    """A mail that is written inline, as it would be published, with the versions of the snippets in it. Raises ContentError."""
    library = Library(workspace_id)
    return compile_inline(parts, library.in_language("")), library.used


def compile_mail(workspace_id: int, key: str, inline: Mapping[str, str]) -> tuple[EmailTemplate, list[Read]]:
    """The mail that would be issued now, with what it reads: of the last version of a stored template, without a key of what is written inline.

    Raises ContentError.
    """
    if not key:
        compiled, _used = compile_draft(workspace_id, inline)
        return compiled.mail, list(compiled.reads)
    version = find_version(workspace_id, key)
    if version.kind != Kind.EMAIL:
        raise NotPublished(f"{key!r} is no template of an e-mail: choose one that is.")
    return version.mail, reads_of(version)


def compile_content(
    workspace_id: int, key: str, inline: Mapping[str, str], *, is_mail: bool
) -> tuple[EmailTemplate | ShortTemplate, list[Read]]:
    """As `compile_mail`; of what is no mail the stored short message that would be issued now, with what it reads. Raises ContentError."""
    if is_mail:
        return compile_mail(workspace_id, key, inline)
    if not key:
        raise NotPublished("What is no e-mail is a stored short message: choose one.")
    version = find_version(workspace_id, key)
    if version.kind != Kind.SHORT:
        raise NotPublished(f"{key!r} is no short message: choose a template that is one.")
    return short_from_json(version.short), reads_of(version)


def _told(compiled: Iterable[Compiled]) -> list[list[Any]]:
    """What is read, as it is stored: each place once."""
    languages = list(compiled)
    # Choosing a translation reads the person, too.
    chosen_by = [Read(("person", name), CHOICE, 1, 1) for name in ATTRIBUTES if len(languages) > 1]
    found = dict.fromkeys([*(read for one in languages for read in one.reads), *chosen_by])
    return [[list(read.path), read.part, read.line, read.column] for read in found]


def _short(own: Compiled, translations: Mapping[str, Compiled]) -> dict[str, Any]:
    """The parts of a short message as `content.short_text` stores them."""
    return {**own.short, "translations": {name: dict(one.short) for name, one in translations.items()}} if own.short else {}
