"""Writing a segment. Conditions and groups are added and removed by pressing a button, which keeps all that stands in the form."""

from __future__ import annotations

import json
import re
from copy import copy
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from troth.consent.catalog import PROFILING, load_catalog
from troth.consent.refusing import PurposeNotCovered
from troth.console.access import MemberRequest, member_page, record
from troth.console.acting import go
from troth.console.segments.choices import find_choices
from troth.console.segments.reading import find_segment, name_people, name_purpose, tell_left_out
from troth.console.segments.steps import change_steps
from troth.console.segments.tree import (
    DEEPEST,
    FIELDS,
    GROUP,
    Node,
    TreeInvalid,
    blank,
    find,
    number,
    read_form,
    read_tree,
    remove,
    write_tree,
)
from troth.console.shell import render_fragment, render_page
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.segments.looking import preview
from troth.segments.models import Segment
from troth.segments.registry import archive_segment, check_meaning, check_segment, create_segment, update_segment
from troth.segments.seen import find_unseen
from troth.workspaces.roles import Permission

SAMPLE = 5
STEPPED = {"step": 1, "unstep": -1}
"""What the buttons of a sequence do to the number of its steps."""
_PLACE = re.compile(r"^\$[\w.\[\]]*: ")
CHANGES = ("add", "remove", *STEPPED)


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def new(request: MemberRequest) -> HttpResponseBase:
    """A segment that is not kept yet."""
    return _answer(request, None)


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def edit(request: MemberRequest, segment_id: int) -> HttpResponseBase:
    """Its name, purpose and conditions."""
    return _answer(request, find_segment(request.workspace.pk, segment_id))


@member_page(Permission.SEE_CAMPAIGNS, methods=("POST",))
def count(request: MemberRequest) -> HttpResponse:
    """How many the conditions of the form would choose now; for htmx, while somebody writes."""
    draft, _node, fault = _read(request, None)
    return render_fragment(request, "console/segments/count.html", **_count(request, draft, fault, sample=False))


@member_page(Permission.EDIT_CAMPAIGNS, methods=("GET", "POST"))
def archive(request: MemberRequest, segment_id: int) -> HttpResponseBase:
    """Compute it no more, or take it up again."""
    own = find_segment(request.workspace.pk, segment_id)
    if request.method != "POST":
        return render_page(request, "console/segments/archive.html", segment=own)
    try:
        archive_segment(own, archived=not own.archived)
    except TrothError as error:
        messages.error(request, _plain(error))
    else:
        record(request, "segment.restored" if own.archived else "segment.archived", detail={"segment": own.pk, "name": own.name})
        messages.success(request, _("Taken up again.") if own.archived else _("Archived. Nobody is in it any more."))
    return go("console-segment", own.workspace_id, own.pk)


def _answer(request: MemberRequest, own: Segment | None) -> HttpResponseBase:
    if request.method != "POST":
        draft = own or Segment(workspace_id=request.workspace.pk, name="", purpose=PROFILING, also_for=[], definition={"all": []})
        node = write_tree(draft.definition)
        if own is None:
            node.parts = [blank("attribute")]
        return _show(request, own, draft, number(node), "", look={})
    draft, node, fault = _read(request, own)
    do, _sep, rest = request.POST.get("do", "save").partition(":")
    if do == "save" and not fault:
        try:
            saved = _save(request, own, draft)
        except TrothError as error:
            fault = _in_boxes(error)
        else:
            messages.success(request, _("Saved. It is computed now."))
            return go("console-segment", saved.workspace_id, saved.pk)
    elif do in CHANGES:
        _change(node, do, rest)
        fault = ""
    look = _count(request, draft, fault, sample=do == "sample") if do in ("count", "sample") else {}
    return _show(request, own, draft, number(node), fault if do not in CHANGES else "", look=look)


def _read(request: MemberRequest, own: Segment | None) -> tuple[Segment, Node, str]:
    """The segment that a form describes, its boxes, and what is wrong with it; not kept."""
    fault, node = "", Node(GROUP)
    posted = request.POST
    try:
        if posted.get("do") == "json":
            written = json.loads(posted.get("as_json", ""))
            check_meaning(request.workspace.pk, written, own.pk if own else None)
            node = write_tree(written)
        else:
            node = read_form({key: str(value) for key, value in posted.items()}, posted.getlist("node"))
        definition = read_tree(node)
    except (TreeInvalid, ValueError, RecursionError):
        definition, fault = {"all": []}, _("That is not JSON that holds a definition.")
    except TrothError as error:
        definition, fault = {"all": []}, _plain(error) if posted.get("do") == "json" else _in_boxes(error)
    catalog = load_catalog(request.workspace.pk)
    also_for = [key for key in posted.getlist("also_for") if key in catalog.purposes]
    draft = Segment(
        pk=own.pk if own else None,
        workspace_id=request.workspace.pk,
        name=posted.get("name", "")[:200],
        purpose=posted.get("purpose", PROFILING)[:64],
        also_for=also_for,
        definition=definition,
        created_at=0,
        updated_at=0,
    )
    return draft, node, fault


def _save(request: MemberRequest, own: Segment | None, draft: Segment) -> Segment:
    fields: dict[str, Any] = {
        "name": draft.name,
        "definition": draft.definition,
        "purpose": draft.purpose,
        "also_for": draft.also_for,
        "author": request.member.user.email,
    }
    saved = update_segment(own, **fields) if own else create_segment(request.workspace.pk, **fields)
    record(request, "segment.edited" if own else "segment.created", detail={"segment": saved.pk, "name": saved.name})
    return saved


def _change(node: Node, do: str, rest: str) -> None:
    """Add a group or condition to a group, take a node out, or change how many steps a sequence has."""
    if do == "remove":
        remove(node, rest)
        return
    if do in STEPPED:
        sequence = find(node, rest)
        if sequence is not None and sequence.kind == "sequence":
            change_steps(sequence.fields, STEPPED[do])
        return
    path, _sep, kind = rest.partition(":")
    group = find(node, path)
    if group is not None and group.kind == GROUP and group.depth < DEEPEST and kind in (GROUP, *FIELDS):
        group.parts.append(blank(kind))


def _count(request: MemberRequest, draft: Segment, fault: str, *, sample: bool) -> dict[str, Any]:
    """What the draft would choose; with names only for who may see people, which is written to the audit log."""
    asked = copy(draft)
    asked.name = draft.name or "draft"
    may_see = sample and Permission.SEE_PEOPLE in request.may
    try:
        if fault:
            return {"fault": fault}
        check_segment(asked)
        found = preview(asked, now_ms(), sample=SAMPLE if may_see else 0)
    except TrothError as error:
        return {"fault": _in_boxes(error), "ways_out": error.ways_out if isinstance(error, PurposeNotCovered) else []}
    if may_see:
        record(request, "segment.sampled", detail={"shown": len(found.sample)}, shown=found.sample)
    events, attributes = find_unseen(draft.workspace_id, draft.definition)
    return {
        "found": found,
        "unseen_events": events,
        "unseen_attributes": attributes,
        "left_out": tell_left_out(draft.workspace_id, found.left_out),
        "sample": name_people(found.sample).items() if may_see else None,
    }


def _show(request: MemberRequest, own: Segment | None, draft: Segment, node: Node, fault: str, *, look: dict[str, Any]) -> HttpResponse:
    catalog = load_catalog(request.workspace.pk)
    try:
        as_json = json.dumps(read_tree(node), indent=2, ensure_ascii=False)
    except TreeInvalid:
        as_json = ""
    return render_page(
        request,
        "console/segments/edit.html",
        segment=own,
        draft=draft,
        node=node,
        problem=fault,
        purposes=[(rule.key, rule.name) for rule in catalog.purposes.values()],
        own_purpose=name_purpose(request.workspace.pk, draft.purpose),
        choices=find_choices(request.workspace.pk, own.pk if own else None),
        as_json=as_json,
        is_to_count=not look and (own is not None or request.method == "POST"),
        **look,
    )


def _plain(error: TrothError) -> str:
    return str(error).replace("`", "")


def _in_boxes(error: TrothError) -> str:
    """Without its place in the definition, which nobody sees who writes in boxes."""
    says = _PLACE.sub("", _plain(error))
    return says[:1].upper() + says[1:]
