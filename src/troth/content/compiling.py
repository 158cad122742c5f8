"""From what was written to what is rendered: once at publish, so that at the hand-over only Liquid is left to do.

In this order: layout and snippets are put in (`assembling`), Liquid is checked, MJML becomes HTML or styles become attributes, the preheader is put
in, and the text part is made of the HTML where that can be done for all mails at once. Every fault is told where it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from troth.content.assembling import Flat, assemble
from troth.content.derived_text import derive_text
from troth.content.email_template import EmailTemplate
from troth.content.errors import ContentError, TemplateInvalid, TemplateTooExpensive
from troth.content.inlining import inline_styles
from troth.content.liquid import compile_template, render
from troth.content.markup import find_tags
from troth.content.mjml import compile_mjml
from troth.content.models import Format, Kind
from troth.content.reading import Read, find_reads, read_flat

PARTS: Mapping[str, tuple[str, ...]] = {
    Kind.EMAIL: ("subject", "preheader", "body", "text"),
    Kind.SHORT: ("title", "body", "url", "image"),
    Kind.LAYOUT: ("body",),
    Kind.SNIPPET: ("body",),
}
"""What is written of each kind, in each language."""
REQUIRED = {Kind.EMAIL: ("subject", "body"), Kind.SHORT: ("body",), Kind.LAYOUT: ("body",), Kind.SNIPPET: ()}
ESCAPED = ("body", "preheader")
_PREHEADER = '<div style="display:none;max-height:0;max-width:0;overflow:hidden;opacity:0">{}</div>'


class Written(NamedTuple):
    """What somebody wrote: a piece as a value."""

    kind: str
    language: str
    parts: Mapping[str, Mapping[str, str]]
    format: str = Format.HTML.value
    layout: str = ""

    def source(self, part: str, language: str) -> str:
        """A part in a language; what a translation leaves empty is that of the first language."""
        own = self.parts.get(language, {}).get(part, "")
        return own if own.strip() else self.parts.get(self.language, {}).get(part, "")

    def is_translated(self, part: str, language: str) -> bool:
        """Whether a translation has a part of its own."""
        return language != self.language and bool(self.parts.get(language, {}).get(part, "").strip())


class Shelf(NamedTuple):
    """The published layouts and snippets of a workspace, in one language; each gives the version and source, None where there is none."""

    find_snippet: Callable[[str], str | None]
    find_layout: Callable[[str], tuple[str, str] | None]
    """The source of a layout and its format."""


@dataclass(frozen=True)
class Compiled:
    """One language of a piece. Liquid is all that is left in the parts."""

    subject: str = ""
    html: str = ""
    text: str = ""
    short: Mapping[str, str] = field(default_factory=dict)
    """The parts of a short message."""
    reads: tuple[Read, ...] = ()
    flats: Mapping[str, Flat] = field(default_factory=dict)
    """The parts as assembled, for checks that tell places."""

    @property
    def mail(self) -> EmailTemplate:
        """What mails are rendered from."""
        return EmailTemplate(self.subject, self.html, self.text)

    def as_parts(self) -> dict[str, str]:
        """As it is stored."""
        return {"subject": self.subject, "html": self.html, "text": self.text}


def compile_language(written: Written, language: str, shelf: Shelf, *, faults: list[ContentError] | None = None) -> Compiled:
    """A piece in one language, ready to be rendered.

    With `faults` all that is wrong is put there and what can be compiled is; without, it raises the first: TemplateInvalid, TemplateTooExpensive.
    """
    found: list[ContentError] = []
    flats, reads = {}, []
    for part in PARTS[written.kind]:
        try:
            flat = _assemble(written, part, language, shelf)
            check_liquid(flat, escape=part in ESCAPED and written.kind != Kind.SHORT)
            flats[part] = flat
            reads += read_flat(flat, escape=part in ESCAPED)
        except ContentError as error:
            found.append(_named(error, part))
    compiled = Compiled(reads=tuple(reads), flats=flats)
    if not found:
        try:
            compiled = _compile(written, language, compiled)
        except ContentError as error:
            found.append(error)
    if faults is None:
        for fault in found:
            raise fault
    else:
        faults.extend(found)
    return compiled


def check_liquid(flat: Flat, *, escape: bool) -> None:
    """Make sure that a part compiles, and renders even for a person of whom nothing is known. Raises with the place in what was written."""
    try:
        render(compile_template(flat.text, escape=escape), {})
    except TemplateInvalid as error:
        raise flat.locate(error) from None


def _assemble(written: Written, part: str, language: str, shelf: Shelf) -> Flat:
    source = written.source(part, language)
    name = f"{part} ({language})" if written.is_translated(part, language) else part
    if part in REQUIRED[Kind(written.kind)] and not source.strip():
        raise TemplateInvalid(1, 1, "it is empty: write it.", part=name)
    layout = None
    if part == "body" and written.layout:
        found = shelf.find_layout(written.layout)
        if found is None:
            raise TemplateInvalid(1, 1, f"there is no published layout {written.layout!r}.", part=name)
        if found[1] != written.format:
            raise TemplateInvalid(
                1, 1, f"the layout {written.layout!r} is written in {found[1].upper()}, this in {written.format.upper()}.", part=name
            )
        layout = (f"layout {written.layout}", found[0])
    flat = assemble(source, name, shelf.find_snippet, layout=layout)
    if written.kind == Kind.LAYOUT:
        assemble("", "body", shelf.find_snippet, layout=(name, source))
    return flat


def _compile(written: Written, language: str, parts: Compiled) -> Compiled:
    """The rendered parts of what was assembled. Raises TemplateInvalid."""
    flats = parts.flats
    if written.kind == Kind.SHORT:
        return replace(parts, short={part: flats[part].text for part in PARTS[Kind.SHORT]})
    if written.kind != Kind.EMAIL:
        return parts
    body = flats["body"]
    try:
        html = compile_mjml(body.text, language) if written.format == Format.MJML else inline_styles(body.text)
    except TemplateInvalid as error:
        raise body.locate(error) from None
    except ValueError as error:
        raise TemplateInvalid(1, 1, f"the CSS of its style elements cannot be understood ({error}).", part="body") from None
    html = _put_preheader(html, flats["preheader"].text)
    reads = [*parts.reads, *_find_more(html, parts.reads)]
    text = flats["text"].text
    if not text.strip():
        text = derive_text(html, [path for _, path in find_reads(html)])
    return replace(parts, subject=flats["subject"].text, html=html, text=text, reads=tuple(reads))


def _put_preheader(html: str, preheader: str) -> str:
    """What inboxes show beside the subject, first in the body and hidden there."""
    if not preheader.strip():
        return html
    body = next((tag for tag in find_tags(html) if tag.name == "body" and not tag.is_closing), None)
    at = body.end if body else 0
    return html[:at] + _PREHEADER.format(preheader.strip()) + html[at:]


def _find_more(html: str, reads: tuple[Read, ...]) -> list[Read]:
    """What the HTML reads that no place in what was written told. There should be nothing: it is asked about all the same."""
    known = {read.path for read in reads}
    try:
        return [Read(path, "body", 1, 1) for _, path in find_reads(html) if path not in known]
    except TemplateInvalid as error:
        raise TemplateInvalid(
            1, 1, f"Liquid and markup are entangled: what came of them does not work ({error.message})", part="body"
        ) from None


def _named(error: ContentError, part: str) -> ContentError:
    if isinstance(error, TemplateTooExpensive):
        return TemplateTooExpensive(f"{part}: {error.what}")
    return error


def compile_inline(parts: Mapping[str, str], shelf: Shelf) -> Compiled:
    """A mail that was written inline: `subject`, `html` and `text`; its faults name those parts. Raises TemplateInvalid, TemplateTooExpensive."""
    written = Written(Kind.EMAIL, "", {"": {"subject": parts["subject"], "body": parts["html"], "text": parts.get("text", "")}})
    try:
        compiled = compile_language(written, "", shelf)
    except TemplateInvalid as error:
        raise TemplateInvalid(error.line, error.column, error.message, part=_INLINE.get(error.part, error.part)) from None
    return replace(compiled, reads=tuple(read._replace(part=_INLINE.get(read.part, read.part)) for read in compiled.reads))


_INLINE: Mapping[Any, str] = {"body": "html"}
