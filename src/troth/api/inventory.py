"""The data inventory: what is stored under which names, without values; where that parts from what was declared; corrected categories."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema, Status

from troth.api.access import ERASE, READ_REPORTS, WRITE_CONSENT, workspace_of
from troth.api.noting import tell_more
from troth.api.schemas import Input, Time, problems
from troth.consent.collecting import resume_collecting, stop_collecting
from troth.kernel.clock import iso, now_ms
from troth.kernel.ids import BUCKETS
from troth.people.event_names import fold_event_name
from troth.privacy.inventory.clearing import start_clearing
from troth.privacy.inventory.drift import Drift, find_drift
from troth.privacy.inventory.minimisation import read_minimisation
from troth.privacy.inventory.reading import correct_category, plain_item, read_inventory
from troth.privacy.inventory.storing import read_position
from troth.privacy.models import Clearing

router = Router(tags=["inventory"])


class UserOut(Schema):
    """What uses a datum: a segment, template, campaign or newsletter."""

    by: str
    id: str
    title: str


class ItemOut(Schema):
    """An attribute, an event, or a property of one: as it is stored, and as it was declared. Shapes are forms without letters and figures."""

    kind: Literal["attribute", "event", "property"]
    event: str
    name: str
    count: int
    types: dict[str, int]
    shapes: list[str]
    first_seen: str | None
    last_seen: str | None
    sources: dict[str, int]
    category: str
    category_is_corrected: bool
    purpose: str
    purpose_is_declared: bool
    retention: str
    recipients: list[str]
    used_by: list[UserOut]


class InventoryOut(Schema):
    """All items, and how far the counting is: events are counted as they come, attributes at `attributes_counted_at`."""

    items: list[ItemOut]
    earlier_events_counted: float
    attributes_counted_at: Time | None


class NamedOut(Schema):
    """What of the inventory is meant."""

    kind: str
    event: str
    name: str
    category: str
    purpose: str


class RecipientOut(Schema):
    """A channel or webhook that no purpose names as a recipient."""

    kind: str
    id: str
    name: str


class DriftOut(Schema):
    """What is stored or handed on, and was not declared; `alarms` is how much of it is to be mended now."""

    alarms: int
    unassigned: list[NamedOut]
    undeclared: list[NamedOut]
    sensitive: list[NamedOut]
    unregistered: list[RecipientOut]


class Correction(Input):
    """The category of one item; empty: what the rules say."""

    kind: Literal["attribute", "event", "property"]
    event: str = ""
    name: str = ""
    category: str


@router.get("/inventory", auth=READ_REPORTS, response={200: InventoryOut, **problems()})
def read_data_inventory(request: HttpRequest) -> dict[str, Any]:
    """What is stored under which names: counts, types, shapes, sources, category, purpose, and what uses it."""
    position = read_position()
    return {
        "items": [plain_item(item) for item in read_inventory(workspace_of(request))],
        "earlier_events_counted": position.bucket / BUCKETS,
        "attributes_counted_at": iso(position.counted_at) if position.counted_at else None,
    }


@router.get("/inventory/drift", auth=READ_REPORTS, response={200: DriftOut, **problems()})
def read_inventory_drift(request: HttpRequest) -> Drift:
    """Where what is stored, and where it goes, parts from what purposes declare."""
    return find_drift(workspace_of(request))


@router.put("/inventory/category", auth=WRITE_CONSENT, response={200: Correction, **problems()})
def correct_data_category(request: HttpRequest, correction: Correction) -> Correction:
    """Give an item the category that it has in truth; it is kept, whatever the rules say later."""
    own = correction
    correct_category(workspace_of(request), own.kind, own.event, own.name, own.category, now=now_ms())
    return correction


class DatumIn(Input):
    """An attribute by its `name`, an event by its name in `event`, or a property by both."""

    kind: Literal["attribute", "event", "property"]
    event: str = ""
    name: str = ""


class StoppedOut(Schema):
    """What is not collected any more; `dropped` counts the last 30 days."""

    kind: str
    event: str
    name: str
    since: Time
    dropped: int


class ClearingOut(Schema):
    """A deletion of what was collected: how many persons or events held it so far."""

    id: str
    kind: str
    event: str
    name: str
    cleared: int
    started_at: Time
    ended_at: Time | None


class MinimisationOut(Schema):
    """What nothing uses, what was stopped, and what is being deleted."""

    unused: list[ItemOut]
    stopped: list[StoppedOut]
    clearings: list[ClearingOut]


@router.get("/minimisation", auth=READ_REPORTS, response={200: MinimisationOut, **problems()})
def read_minimisation_report(request: HttpRequest) -> dict[str, Any]:
    """What is collected and used by no segment, template, campaign or newsletter; what was stopped, and how much of it was dropped."""
    report = read_minimisation(workspace_of(request), now_ms())
    return {
        "unused": [plain_item(item) for item in report.unused],
        "stopped": [
            {"kind": one.kind, "event": one.event, "name": one.name, "since": iso(one.since), "dropped": one.dropped}
            for one in report.stopped
        ],
        "clearings": [_show_clearing(job) for job in report.clearings],
    }


@router.post("/minimisation/stop", auth=WRITE_CONSENT, response={200: DatumIn, **problems()})
def stop_collecting_data(request: HttpRequest, datum: DatumIn) -> DatumIn:
    """Drop it at every door from within a second on, and count what is dropped."""
    own = _folded(datum)
    stop_collecting(workspace_of(request), own.kind, own.event, own.name, now=now_ms())
    tell_more(request, **own.dict())
    return own


@router.post("/minimisation/resume", auth=WRITE_CONSENT, response={200: DatumIn, **problems()})
def resume_collecting_data(request: HttpRequest, datum: DatumIn) -> DatumIn:
    """Take it in again; what was dropped is gone."""
    own = _folded(datum)
    resume_collecting(workspace_of(request), own.kind, own.event, own.name)
    tell_more(request, **own.dict())
    return own


@router.post("/minimisation/clear", auth=ERASE, response={202: ClearingOut, **problems()})
def clear_collected_data(request: HttpRequest, datum: DatumIn) -> Status[dict[str, Any]]:
    """Delete everything that is stored under a name that is not collected any more; it is done in the background, step by step."""
    own = _folded(datum)
    tell_more(request, **own.dict())
    return Status(202, _show_clearing(start_clearing(workspace_of(request), own.kind, own.event, own.name, now=now_ms())))


def _folded(datum: DatumIn) -> DatumIn:
    return DatumIn(kind=datum.kind, event=fold_event_name(datum.event) if datum.event else "", name=datum.name)


def _show_clearing(job: Clearing) -> dict[str, Any]:
    return {
        "id": str(job.id),
        "kind": job.kind,
        "event": job.event,
        "name": job.name,
        "cleared": job.cleared,
        "started_at": iso(job.started_at),
        "ended_at": iso(job.ended_at) if job.ended_at else None,
    }
