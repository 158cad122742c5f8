"""What uses which datum: segments and stored templates, told here; campaigns, newsletters and funnels lie above and register."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from troth.content.errors import ContentError
from troth.content.models import Kind, Piece
from troth.content.publishing import compile_content
from troth.content.reading import PERSON, PROPERTIES, Read
from troth.people.event_names import fold_event_name
from troth.privacy.inventory.counting import ATTRIBUTE, EVENT, PROPERTY
from troth.segments.definition import find_reads, leaves
from troth.segments.models import Segment

ANY = "*"
"""A name that stands for every attribute, or every property, of what is named beside it."""


class Use(NamedTuple):
    """A datum, and what uses it. `event` is empty for attributes, and for properties of whatever event it may be."""

    kind: str
    event: str
    name: str
    by: str
    """`segment`, `template`, `campaign`, `newsletter` or `funnel`."""
    id: str
    title: str


Datum = tuple[str, str, str]
"""Kind, event, name."""
Finder = Callable[[int], Iterator[Use]]
_finders: list[Finder] = []


def register_uses(finder: Finder) -> None:
    """Have `finder(workspace_id)` asked what else uses data."""
    _finders.append(finder)


def find_uses(workspace_id: int) -> list[Use]:
    """Everything in a workspace that uses data, drafts included."""
    found = [*_of_segments(workspace_id), *_of_templates(workspace_id)]
    for finder in _finders:
        found += finder(workspace_id)
    return list(dict.fromkeys(found))


def _of_segments(workspace_id: int) -> Iterator[Use]:
    for segment in Segment.objects.filter(workspace_id=workspace_id, archived=False):
        data: set[Datum] = {
            (ATTRIBUTE, "", read.datum.name) for read in find_reads(segment.definition) if read.datum.kind.value == ATTRIBUTE
        }
        for leaf, _place in leaves(segment.definition):
            data.update(read_conditions(leaf))
        for kind, event, name in sorted(data):
            yield Use(kind, event, name, "segment", str(segment.pk), segment.name)


def read_conditions(tree: Any, event: str = "") -> Iterator[Datum]:
    """The events that a part of a definition names, and the properties that it reads of each."""
    if isinstance(tree, Mapping):
        if isinstance(tree.get("event"), str):
            event = fold_event_name(tree["event"])
            yield EVENT, event, ""
        if isinstance(tree.get("property"), str):
            yield PROPERTY, event, tree["property"]
        for inner in tree.values():
            yield from read_conditions(inner, event)
    elif isinstance(tree, list):
        for inner in tree:
            yield from read_conditions(inner, event)


def read_content(reads: list[Read], event: str = "") -> Iterator[Datum]:
    """The data that content reads, triggered by an event, if it was."""
    for read in reads:
        if read.path[0] == PERSON[0]:
            yield ATTRIBUTE, "", ANY if read.is_whole else read.path[1]
        elif read.is_whole:
            yield PROPERTY, event, ANY
        elif read.path[: len(PROPERTIES)] == PROPERTIES:
            yield PROPERTY, event, read.path[len(PROPERTIES)]
        else:
            yield PROPERTY, event, read.path[1]


def _of_templates(workspace_id: int) -> Iterator[Use]:
    for piece in Piece.objects.filter(workspace_id=workspace_id, kind__in=(Kind.EMAIL, Kind.SHORT), version__gt=0):
        try:
            is_mail = piece.kind == Kind.EMAIL
            reads = compile_content(workspace_id, piece.key, {}, is_mail=is_mail)[1]
        except ContentError:
            continue  # it cannot be rendered either, which its own page tells
        for kind, event, name in sorted(set(read_content(reads))):
            yield Use(kind, event, name, "template", piece.key, piece.name or piece.key)
