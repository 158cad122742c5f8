"""Purposes: why data is processed, as versions, and what belongs to each."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpRequest
from ninja import Router, Status

from troth.api.access import READ_PEOPLE, WRITE_CONSENT, workspace_of
from troth.api.errors import NotFound
from troth.api.noting import tell_more
from troth.api.purpose_schemas import AssignmentIn, NewPurpose, PurposeIn, PurposeOut, PurposeVersionOut, Revision, UnassignedOut
from troth.api.schemas import problems
from troth.campaigns.models import Campaign
from troth.consent.catalog import load_catalog
from troth.consent.models import Purpose
from troth.consent.purposes import (
    TERMS,
    PurposeTerms,
    archive_purpose,
    assign,
    create_purpose,
    find_purpose,
    find_unassigned,
    list_purposes,
    list_versions,
    read_assigned,
    revise_purpose,
    terms_of,
)
from troth.kernel.clock import iso, now_ms
from troth.people.event_names import fold_event_name

router = Router(tags=["purposes"])
MOST_CAMPAIGNS = 500


@router.get("/purposes", auth=READ_PEOPLE, response={200: list[PurposeOut], **problems()})
def list_all_purposes(request: HttpRequest, archived: bool = False) -> list[PurposeOut]:
    """The purposes of the workspace with their legal bases; with `archived` also those that nothing is done for any more."""
    return [_show(purpose) for purpose in list_purposes(workspace_of(request)) if archived or not purpose.archived]


@router.post("/purposes", auth=WRITE_CONSENT, response={201: PurposeOut, **problems()})
def add_purpose(request: HttpRequest, purpose: NewPurpose) -> Status[PurposeOut]:
    """A new purpose."""
    terms = PurposeTerms(**_given(purpose))
    made = create_purpose(workspace_of(request), purpose.key, terms, now=now_ms())
    tell_more(request, purpose=made.key)
    return Status(201, _show(made))


@router.get("/purposes/unassigned", auth=READ_PEOPLE, response={200: UnassignedOut, **problems()})
def list_unassigned(request: HttpRequest) -> UnassignedOut:
    """Event names, attributes of the newest 500 people, and campaigns that belong to no purpose in use."""
    workspace_id = workspace_of(request)
    found = find_unassigned(workspace_id)
    known = load_catalog(workspace_id).purposes
    campaigns = Campaign.objects.filter(workspace_id=workspace_id).exclude(purpose__in=known).order_by("name")
    return UnassignedOut(
        events=found["event"], attributes=found["attribute"], campaigns=list(campaigns.values_list("name", flat=True)[:MOST_CAMPAIGNS])
    )


@router.put("/purposes/assignments", auth=WRITE_CONSENT, response={200: AssignmentIn, **problems()})
def assign_purpose(request: HttpRequest, assignment: AssignmentIn) -> AssignmentIn:
    """Have an event name or attribute collected for a purpose from now on; within a second at every door."""
    name = fold_event_name(assignment.name) if assignment.kind == "event" else assignment.name
    workspace_id = workspace_of(request)
    tell_more(request, purpose=assignment.purpose, before=read_assigned(workspace_id, [(assignment.kind, name)]))
    assign(workspace_id, assignment.kind, name, assignment.purpose)
    return AssignmentIn(kind=assignment.kind, name=name, purpose=assignment.purpose)


@router.patch("/purposes/{purpose_key}", auth=WRITE_CONSENT, response={200: PurposeOut, **problems(404)})
def change_purpose(request: HttpRequest, purpose_key: str, changes: Revision) -> PurposeOut:
    """Make the purpose's next version. A material change ends the consents given before, unless `on_change` is `ask_again`."""
    workspace_id = _holder(request, purpose_key)
    terms = msgspec.structs.replace(terms_of(find_purpose(workspace_id, purpose_key)), **_given(changes))
    revised = revise_purpose(workspace_id, purpose_key, terms, material=changes.material, now=now_ms())
    tell_more(request, purpose=purpose_key, version=revised.version)
    return _show(revised)


@router.post("/purposes/{purpose_key}/archive", auth=WRITE_CONSENT, response={200: PurposeOut, **problems(404)})
def stop_purpose(request: HttpRequest, purpose_key: str) -> PurposeOut:
    """Do nothing for the purpose any more; its versions and the decisions on it stay, and a withdrawal is still heard."""
    tell_more(request, purpose=purpose_key)
    return _show(archive_purpose(_holder(request, purpose_key), purpose_key, now=now_ms()))


@router.post("/purposes/{purpose_key}/restore", auth=WRITE_CONSENT, response={200: PurposeOut, **problems(404)})
def restore_purpose(request: HttpRequest, purpose_key: str) -> PurposeOut:
    """Take an archived purpose up again."""
    tell_more(request, purpose=purpose_key)
    return _show(archive_purpose(_holder(request, purpose_key), purpose_key, now=now_ms(), archived=False))


@router.get("/purposes/{purpose_key}/versions", auth=READ_PEOPLE, response={200: list[PurposeVersionOut], **problems(404)})
def list_purpose_versions(request: HttpRequest, purpose_key: str) -> list[PurposeVersionOut]:
    """The purpose as it was, the newest first."""
    return [
        PurposeVersionOut(version=found.version, at=iso(found.at) if found.at else None, material=found.material, terms=found.snapshot)
        for found in list_versions(_holder(request, purpose_key), purpose_key)
    ]


def _holder(request: HttpRequest, purpose_key: str) -> int:
    """The workspace of the key, when it has such a purpose. Raises NotFound."""
    workspace_id = workspace_of(request)
    if load_catalog(workspace_id).rule(purpose_key) is None:
        raise NotFound("There is no such purpose in this workspace.")
    return workspace_id


def _given(said: PurposeIn) -> dict[str, Any]:
    return {name: value for name, value in said.dict(exclude_none=True).items() if name in TERMS}


def _show(purpose: Purpose) -> PurposeOut:
    return PurposeOut(
        key=purpose.key,
        version=purpose.version,
        archived=purpose.archived,
        material_since=iso(purpose.material_since) if purpose.material_since else None,
        **msgspec.to_builtins(terms_of(purpose)),
    )
