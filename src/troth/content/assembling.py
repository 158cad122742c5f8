"""A template with its layout and snippets as one source, and the way back: which part, line and column each place of it came from.

Snippets are put in as text, before anything else looks at them, so that they may hold Liquid, HTML or MJML, and whatever is read in them is read by the
template. `{% include 'footer' %}` puts one in; `{% include 'button', words: 'Buy', url: event.properties.url %}` gives names to values first, as
`assign` does.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from troth.content.errors import TemplateInvalid, TemplateTooExpensive
from troth.content.liquid import MAX_SOURCE
from troth.content.markup import Chunk, find_liquid

MOST_INCLUDES = 500
DEEPEST = 10
_INCLUDE = re.compile(r"\{%-?\s*include\s+(?P<name>\"[^\"]*\"|'[^']*')\s*(?P<values>(?:,.*)?)-?%\}\Z", re.DOTALL)
_VALUE = re.compile(r"""\s*,\s*([a-zA-Z_][\w-]*)\s*:\s*((?:"[^"]*"|'[^']*'|[^,"'])+)""")
_SLOT = re.compile(r"\{\{-?\s*content\s*-?\}\}\Z")

FindSnippet = Callable[[str], str | None]
"""The source of a published snippet by its key; None where there is none."""


@dataclass(frozen=True)
class Place:
    """A place in what somebody wrote. Lines and columns count from 1."""

    part: str
    line: int
    column: int


@dataclass
class Flat:
    """One source made of several, and where each stretch of it came from."""

    _pieces: list[str] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _origins: list[tuple[str, str, int, bool]] = field(default_factory=list)
    length: int = 0
    includes: int = 0

    @property
    def text(self) -> str:
        """The source."""
        return "".join(self._pieces)

    def add(self, text: str, part: str, origin: str, offset: int, *, is_written: bool = True) -> None:
        """Go on with a text from an offset of a part; `is_written`: as it stands there. Raises TemplateTooExpensive."""
        self.length += len(text)
        if self.length > MAX_SOURCE:
            raise TemplateTooExpensive(f"more than {MAX_SOURCE} characters with its snippets")
        if text:
            self._pieces.append(text)
            self._starts.append(self.length - len(text))
            self._origins.append((part, origin, offset, is_written))

    def place_at(self, offset: int) -> Place:
        """Where an offset of the source came from."""
        number = max(0, bisect_right(self._starts, offset) - 1)
        if not self._origins:
            return Place("", 1, 1)
        part, origin, begin, is_written = self._origins[number]
        there = min(len(origin), begin + (max(0, offset - self._starts[number]) if is_written else 0))
        return Place(part, origin.count("\n", 0, there) + 1, there - origin.rfind("\n", 0, there))

    def place_of(self, line: int, column: int) -> Place:
        """Where a line and column of the source came from."""
        text, start = self.text, 0
        for _ in range(line - 1):
            start = text.find("\n", start) + 1
        return self.place_at(min(len(text), start + column - 1))

    def locate(self, error: TemplateInvalid) -> TemplateInvalid:
        """An error of the whole source as one of the part that it is in."""
        place = self.place_of(error.line, error.column)
        return TemplateInvalid(place.line, place.column, error.message, part=place.part)


def assemble(source: str, part: str, find_snippet: FindSnippet, *, layout: tuple[str, str] | None = None) -> Flat:
    """A part with its snippets, in its layout if it has one (name of the part and source).

    Raises TemplateInvalid with the place of an include that leads nowhere or to itself, and TemplateTooExpensive.
    """
    flat = Flat()
    if layout is None:
        _expand(flat, source, part, find_snippet, (part,), None)
        return flat
    name, frame = layout
    slots = [chunk for chunk in find_liquid(frame) if _is_slot(frame, chunk)]
    if len(slots) != 1:
        place = _place(frame, slots[1].start if slots else 0)
        raise TemplateInvalid(*place, "a layout says {{ content }} exactly once: there the template stands.", part=name)
    _expand(flat, frame, name, find_snippet, (name,), (source, part))
    return flat


def find_includes(source: str) -> list[str]:
    """The keys of the snippets that a source puts in, each once."""
    found = (_INCLUDE.match(source[chunk.start : chunk.end]) for chunk in find_liquid(source) if chunk.tag == "include")
    return list(dict.fromkeys(match["name"][1:-1] for match in found if match))


def _expand(flat: Flat, source: str, part: str, find_snippet: FindSnippet, within: tuple[str, ...], body: tuple[str, str] | None) -> None:
    """Add a source to the flat one; `body` is what stands in the slot of a layout."""
    position = 0
    for chunk in find_liquid(source):
        is_slot = body is not None and _is_slot(source, chunk)
        if chunk.tag not in ("include", "render") and not is_slot:
            continue
        flat.add(source[position : chunk.start], part, source, position)
        position = chunk.end
        if is_slot and body is not None:
            _expand(flat, body[0], body[1], find_snippet, (*within, body[1]), None)
        else:
            _include(flat, source, chunk, part, find_snippet, within)
    flat.add(source[position:], part, source, position)


def _include(flat: Flat, source: str, chunk: Chunk, part: str, find_snippet: FindSnippet, within: tuple[str, ...]) -> None:
    line, column = _place(source, chunk.start)
    written = source[chunk.start : chunk.end]
    found = _INCLUDE.match(written)
    values = list(_VALUE.finditer(found["values"])) if found else []
    if found is None or "".join(value[0] for value in values).strip() != found["values"].strip():
        raise TemplateInvalid(line, column, "write {% include 'key' %}, or {% include 'key', name: value %}.", part=part)
    key = found["name"][1:-1]
    name = f"snippet {key}"
    if name in within:
        raise TemplateInvalid(line, column, f"the snippet {key!r} would contain itself.", part=part)
    flat.includes += 1
    if flat.includes > MOST_INCLUDES or len(within) > DEEPEST:
        raise TemplateTooExpensive(f"more than {MOST_INCLUDES} snippets, or nested more than {DEEPEST} deep")
    snippet = find_snippet(key)
    if snippet is None:
        raise TemplateInvalid(line, column, f"there is no published snippet {key!r}.", part=part)
    for value in values:
        flat.add(f"{{% assign {value[1]} = {value[2].strip()} %}}", part, source, chunk.start, is_written=False)
    _expand(flat, snippet, name, find_snippet, (*within, name), None)


def _is_slot(source: str, chunk: Chunk) -> bool:
    return not chunk.tag and _SLOT.match(source[chunk.start : chunk.end]) is not None


def _place(source: str, offset: int) -> tuple[int, int]:
    return source.count("\n", 0, offset) + 1, offset - source.rfind("\n", 0, offset)
