"""Retention: schedules, what each would delete now, what was deleted with its proof, and legal holds."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Path, Router, Schema, Status

from troth.api.access import ERASE, EXPORT, NO_MEMBER, READ_REPORTS, WRITE_REGISTERS, workspace_of
from troth.api.persons import resolve
from troth.api.schemas import Input, Time, problems
from troth.kernel.clock import iso, now_ms
from troth.kernel.json_text import decode
from troth.privacy.erasure.kept import EVERYBODY, end_kept, find_kept, list_kept, open_kept
from troth.privacy.models import LegalHold, RetentionRun
from troth.privacy.models.kept import KeptItem
from troth.privacy.retention.holds import lift_hold, list_holds, place_hold
from troth.privacy.retention.rules import RetentionUnknown, delete_rule, find_rule, list_rules, plain_rule, save_rule
from troth.privacy.retention.running import list_runs, preview
from troth.workspaces.audit import API, record_access

router = Router(tags=["retention"])
RuleId = Annotated[int, Path(ge=1, lt=2**63)]


class RuleIn(Input):
    """A schedule. `target` `store`: what Troth itself writes, with `name` one of `message_contents`, `mail_activity`, `delivery_reports`, `request_files`, `consent_evidence` (by `consent_end` or `year_end`). `category`, or `event` and `name` say which data; `purpose` narrows it, or is the one whose consent ended."""

    title: str | None = None
    target: Literal["category", "attribute", "event", "property", "person", "store"] | None = None
    category: str | None = None
    event: str | None = None
    name: str | None = None
    purpose: str | None = None
    trigger: Literal["age", "last_activity", "consent_end", "year_end"] | None = None
    period: str | None = None
    is_active: bool | None = None


class RuleOut(Schema):
    """A schedule; only active ones run, once a day."""

    id: int
    title: str
    target: str
    category: str
    event: str
    name: str
    purpose: str
    trigger: str
    period: str
    is_active: bool


class RetentionPreviewOut(Schema):
    """How many attributes, events, properties and persons would go now; `held` is what a legal hold keeps."""

    counts: dict[str, int]


class RetentionRunOut(Schema):
    """A run of a schedule, with the signed proof once it ended."""

    id: str
    rule: dict[str, Any]
    counts: dict[str, int]
    started_at: Time
    ended_at: Time | None
    certificate: dict[str, Any] | None


class LegalHoldIn(Input):
    """What must be kept: of a `person`, or of everybody; everything, or what one name covers; why, and until when."""

    person: str = ""
    kind: Literal["", "attribute", "event", "property"] = ""
    event: str = ""
    name: str = ""
    exception: Literal["expression", "legal_obligation", "public_health", "archiving", "claims"] = "claims"
    ground: str
    until: datetime


class HoldOut(Schema):
    """A legal hold; `person` is empty where it covers everybody."""

    id: str
    person: str
    kind: str
    event: str
    name: str
    exception: str
    ground: str
    until: Time
    placed_at: Time


class KeptOut(Schema):
    """An item that a legal hold keeps of an erased person; `exception` is of Art. 17(3)."""

    id: str
    request_id: str
    hold_id: str
    kind: str
    event: str
    name: str
    exception: str
    since: Time
    until: Time


class KeptContentOut(Schema):
    """What is kept: the ground in words, the person's identifiers, and the data by store."""

    ground: str
    whose: list[list[str]]
    data: dict[str, list[dict[str, Any]]]


@router.get("/retention/rules", auth=READ_REPORTS, response={200: list[RuleOut], **problems()})
def list_retention_rules(request: HttpRequest) -> list[dict[str, Any]]:
    """The schedules of the workspace."""
    return [plain_rule(rule) for rule in list_rules(workspace_of(request))]


@router.post("/retention/rules", auth=WRITE_REGISTERS, response={201: RuleOut, **problems()})
def add_retention_rule(request: HttpRequest, rule: RuleIn) -> Status[dict[str, Any]]:
    """A new schedule; it does nothing until it is active."""
    return Status(201, plain_rule(save_rule(workspace_of(request), rule.dict(exclude_none=True), now=now_ms())))


@router.patch("/retention/rules/{rule_id}", auth=ERASE, response={200: RuleOut, **problems(404)})
def change_retention_rule(request: HttpRequest, rule_id: RuleId, rule: RuleIn) -> dict[str, Any]:
    """Change a schedule; with `is_active` it runs at once and then every day, and deletes."""
    own = find_rule(workspace_of(request), rule_id)
    return plain_rule(save_rule(own.workspace_id, rule.dict(exclude_none=True), now=now_ms(), rule=own))


@router.delete("/retention/rules/{rule_id}", auth=WRITE_REGISTERS, response={204: None, **problems(404)})
def delete_retention_rule(request: HttpRequest, rule_id: RuleId) -> Status[None]:
    """Delete a schedule; what it deleted stays told. The one of consents' evidence that every workspace has is switched off instead."""
    delete_rule(find_rule(workspace_of(request), rule_id))
    return Status(204, None)


@router.get("/retention/rules/{rule_id}/preview", auth=READ_REPORTS, response={200: RetentionPreviewOut, **problems(404)})
def preview_retention_rule(request: HttpRequest, rule_id: RuleId) -> dict[str, Any]:
    """What the schedule would delete now, in numbers; nothing is changed."""
    return {"counts": preview(find_rule(workspace_of(request), rule_id), now_ms())}


@router.get("/retention/runs", auth=READ_REPORTS, response={200: list[RetentionRunOut], **problems()})
def list_retention_runs(request: HttpRequest) -> list[dict[str, Any]]:
    """The latest 50 runs."""
    return [_show_run(run) for run in list_runs(workspace_of(request))]


@router.get("/retention/holds", auth=READ_REPORTS, response={200: list[HoldOut], **problems()})
def list_legal_holds(request: HttpRequest) -> list[dict[str, Any]]:
    """The legal holds of the workspace."""
    return [_show_hold(hold) for hold in list_holds(workspace_of(request))]


@router.post("/retention/holds", auth=WRITE_REGISTERS, response={201: HoldOut, **problems(404)})
def place_legal_hold(request: HttpRequest, hold: LegalHoldIn) -> Status[dict[str, Any]]:
    """Keep data from every schedule until a moment; of a person who is erased meanwhile it is kept apart, sealed."""
    workspace_id = workspace_of(request)
    person_id = resolve(workspace_id, hold.person).person_id if hold.person else EVERYBODY
    until = int(hold.until.timestamp() * 1000)
    made = place_hold(
        workspace_id,
        person_id=person_id,
        kind=hold.kind,
        event=hold.event,
        name=hold.name,
        exception=hold.exception,
        ground=hold.ground,
        until=until,
        now=now_ms(),
    )
    return Status(201, _show_hold(made))


@router.delete("/retention/holds/{hold_id}", auth=WRITE_REGISTERS, response={204: None, **problems(404)})
def lift_legal_hold(request: HttpRequest, hold_id: str) -> Status[None]:
    """End a hold; the next run of a schedule may delete what it kept, and what it keeps of erased persons is erased."""
    lift_hold(workspace_of(request), _number(hold_id), now_ms())
    return Status(204, None)


@router.get("/retention/kept", auth=READ_REPORTS, response={200: list[KeptOut], **problems()})
def list_kept_items(request: HttpRequest) -> list[dict[str, Any]]:
    """What legal holds keep of erased persons."""
    return [_show_kept(item) for item in list_kept(workspace_of(request))]


@router.get("/retention/kept/{item_id}", auth=EXPORT, response={200: KeptContentOut, **problems(404)})
def open_kept_item(request: HttpRequest, item_id: str) -> dict[str, Any]:
    """Open one, for the claim or the authority it is kept for; the opening is written to the audit log."""
    item = find_kept(workspace_of(request), _number(item_id))
    opened = open_kept(item)
    record_access(
        item.workspace_id, user_id=NO_MEMBER, role=API, action="kept.opened", at=now_ms(), detail={"request": str(item.request_id)}
    )
    return opened


@router.delete("/retention/kept/{item_id}", auth=ERASE, response={204: None, **problems(404)})
def end_kept_item(request: HttpRequest, item_id: str) -> Status[None]:
    """Keep one no longer: it is erased within a minute, and the certificate renewed."""
    item = find_kept(workspace_of(request), _number(item_id))
    end_kept(item.workspace_id, now=now_ms(), item_id=item.pk)
    return Status(204, None)


def _number(given: str) -> int:
    """An id as the API shows it. Raises RetentionUnknown when it can be none."""
    if not (given.isascii() and given.isdigit() and len(given) < 20 and int(given) < 2**63):
        raise RetentionUnknown("There is no such hold in this workspace.")
    return int(given)


def _show_kept(item: KeptItem) -> dict[str, Any]:
    return {
        "id": str(item.pk),
        "request_id": str(item.request_id),
        "hold_id": str(item.hold_id),
        "kind": item.kind,
        "event": item.event,
        "name": item.name,
        "exception": item.exception,
        "since": iso(item.since),
        "until": iso(item.until),
    }


def _show_run(run: RetentionRun) -> dict[str, Any]:
    return {
        "id": str(run.pk),
        "rule": run.rule,
        "counts": run.counts,
        "started_at": iso(run.started_at),
        "ended_at": iso(run.ended_at) if run.ended_at else None,
        "certificate": decode(run.certificate) if run.certificate else None,
    }


def _show_hold(hold: LegalHold) -> dict[str, Any]:
    return {
        "id": str(hold.hold_id),
        "person": str(hold.person_id) if hold.person_id else "",
        "kind": hold.kind,
        "event": hold.event,
        "name": hold.name,
        "exception": hold.exception,
        "ground": hold.ground,
        "until": iso(hold.until),
        "placed_at": iso(hold.placed_at),
    }
