"""The versions of a segment: each in words, how it differs from another, and taking one up again."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.acting import go
from troth.console.segments.reading import find_segment, name_purpose
from troth.console.shell import render_page
from troth.kernel.errors import TrothError
from troth.segments.evaluate import Described, describe
from troth.segments.models import Segment, SegmentVersion
from troth.segments.registry import VersionUnknown, get_version, restore_version
from troth.workspaces.roles import Permission


@member_page(Permission.SEE_CAMPAIGNS)
def version(request: MemberRequest, segment_id: int, version: int) -> HttpResponse:
    """A version in words; `?with=`: the one to compare it with (the one before, when left out)."""
    own = find_segment(request.workspace.pk, segment_id)
    shown = _find(own, version)
    others = list(own.versions.exclude(version=version).order_by("-version").values_list("version", flat=True))
    asked = request.GET.get("with", "")
    if asked and asked not in map(str, others):
        raise Http404
    other = int(asked) if asked else next((number for number in others if number < version), others[0] if others else 0)
    compared = [shown, _find(own, other)] if other else []
    return render_page(
        request,
        "console/segments/version.html",
        segment=own,
        shown=shown,
        crumbs=[
            (_("Segments"), reverse("console-segments", args=[own.workspace_id])),
            (own.name, reverse("console-segment", args=[own.workspace_id, own.pk])),
        ],
        lines=[("", line) for line in _lines(own, shown)],
        others=[(number, _("Version %(number)d") % {"number": number}) for number in others],
        other=other,
        changes=_compare(own, *sorted(compared, key=lambda one: one.version)) if compared else [],
        is_now=version == own.version,
    )


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def restore(request: MemberRequest, segment_id: int, version: int) -> HttpResponseBase:
    """An earlier version is saved as a new one, and computed."""
    own = find_segment(request.workspace.pk, segment_id)
    shown = _find(own, version)
    if request.method != "POST":
        current = _find(own, own.version)
        return render_page(request, "console/segments/restore.html", segment=own, number=version, changes=_compare(own, current, shown))
    try:
        restore_version(own, shown.version, author=request.member.user.email)
    except TrothError as error:
        messages.error(request, str(error).replace("`", ""))
    else:
        record(request, "segment.edited", detail={"segment": own.pk, "name": shown.name, "version": shown.version})
        messages.success(request, _("It is as in version %(number)d again, and computed now.") % {"number": shown.version})
    return go("console-segment", own.workspace_id, own.pk)


def _find(own: Segment, number: int) -> SegmentVersion:
    try:
        return get_version(own, number)
    except VersionUnknown:
        raise Http404 from None


def _compare(own: Segment, before: SegmentVersion, after: SegmentVersion) -> list[tuple[str, str]]:
    """The lines of two versions with a sign for those of one alone; none where both say the same."""
    told = [(line[0].strip(), line[2:]) for line in difflib.ndiff(list(_lines(own, before)), list(_lines(own, after))) if line[0] != "?"]
    return told if any(sign for sign, _line in told) else []


def _lines(own: Segment, one: SegmentVersion) -> Iterator[str]:
    """A version in words, a line for each condition."""
    yield _("Name: %(name)s") % {"name": one.name}
    yield _("Purpose: %(purpose)s") % {"purpose": name_purpose(own.workspace_id, one.purpose)}
    for purpose in one.also_for:
        yield _("Also for: %(purpose)s") % {"purpose": name_purpose(own.workspace_id, purpose)}
    yield from _tell(describe(one.definition), 0)


def _tell(node: Described, depth: int) -> Iterator[str]:
    groups = {"all": _("All of these:"), "any": _("Any of these:"), "not": _("Not:")}
    empty = {"all": _("everybody"), "any": _("nobody")}
    yield "    " * depth + (groups.get(node.says, node.says) if node.parts else empty.get(node.says, node.says))
    for part in node.parts:
        yield from _tell(part, depth + 1)
