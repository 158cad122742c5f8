"""Keeping segments: creating, changing, archiving and finding them. What cannot be computed, or reads what its purpose does not cover, is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction

from troth.consent.catalog import PROFILING, load_catalog
from troth.kernel.clock import SECOND, now_ms
from troth.kernel.errors import TrothError
from troth.segments.definition import check_definition, leaves
from troth.segments.kinds import DefinitionInvalid, refuse_unless
from troth.segments.live import forget_live
from troth.segments.models import Progress, Segment, SegmentVersion
from troth.segments.purpose_checking import find_uncovered
from troth.segments.seen import check_types

LONGEST_NAME = 200
MOST_SEGMENTS = 1_000
LONGEST_DEFINITION = 100_000
"""Characters of JSON."""
MOST_NESTED = 8
HELD_MS = SECOND
"""How old a definition may be that a process holds."""

_held: dict[int, tuple[int, tuple[str, dict[str, Any]]]] = {}


class SegmentUnknown(TrothError):
    """No such segment in this workspace."""

    def __init__(self) -> None:
        super().__init__("There is no such segment in this workspace.")


class VersionUnknown(TrothError):
    """No such version of this segment."""

    def __init__(self) -> None:
        super().__init__("There is no such version of this segment.")


class SegmentInvalid(TrothError):
    """A segment that cannot be kept like this; the message begins with the field."""


def list_segments(workspace_id: int, *, archived: bool = False) -> list[Segment]:
    """The segments of a workspace by name; the archived ones instead, if asked for."""
    return list(Segment.objects.filter(workspace_id=workspace_id, archived=archived).select_related("progress").order_by("name", "pk"))


def get_segment(workspace_id: int, segment_id: int) -> Segment:
    """A segment, archived or not. Raises SegmentUnknown."""
    known = 0 < segment_id < 2**63
    found = Segment.objects.filter(workspace_id=workspace_id, pk=segment_id).select_related("progress").first() if known else None
    if found is None:
        raise SegmentUnknown
    return found


_refusals: list[Callable[[int], TrothError | None]] = []


def register_refusal(ask: Callable[[int], TrothError | None]) -> None:
    """Have a package above asked before segments of a workspace are computed anew; what it answers is raised."""
    _refusals.append(ask)


def create_segment(
    workspace_id: int,
    *,
    name: str,
    definition: Mapping[str, Any],
    purpose: str = PROFILING,
    also_for: Sequence[str] = (),
    author: str = "",
    now: int | None = None,
) -> Segment:
    """A new segment, computed from now on; `now` in milliseconds.

    Raises SegmentInvalid, DefinitionInvalid, ConditionInvalid, PurposeUnknown, PurposeNotCovered.
    """
    at = now_ms() if now is None else now
    segment = Segment(
        workspace_id=workspace_id,
        name=name,
        definition=dict(definition),
        purpose=purpose,
        also_for=list(also_for),
        created_at=at,
        updated_at=at,
    )
    check_segment(segment)
    _ask_above(workspace_id)
    if Segment.objects.filter(workspace_id=workspace_id, archived=False).count() >= MOST_SEGMENTS:
        raise SegmentInvalid(f"$: there are {MOST_SEGMENTS} segments already: archive those that nothing uses.")
    with transaction.atomic():
        segment.save()
        Progress.objects.create(segment=segment, due_at=at)
        _keep_version(segment, author)
    _forget()
    return segment


def update_segment(segment: Segment, *, author: str = "", now: int | None = None, **changes: Any) -> Segment:
    """Change `name`, `definition`, `purpose` or `also_for`; a new version, computed anew where it matters. Raises as `create_segment`."""
    at = now_ms() if now is None else now
    with transaction.atomic():
        row = Segment.objects.select_for_update().get(pk=segment.pk, workspace_id=segment.workspace_id)
        if row.archived:
            raise SegmentInvalid("$: the segment is archived: take it up again first.")
        before = (row.definition, row.purpose, row.also_for)
        name_before = row.name
        for field in ("name", "definition", "purpose", "also_for"):
            if field in changes:
                setattr(row, field, changes[field])
        check_segment(row)
        if (name_before, *before) == (row.name, row.definition, row.purpose, row.also_for):
            return get_segment(row.workspace_id, row.pk)
        if before != (row.definition, row.purpose, row.also_for):
            _ask_above(row.workspace_id)
        row.version += 1
        row.updated_at = max(at, row.updated_at + 1)
        row.save()
        _keep_version(row, author)
        if before != (row.definition, row.purpose, row.also_for):
            for one in (row, *find_dependents(row)):
                compute_again(one.pk, row.updated_at)
    _forget()
    return get_segment(row.workspace_id, row.pk)


def get_version(segment: Segment, number: int) -> SegmentVersion:
    """A segment as it was saved once. Raises VersionUnknown."""
    found = segment.versions.filter(version=number).first() if 0 < number < 2**31 else None
    if found is None:
        raise VersionUnknown
    return found


def restore_version(segment: Segment, number: int, *, author: str = "", now: int | None = None) -> Segment:
    """Save a segment as it was in an earlier version, as a new one. Raises VersionUnknown, and as `create_segment` where that cannot be kept any more."""
    old = get_version(segment, number)
    return update_segment(
        segment, author=author, now=now, name=old.name, definition=old.definition, purpose=old.purpose, also_for=old.also_for
    )


def archive_segment(segment: Segment, *, archived: bool = True, now: int | None = None) -> Segment:
    """Compute a segment no more, and forget who was in it; or take it up again. Raises SegmentInvalid while other segments are built on it."""
    at = now_ms() if now is None else now
    if archived and (names := [row.name for row in find_dependents(segment)]):
        raise SegmentInvalid(f"$: other segments are built on it: {', '.join(names)}. Change those first.")
    with transaction.atomic():
        row = Segment.objects.select_for_update().get(pk=segment.pk, workspace_id=segment.workspace_id)
        if not archived:
            check_segment(row)
            _ask_above(row.workspace_id)
        row.archived = archived
        row.updated_at = max(at, row.updated_at + 1)
        row.save(update_fields=["archived", "updated_at"])
        compute_again(row.pk, row.updated_at)
    _forget()
    return get_segment(row.workspace_id, row.pk)


def compute_again(segment_id: int, at: int) -> None:
    """Have everybody looked at again, from an instant on."""
    Progress.objects.filter(segment_id=segment_id).update(due_at=at, bucket=0, started_at=None)


def look_up(segment_id: int) -> tuple[str, dict[str, Any]]:
    """Name and definition of a segment that another one names; at most a second old. Raises DefinitionInvalid when it is gone."""
    moment = now_ms()
    held = _held.get(segment_id)
    if held and moment - held[0] < HELD_MS:
        return held[1]
    found = Segment.objects.filter(pk=segment_id).values_list("name", "definition").first()
    if found is None:
        raise DefinitionInvalid(f"There is no segment {segment_id}.")
    _held[segment_id] = (moment, found)
    return found


def find_dependents(segment: Segment) -> list[Segment]:
    """The live segments that are built on a segment, directly or through others."""
    live = list(Segment.objects.filter(workspace_id=segment.workspace_id, archived=False).exclude(pk=segment.pk).order_by("name", "pk"))
    reached, found = {segment.pk}, []
    while more := [row for row in live if row.pk not in reached and reached & _named(row.definition)]:
        found += more
        reached |= {row.pk for row in more}
    return found


def check_segment(segment: Segment) -> None:
    """Bring a segment into its form, or refuse it: raises as `create_segment`."""
    segment.name = segment.name.strip()
    segment.also_for = sorted({purpose for purpose in segment.also_for if purpose != segment.purpose})
    if not segment.name or len(segment.name) > LONGEST_NAME or "\0" in segment.name:
        raise SegmentInvalid(f"$.name: give the segment a name of at most {LONGEST_NAME} characters.")
    catalog = load_catalog(segment.workspace_id)
    for purpose in (segment.purpose, *segment.also_for):
        catalog.require(purpose)
    check_meaning(segment.workspace_id, segment.definition, segment.pk)
    for fault in find_uncovered(segment.workspace_id, segment.definition, segment.purpose, segment.also_for):
        raise fault


def _ask_above(workspace_id: int) -> None:
    for ask in _refusals:
        if fault := ask(workspace_id):
            raise fault


def check_meaning(workspace_id: int, definition: Any, segment_id: int | None = None) -> None:
    """Make sure that a definition can be computed in a workspace: its form, and the segments it names. Raises DefinitionInvalid, ConditionInvalid."""
    check_definition(definition)
    check_types(workspace_id, definition)
    if len(json.dumps(definition)) > LONGEST_DEFINITION:
        raise DefinitionInvalid("$: the definition is too long: make segments of parts, and name those.")
    _check_named(workspace_id, definition, (segment_id,) if segment_id else ())


def _check_named(workspace_id: int, definition: Mapping[str, Any], above: tuple[int, ...], path: str = "$") -> None:
    """The segments that a definition names are there, and none of them leads back to it."""
    for leaf, place in leaves(definition, path):
        if "segment" in leaf:
            named = leaf["segment"]
            row = Segment.objects.filter(workspace_id=workspace_id, pk=named, archived=False).first()
            refuse_unless(named not in above, f"{place}.segment", "the segment leads back to itself.")
            if row is None:
                raise DefinitionInvalid(f"{place}.segment: there is no such segment in this workspace.")
            refuse_unless(len(above) < MOST_NESTED, f"{place}.segment", f"segments are built on one another at most {MOST_NESTED} deep.")
            _check_named(workspace_id, row.definition, (*above, named), f"{place}.segment (“{row.name}”) $")


def _forget() -> None:
    """Read the configuration anew at the next use: in this process at once, in others within a second."""
    _held.clear()
    forget_live()


def _named(definition: Mapping[str, Any]) -> set[int]:
    return {leaf["segment"] for leaf, _ in leaves(definition) if "segment" in leaf}


def _keep_version(segment: Segment, author: str) -> None:
    SegmentVersion.objects.create(
        segment=segment,
        version=segment.version,
        name=segment.name,
        definition=segment.definition,
        purpose=segment.purpose,
        also_for=segment.also_for,
        at=segment.updated_at,
        author=author,
    )
