"""What Live shows of a capture, and what is asked of it. Values in, values out; no HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from troth.console.asking import is_number
from troth.intake.captures import describe, find_capture
from troth.intake.models import Capture
from troth.kernel.json_text import decode
from troth.people.lookup import find_people

LONGEST = 255


class Asked(NamedTuple):
    """A filter as a member writes it: part of an event's name, an identifier (or `person:ID`), only what was refused."""

    name: str = ""
    who: str = ""
    refused: bool = False

    @property
    def is_set(self) -> bool:
        """Whether it leaves anything out."""
        return any(self)


class Detail(NamedTuple):
    """A capture with what the door made of it."""

    capture: Capture
    request: str
    """Method, path and query."""
    part: int
    parts: int
    """Messages in the batch; 0: it was none."""
    is_withheld: bool
    commands: list[dict[str, Any]]


def read_asked(asked: Mapping[str, str]) -> Asked:
    """The filter of an address."""
    name, who = (asked.get(part, "").replace("\0", "").strip()[:LONGEST] for part in ("name", "who"))
    return Asked(name, who, bool(asked.get("refused")))


def find_wanted(workspace_id: int, asked: Asked) -> dict[str, Any] | None:
    """The filter for `captures.read_captures`: whoever has the identifier is found under their others, too. None: everything."""
    if not asked.is_set:
        return None
    own_id = asked.who.removeprefix("person:")
    if own_id != asked.who and is_number(own_id):
        persons = [int(own_id)]
    else:
        persons = [subject.person_id for subject in find_people(workspace_id, asked.who)] if asked.who else []
    return describe(asked.name, asked.who, persons, asked.refused)


def read_detail(workspace_id: int, capture_id: int) -> Detail | None:
    """One capture; None when it is not kept any more, or another's."""
    capture = find_capture(workspace_id, capture_id)
    if capture is None:
        return None
    made = decode(capture.understood) or {}
    return Detail(
        capture=capture,
        request=made.get("request", ""),
        part=made.get("part", 1),
        parts=made.get("parts", 0),
        is_withheld=made.get("is_withheld", False),
        commands=made.get("commands", []),
    )
