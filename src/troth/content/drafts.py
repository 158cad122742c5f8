"""A draft as it would be sent, to look at before it is published: also a layout, with words in its slot, and a snippet by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troth.content.compiling import Shelf, Written, compile_language
from troth.content.email_template import EmailTemplate
from troth.content.library import Library, written_of
from troth.content.models import Format, Kind, Piece
from troth.content.short_text import ShortTemplate, short_from_json

_SLOT = {
    Format.HTML.value: "<p>Here stands the template.</p>",
    Format.MJML.value: "<mj-section><mj-column><mj-text>Here stands the template.</mj-text></mj-column></mj-section>",
}


def draft_mail(piece: Piece, language: str = "") -> EmailTemplate:
    """The mail of a draft, in one language or, without, in that of the person who gets it. Raises ContentError."""
    library, written = Library(piece.workspace_id), _as_mail(written_of(piece))
    if language:
        return compile_language(written, language, _shelf(piece, library, language)).mail
    own, *others = [written.language, *sorted(set(written.parts) - {written.language})]
    compiled = {name: compile_language(written, name, _shelf(piece, library, name)).mail for name in (own, *others)}
    return EmailTemplate(compiled[own].subject, compiled[own].html, compiled[own].text, {name: compiled[name] for name in others})


def draft_short(piece: Piece, language: str = "") -> ShortTemplate:
    """The short message of a draft, as `draft_mail`. Raises ContentError."""
    library, written = Library(piece.workspace_id), written_of(piece)
    own, *others = [language] if language else [written.language, *sorted(set(written.parts) - {written.language})]
    compiled = {name: dict(compile_language(written, name, library.in_language(name)).short) for name in (own, *others)}
    parts: dict[str, Any] = {**compiled[own], "translations": {name: compiled[name] for name in others}}
    return short_from_json(parts)


def _as_mail(written: Written) -> Written:
    if written.kind == Kind.EMAIL:
        return written
    is_layout = written.kind == Kind.LAYOUT
    parts: Mapping[str, Mapping[str, str]] = {
        name: {"subject": written.kind, "body": _SLOT[written.format] if is_layout else sources.get("body", "")}
        for name, sources in {written.language: {}, **written.parts}.items()
    }
    return Written(Kind.EMAIL, written.language, parts, written.format, "itself" if is_layout else "")


def _shelf(piece: Piece, library: Library, language: str) -> Shelf:
    """What is published, and a layout itself as it is being written."""
    shelf = library.in_language(language)
    if piece.kind != Kind.LAYOUT:
        return shelf
    return Shelf(shelf.find_snippet, lambda _key: (written_of(piece).source("body", language), piece.format))
