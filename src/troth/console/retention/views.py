"""Schedules, holds and runs; a schedule shows what it would delete before it is let run."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.retention.forms import EXCEPTION_WORDS, TARGET_WORDS, TRIGGER_WORDS, HoldForm, ScheduleForm
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.kernel.json_text import encode
from troth.kernel.personal_data import stores
from troth.kernel.spoken_durations import say_duration
from troth.people.event_names import fold_event_name
from troth.people.lookup import PersonNotFound, find_person
from troth.privacy.erasure.kept import EVERYBODY, KeptUnknown, end_kept, find_kept, list_kept, name_of, open_kept
from troth.privacy.models import RetentionRule
from troth.privacy.models.kept import KeptItem
from troth.privacy.retention.holds import lift_hold, list_holds, place_hold
from troth.privacy.retention.rules import FIELDS, RetentionUnknown, delete_rule, find_rule, list_rules, save_rule
from troth.privacy.retention.running import HELD, find_run, list_runs, preview
from troth.workspaces.roles import Permission

LARGEST_ID = 2**63


@member_page(Permission.SEE_REGISTERS)
def overview(request: MemberRequest) -> HttpResponse:
    """All of it."""
    workspace_id = request.workspace.pk
    return render_page(
        request,
        "console/retention/overview.html",
        rules=[(rule, TARGET_WORDS[rule.target], TRIGGER_WORDS[rule.trigger]) for rule in list_rules(workspace_id)],
        holds=list_holds(workspace_id),
        kept=[(item, name_of(item.kind, item.event, item.name), EXCEPTION_WORDS[item.exception]) for item in list_kept(workspace_id)],
        runs=list_runs(workspace_id),
        stores=sorted(stores(), key=lambda store: store.title),
    )


@member_page(Permission.KEEP_REGISTERS, methods=("GET", "POST"))
def schedule(request: MemberRequest) -> HttpResponse:
    """`?id=`: one schedule with what it would delete now; without, a new one."""
    workspace_id = request.workspace.pk
    own = _find(request, request.GET.get("id", "")) if request.GET.get("id") else None
    if request.method == "POST":
        form = ScheduleForm(workspace_id, request.POST)
        if form.is_valid() and (saved := _save(request, form, own)):
            return _go(reverse("console-retention-schedule", args=[workspace_id]) + f"?id={saved.pk}")
    else:
        form = ScheduleForm(workspace_id, initial=_initial(own))
    counts = preview(own, now_ms()) if own else {}
    held = counts.pop(HELD, 0)
    return render_page(
        request,
        "console/retention/schedule.html",
        form=form,
        own=own,
        counts=sorted(counts.items()),
        held=held,
        crumbs=[(_("Retention"), reverse("console-retention", args=[workspace_id]))],
    )


def _initial(own: RetentionRule | None) -> dict[str, Any]:
    if own is None:
        return {"trigger": "age"}
    kept = {**{name: getattr(own, name) for name in FIELDS}, "period": say_duration(own.period)}
    return {**kept, "name": "", "store": own.name} if own.target == "store" else kept


def _save(request: MemberRequest, form: ScheduleForm, own: RetentionRule | None) -> RetentionRule | None:
    said = form.said()
    said["event"] = fold_event_name(said["event"]) if said["event"] else ""
    try:
        with transaction.atomic():
            # What was looked at is no longer what would go: it waits until it was looked at again.
            saved = save_rule(request.workspace.pk, {**said, "is_active": False}, now=now_ms(), rule=own)
            record(request, "retention.saved", detail={"schedule": saved.pk, "active": False})
    except TrothError as error:
        place, _colon, says = str(error).removeprefix("$.").partition(": ")
        form.add_error(place if place in form.fields else None, says or str(error))
        return None
    messages.success(request, _("Kept. It deletes nothing before you switch it on."))
    return saved


@member_page(Permission.EXERCISE_RIGHTS, methods=("POST",))
def act(request: MemberRequest) -> HttpResponse:
    """`act`: `on`, `off` or `delete` a schedule by its `id`; `lift` a hold; `end` the keeping of something of an erased person."""
    asked, given = request.POST.get("act", ""), request.POST.get("id", "")
    try:
        with transaction.atomic():
            said = _carry_out(request, asked, given)
    except TrothError as error:
        messages.error(request, str(error).partition(": ")[2] or str(error))
    else:
        messages.success(request, said)
    return _go(reverse("console-retention", args=[request.workspace.pk]))


def _carry_out(request: MemberRequest, asked: str, given: str) -> str:
    if asked == "lift":
        lift_hold(request.workspace.pk, _number(given), now_ms())
        record(request, "hold.lifted")
        return _("Lifted. The next run may delete what it kept.")
    if asked == "end":
        item = _find_kept(request, given)
        end_kept(request.workspace.pk, now=now_ms(), item_id=item.pk)
        record(request, "kept.ended", detail={"request": str(item.request_id)})
        return _("It is erased within a minute, and the certificate renewed.")
    own = _find(request, given)
    if asked == "delete":
        detail: dict[str, Any] = {"schedule": own.pk}
        delete_rule(own)
        record(request, "retention.deleted", detail=detail)
        return _("Deleted. What it deleted stays told below.")
    if asked not in ("on", "off"):
        raise Http404
    save_rule(own.workspace_id, {"is_active": asked == "on"}, now=now_ms(), rule=own)
    record(request, "retention.saved", detail={"schedule": own.pk, "active": asked == "on"})
    return _("It runs within a minute, and then every day.") if asked == "on" else _("It does not run any more.")


@member_page(Permission.EXERCISE_RIGHTS, methods=("GET", "POST"))
def hold(request: MemberRequest) -> HttpResponse:
    """Place a legal hold."""
    form = HoldForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                _place(request, form.cleaned_data)
        except PersonNotFound:
            form.add_error("person", _("Nobody has that identifier."))
        except TrothError as error:
            place, _colon, says = str(error).removeprefix("$.").partition(": ")
            form.add_error(place if place in form.fields else None, says or str(error))
        else:
            messages.success(request, _("Held: no schedule deletes it until then."))
            return _go(reverse("console-retention", args=[request.workspace.pk]))
    crumbs = [(_("Retention"), reverse("console-retention", args=[request.workspace.pk]))]
    return render_page(request, "console/retention/hold.html", form=form, crumbs=crumbs)


def _place(request: MemberRequest, said: dict[str, Any]) -> None:
    person_id = find_person(request.workspace.pk, said["person"].strip()).person_id if said["person"].strip() else EVERYBODY
    place_hold(
        request.workspace.pk,
        person_id=person_id,
        kind=said["kind"],
        event=fold_event_name(said["event"]) if said["event"] else "",
        name=said["name"],
        exception=said["exception"] or "claims",
        ground=said["ground"],
        until=int(datetime.combine(said["until"], time(), UTC).timestamp() * 1000),
        now=now_ms(),
    )
    record(request, "hold.placed", person_id=person_id, detail={"kind": said["kind"], "event": said["event"], "name": said["name"]})


@member_page(Permission.SEE_REGISTERS)
def proof(request: MemberRequest) -> HttpResponse:
    """`?id=`: the signed proof of a run; without it, back to the list of runs."""
    if not request.GET.get("id"):
        return redirect("console-retention", request.workspace.pk)
    try:
        run = find_run(request.workspace.pk, request.GET.get("id", ""))
    except RetentionUnknown:
        raise Http404 from None
    return HttpResponse(
        run.certificate,
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="retention-{run.pk}.json"'},
    )


@member_page(Permission.EXERCISE_RIGHTS, methods=("POST",))
def kept(request: MemberRequest) -> HttpResponse:
    """Open what a legal hold keeps of an erased person (`id`), as a file; it is written to the audit log."""
    item = _find_kept(request, request.POST.get("id", ""))
    with transaction.atomic():
        opened = open_kept(item)
        record(request, "kept.opened", detail={"request": str(item.request_id)})
    return HttpResponse(
        encode(opened), content_type="application/json", headers={"Content-Disposition": f'attachment; filename="kept-{item.pk}.json"'}
    )


def _find_kept(request: MemberRequest, given: str) -> KeptItem:
    try:
        return find_kept(request.workspace.pk, _number(given))
    except KeptUnknown:
        raise Http404 from None


def _number(given: str) -> int:
    if not (given.isascii() and given.isdigit() and int(given) < LARGEST_ID):
        raise Http404
    return int(given)


def _find(request: MemberRequest, given: str) -> RetentionRule:
    try:
        if not (given.isascii() and given.isdigit() and int(given) < LARGEST_ID):
            raise RetentionUnknown
        return find_rule(request.workspace.pk, int(given))
    except RetentionUnknown:
        raise Http404 from None


def _go(address: str) -> HttpResponse:
    response = redirect(address)
    response.status_code = 303
    return response
