"""Exercising a person's rights: each act says beforehand what it will do, and leads afterwards to its proof."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.consent.catalog import load_catalog
from troth.consent.decisions import is_restricted, load_stances
from troth.consent.gate import CONSENT_FREE
from troth.console.access import MemberRequest, member_page, record
from troth.console.handing_over import HandoverForm
from troth.console.naming import names_of
from troth.console.people.subject import subject_of
from troth.console.shell import render_page
from troth.intake.addressing import identity_of
from troth.intake.commands import Decide, Decision
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.kernel.personal_data import Store, Subject, stores
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.exporting.export import write_export
from troth.privacy.handovers.handing import hand_over_person
from troth.privacy.models import PrivacyRequest
from troth.privacy.requests import ObjectionImpossible, object_for_person, record_export, restrict_person
from troth.privacy.storage.places import exports_dir, make_private_dir
from troth.workspaces.roles import Permission

SOURCE = "console"
FORMATS = {"zip": "application/zip", "json": "application/json"}
PIECE = 64 * 1024
MOST_COUNTED = 10_000


class PersonHandoverForm(HandoverForm):
    """How much of it, too."""

    everything = forms.BooleanField(
        required=False,
        label=later("Everything held on them (Art. 15)"),
        help_text=later("Else what they provided and what was observed of them (Art. 20)."),
    )


@dataclass(frozen=True)
class Held:
    """How much one store holds of a person; `is_more` where counting was cut short."""

    store: Store
    number: int
    is_more: bool


def count_held(subject: Subject) -> list[Held]:
    """What is held on a person, store by store; those that hold nothing are left out."""
    found = []
    for store in stores():
        number = sum(1 for _record in islice(store.export(subject), MOST_COUNTED + 1))
        if number:
            found.append(Held(store, min(number, MOST_COUNTED), number > MOST_COUNTED))
    return found


@member_page(Permission.EXERCISE_RIGHTS, audit="person.read", methods=("GET", "POST"))
def export(request: MemberRequest, person_id: int) -> HttpResponseBase:
    """Hand out everything held on a person (Art. 15, 20). POST downloads it; nothing of it stays on the server."""
    subject = subject_of(request, person_id)
    if request.method != "POST":
        return _dialog(request, "export", subject, held=count_held(subject))
    kind = request.POST.get("format", "zip")
    if kind not in FORMATS:
        raise Http404
    now = now_ms()
    with transaction.atomic():
        record_export(subject, source=SOURCE, now=now)
        record(request, "person.exported", person_id=person_id, detail={"format": kind})
    response = StreamingHttpResponse(_pieces(_exported(subject, kind, now)), content_type=FORMATS[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="person-{person_id}.{kind}"'
    return response


def _exported(subject: Subject, kind: str, now: int) -> BinaryIO:
    """The export as an open file without a name: a slow reader holds no transaction, and nothing stays behind."""
    path: Path = make_private_dir(exports_dir()) / f"{uuid4()}.{kind}"
    try:
        write_export(subject, path, now=now)
        return path.open("rb")
    finally:
        path.unlink(missing_ok=True)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


@member_page(Permission.EXERCISE_RIGHTS, audit="person.read", methods=("GET", "POST"))
def hand_over(request: MemberRequest, person_id: int) -> HttpResponseBase:
    """Hand a person's data over to another controller, as they wish (Art. 20(2)): what they provided, or everything. Leads to the request."""
    subject = subject_of(request, person_id)
    form = PersonHandoverForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        portable, by = not form.cleaned_data["everything"], f"member {request.member.user_id}"
        with transaction.atomic():
            made = form.hand_over(
                lambda target, recipient: hand_over_person(
                    subject, target, portable=portable, recipient=recipient, by=by, source=SOURCE, now=now_ms()
                )
            )
            if made:
                record(request, "person.handed_over", person_id=person_id, detail={"handover": made.pk, "host": made.host})
        if made:
            return redirect("console-request", request.workspace.pk, made.request_id)
    return _dialog(request, "handover", subject, form=form, status=422 if request.method == "POST" else 200)


@member_page(Permission.EXERCISE_RIGHTS, audit="person.read", methods=("GET", "POST"))
def erase(request: MemberRequest, person_id: int) -> HttpResponseBase:
    """Erase a person (Art. 17). GET says what will go; POST with the box ticked deletes, and leads to the request, which follows the search."""
    subject = subject_of(request, person_id)
    if request.method != "POST":
        return _dialog(request, "erase", subject, held=count_held(subject))
    if not request.POST.get("sure"):
        return _dialog(request, "erase", subject, held=count_held(subject), problem=_("Tick the box to say that you are sure."), status=422)
    # The reason may name the person: it is not kept, only that one was given.
    record(request, "person.erased", person_id=person_id, detail={"reason_given": bool(request.POST.get("reason", "").strip())})
    made = erase_person(subject, now=now_ms(), source=SOURCE)
    return redirect("console-request", request.workspace.pk, made.pk)


@member_page(Permission.EXERCISE_RIGHTS, audit="person.read", methods=("GET", "POST"))
def restrict(request: MemberRequest, person_id: int) -> HttpResponseBase:
    """Restrict processing (Art. 18), or lift the restriction of somebody who is restricted."""
    subject = subject_of(request, person_id)
    lift = is_restricted(load_stances([person_id]).get(person_id, {}))
    if request.method != "POST":
        return _dialog(request, "restrict", subject, lift=lift)
    if lift and not request.POST.get("told"):
        problem = _("Art. 18(3): the person must be informed before the restriction is lifted.")
        return _dialog(request, "restrict", subject, lift=lift, problem=problem, status=422)
    reason = request.POST.get("reason", "").strip()[:500]
    with transaction.atomic():
        made = restrict_person(subject, lift=lift, source=SOURCE, reason=reason, now=now_ms(), told=lift)
        record(request, "person.restriction_lifted" if lift else "person.restricted", person_id=person_id, reason=reason)
    return _done(
        request,
        made,
        _("The restriction is lifted.") if lift else _("Processing is restricted: the data is kept, and nothing else is done with it."),
    )


@member_page(Permission.EXERCISE_RIGHTS, audit="person.read", methods=("GET", "POST"))
def object_to(request: MemberRequest, person_id: int) -> HttpResponseBase:
    """Record that a person objects (Art. 21): to direct marketing, or to single purposes."""
    subject = subject_of(request, person_id)
    catalog = load_catalog(request.workspace.pk)
    open_to = [rule for rule in catalog.purposes.values() if rule.is_marketing or rule.basis not in CONSENT_FREE]
    if request.method != "POST":
        return _dialog(request, "object", subject, purposes=open_to, marketing=catalog.direct_marketing)
    chosen = None if request.POST.get("scope", "marketing") == "marketing" else request.POST.getlist("purpose")
    try:
        if chosen == []:
            raise ObjectionImpossible(_("Choose what the person objects to."))
        with transaction.atomic():
            made = object_for_person(subject, purposes=chosen, source=SOURCE, now=now_ms())
            record(request, "person.objected", person_id=person_id, detail={"purposes": made.steps["purposes"]})
    except ObjectionImpossible as error:
        return _dialog(request, "object", subject, purposes=open_to, marketing=catalog.direct_marketing, problem=str(error), status=422)
    return _done(request, made, _("The objection is recorded and counts at once, also for what is queued."))


@member_page(Permission.EXERCISE_RIGHTS, audit="person.read", methods=("GET", "POST"))
def withdraw(request: MemberRequest, person_id: int, purpose: str) -> HttpResponseBase:
    """Record that a person withdraws a consent (Art. 7(3))."""
    subject = subject_of(request, person_id)
    rule = load_catalog(request.workspace.pk).purposes.get(purpose)
    if rule is None:
        raise Http404
    if request.method != "POST":
        return _dialog(request, "withdraw", subject, rule=rule)
    now = now_ms()
    command = Decide(
        workspace_id=subject.workspace_id,
        source=SOURCE,
        received_at=now,
        identity=identity_of(subject),
        decision=Decision.WITHDRAW,
        purpose=purpose,
        method="console",
        evidence={"recorded_by": request.member.role},
    )
    with transaction.atomic():
        apply([command], now=now)
        record(request, "consent.withdrawn", person_id=person_id, detail={"purpose": purpose})
    messages.success(request, _("The withdrawal is recorded and counts at once, also for what is queued. It stands in the history below."))
    return redirect("console-person", request.workspace.pk, person_id)


def _dialog(request: MemberRequest, act: str, subject: Subject, *, status: int = 200, **context: Any) -> HttpResponseBase:
    name = names_of(subject.workspace_id, [subject.person_id]).get(subject.person_id, "")
    return render_page(
        request,
        f"console/people/{act}.html",
        status=status,
        name=name,
        person_id=subject.person_id,
        **context,
    )


def _done(request: MemberRequest, made: PrivacyRequest, says: str) -> HttpResponseBase:
    messages.success(request, f"{says} " + _("It is recorded as a request: see Requests."))
    return redirect("console-person", request.workspace.pk, made.person_id)
