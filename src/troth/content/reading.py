"""What a template reads of a person and of an event, told from its source alone, with line and column.

The answer is an upper bound: rendered with nothing but what is named here, a template gives the same text as with all data, whatever the data is.
So a name that may stand for the person in one branch counts as the person in all, which the library's own analysis does not promise.
`{% assign p = person %}` is followed. What cannot be told, such as `person[key]`, counts as all of the person.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple, cast

from liquid import Node, RenderContext
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.builtin.tags.tablerow_tag import TablerowNode
from liquid.expression import Expression

from troth.content.assembling import Flat
from troth.content.email_template import EmailTemplate
from troth.content.liquid import CACHED, compile_template
from troth.content.models import Template

PERSON = ("person",)
EVENT = ("event",)
PROPERTIES = ("event", "properties")
WHOLES = frozenset({PERSON, EVENT, PROPERTIES})
"""What is no datum itself but holds them by name."""
ROOTS = {"person": PERSON, "user": PERSON, "event": EVENT}
"""The variables that templates know. `user` is the person, as Vero's templates have it."""
_OF_ALL = frozenset({"size", "first"})
"""What Liquid answers from all the names in an object, where it has no such name itself."""


class Read(NamedTuple):
    """One place where a template reads data. Lines and columns count from 1."""

    path: tuple[str, ...]
    """`("person", "plan")`, `("event", "properties", "plan")`; one of `WHOLES` where it may be any datum in it."""
    part: str
    """Which part of the mail."""
    line: int
    column: int

    @property
    def is_whole(self) -> bool:
        """Whether any datum may be read here."""
        return self.path in WHOLES

    @property
    def spelled(self) -> str:
        """As a template writes it."""
        return ".".join(self.path)


class _Use(NamedTuple):
    """A path in the source, and in which names of loops it stands; `target` is the name that it is assigned to as it is."""

    path: Path
    hidden: frozenset[str]
    target: str = ""


def read_email(mail: EmailTemplate) -> list[Read]:
    """What a mail reads, in each of its languages, part by part, in the order of the source. Raises TemplateInvalid, TemplateTooExpensive."""
    own = [read for part in ("subject", "html", "text") for read in read_template(getattr(mail, part), part)]
    return own + [
        read._replace(part=f"{read.part} ({language})")
        for language, translation in mail.translations.items()
        for read in read_email(translation)
    ]


def reads_of(template: Template) -> list[Read]:
    """What published content reads, with the places in what was written. Raises TemplateInvalid, TemplateTooExpensive."""
    if template.reads is None:
        return read_email(template.mail)
    return [Read(tuple(path), part, line, column) for path, part, line, column in template.reads]


@lru_cache(maxsize=3 * CACHED)
def read_template(source: str, part: str = "html") -> tuple[Read, ...]:
    """What one part of a mail reads, in the order of the source. Raises TemplateInvalid, TemplateTooExpensive."""
    lines = [index for index, character in enumerate(source) if character == "\n"]
    reads = []
    for place, path in find_reads(source, escape=part == "html"):
        line = bisect_right(lines, place - 1)
        reads.append(Read(path, part, line + 1, place - (lines[line - 1] if line else -1)))
    return tuple(reads)


def read_flat(flat: Flat, *, escape: bool) -> list[Read]:
    """What a part with its layout and snippets reads, each place told in what was written. Raises TemplateInvalid, TemplateTooExpensive."""
    found = []
    for offset, path in find_reads(flat.text, escape=escape):
        place = flat.place_at(offset)
        found.append(Read(path, place.part, place.line, place.column))
    return list(dict.fromkeys(found))


def find_reads(source: str, *, escape: bool = True) -> list[tuple[int, tuple[str, ...]]]:
    """What a source reads and at which offset, in its order. Raises TemplateInvalid, TemplateTooExpensive."""
    uses = list(_find_uses(compile_template(source, escape=escape).bound.nodes))
    aliases = _follow_aliases(uses)
    return sorted(
        {(max(0, use.path.token.start_index), reached) for use in uses for reached, is_alias in _reach(use, aliases) if not is_alias}
    )


def _find_uses(nodes: Iterable[Node]) -> Iterator[_Use]:
    """All paths of a template. It keeps its own stack: a template may nest as deeply as compiling allows."""
    waiting: list[tuple[Node, frozenset[str]]] = [(node, frozenset()) for node in nodes]
    while waiting:
        node, hidden = waiting.pop()
        for expression in node.expressions():
            whole = expression.left if isinstance(expression, FilteredExpression) and not expression.filters else None
            if isinstance(node, AssignNode) and isinstance(whole, Path):
                yield _Use(whole, hidden, str(node.name))
                yield from (_Use(path, hidden) for key in whole.children() for path in _paths_in(key))
            else:
                yield from (_Use(path, hidden) for path in _paths_in(expression))
        for child in node.children(cast("RenderContext", None)):
            in_loop = isinstance(node, ForNode | TablerowNode) and child is node.block
            waiting.append((child, hidden.union(map(str, node.block_scope())) if in_loop else hidden))


def _paths_in(expression: Expression) -> Iterator[Path]:
    waiting = [expression]
    while waiting:
        found = waiting.pop()
        if isinstance(found, Path):
            yield found
        waiting.extend(found.children())


def _follow_aliases(uses: Iterable[_Use]) -> dict[str, set[tuple[str, ...]]]:
    """The names that may stand for a whole, wherever in the template they were given it."""
    depending: dict[str, list[_Use]] = {}
    assigned = [use for use in uses if use.target]
    for use in assigned:
        depending.setdefault(str(use.path.head()), []).append(use)
    aliases: dict[str, set[tuple[str, ...]]] = {}
    while assigned:
        use = assigned.pop()
        reached = {path for path, is_alias in _reach(use, aliases) if is_alias}
        if reached - aliases.get(use.target, set()):
            aliases.setdefault(use.target, set()).update(reached)
            assigned.extend(depending.get(use.target, ()))
    return aliases


def _reach(use: _Use, aliases: dict[str, set[tuple[str, ...]]]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """What a path leads to: data, or a whole that is only given another name."""
    name, *segments = use.path.path
    if isinstance(name, Path):
        yield from ((whole, False) for whole in (PERSON, EVENT))
        return
    if not isinstance(name, str) or name in use.hidden:
        return
    begins = aliases.get(name, set()) | ({ROOTS[name]} if name in ROOTS else set())
    for begin in begins:
        reached = begin
        for segment in segments:
            if isinstance(segment, Path) or segment in _OF_ALL:
                yield reached, False
                break
            reached = (*reached, str(segment))
            if reached not in WHOLES:
                yield reached, False
                break
        else:
            yield reached, bool(use.target)
