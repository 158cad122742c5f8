"""The agreements of the workspace: read, compared, accepted by an owner, taken away as PDF; and the instructions that were given (Art. 28(3)(a))."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.console.access import MemberRequest, client_address, member_page, record
from troth.console.asking import is_number, keep, read_numbers
from troth.console.audit.reading import describe_entries, name_users
from troth.console.shell import preferences, render_page
from troth.console.showing import Reader, format_exactly, writing_for
from troth.kernel.clock import now_ms
from troth.kernel.speech import ENGLISH
from troth.privacy.contests.contesting import list_contests
from troth.privacy.contests.telling import name_instruction
from troth.privacy.models.contests import ContestedInstruction, Outcome
from troth.workspaces.agreements.instructions import list_instructions
from troth.workspaces.agreements.registry import (
    LONGEST_FUNCTION,
    AgreementInvalid,
    AgreementUnknown,
    Kind,
    accept_agreement,
    diff_texts,
    find_version,
    list_acceptances,
    list_versions,
    newest_version,
    read_kind,
    read_statuses,
    write_agreement,
)
from troth.workspaces.roles import Permission

SHOWN = 50


class AcceptForm(forms.Form):
    """Who accepts, in which function, and which text they saw."""

    name = forms.CharField(label=later("Your name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    function = forms.CharField(
        label=later("Your function"),
        max_length=LONGEST_FUNCTION,
        help_text=later("In which you may bind the company, for example managing director."),
        widget=forms.TextInput(attrs={"autocomplete": "organization-title"}),
    )
    authority = forms.BooleanField(label=later("I may bind the company, and accept this text for it."))
    digest = forms.CharField(widget=forms.HiddenInput)


@member_page(Permission.SEE_REGISTERS)
def agreements(request: MemberRequest) -> HttpResponse:
    """Each agreement and whether its newest version was accepted."""
    return render_page(request, "console/agreements/agreements.html", rows=read_statuses(request.workspace.pk))


@member_page(Permission.SEE_REGISTERS)
def agreement(request: MemberRequest, agreement: str) -> HttpResponse:
    """One text; `?version=`, and `?with=` the version to compare with."""
    kind = _kind(agreement)
    versions = list_versions(kind)
    asked, other = request.GET.get("version", ""), request.GET.get("with", "")
    shown = _version(kind, asked) if asked else versions[0]
    compared = _version(kind, other) if other else None
    accepted = list_acceptances(request.workspace.pk, kind)
    return render_page(
        request,
        "console/agreements/agreement.html",
        kind=kind,
        crumbs=_way(request),
        shown=shown,
        blocks=write_agreement(shown).blocks,
        is_newest=shown.pk == versions[0].pk,
        counts=bool(accepted) and accepted[0].version_id == versions[0].pk,
        accepted=accepted,
        versions=versions,
        choices=[("", "–"), *((one.number, one.number) for one in versions if one.pk != shown.pk)],
        other=other,
        lines=diff_texts(compared, shown) if compared else [],
    )


@member_page(Permission.KEEP_REGISTERS, methods=("GET", "POST"))
def accept(request: MemberRequest, agreement: str) -> HttpResponseBase:
    """Accept the newest version for the company."""
    kind = _kind(agreement)
    newest = newest_version(kind)
    initial = {"digest": newest.digest, "name": request.member.user.name}
    form = AcceptForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            with transaction.atomic():
                accept_agreement(
                    request.member,
                    newest,
                    name=said["name"],
                    function=said["function"],
                    digest=said["digest"],
                    address=client_address(request),
                    now=now_ms(),
                )
                record(request, "agreement.accepted", detail={"agreement": kind.value, "version": newest.number, "sha256": newest.digest})
        except AgreementInvalid as error:
            form.add_error(None, str(error).partition(": ")[2].capitalize())
        else:
            messages.success(request, _("Accepted. The text with your acceptance is there as PDF."))
            response = redirect("console-agreement", request.workspace.pk, kind.value)
            response.status_code = 303
            return response
    return render_page(
        request,
        "console/agreements/accept.html",
        status=422 if request.method == "POST" else 200,
        form=form,
        kind=kind,
        newest=newest,
        blocks=write_agreement(newest).blocks,
        crumbs=_way(request, kind),
    )


@member_page(Permission.SEE_REGISTERS)
def pdf(request: MemberRequest, agreement: str) -> HttpResponse:
    """A version (`?version=`) with its latest acceptance, to keep."""
    kind = _kind(agreement)
    asked = request.GET.get("version", "")
    version = _version(kind, asked) if asked else newest_version(kind)
    accepted = next((one for one in list_acceptances(request.workspace.pk, kind) if one.version_id == version.pk), None)
    own = preferences(request)
    with writing_for(Reader(zone=own["zone"], locale=own["locale"], now=now_ms())):
        when = format_exactly(accepted.at) if accepted else ""
    made = write_agreement(version, accepted, request.workspace.account.name, when).as_pdf()
    name = f"{kind.value}-version-{version.number}.pdf"
    return HttpResponse(made, content_type="application/pdf", headers={"Content-Disposition": f'attachment; filename="{name}"'})


@member_page(Permission.SEE_REGISTERS)
def instructions(request: MemberRequest) -> HttpResponse:
    """What members instructed the processor to do, from the audit log; `?before=`: from an entry on."""
    before = read_numbers(request.GET.get("before", ""), 1)
    rows = list_instructions(request.workspace.pk, before=before[0] if before else None, limit=SHOWN + 1)
    more = f"?{keep(request.GET, 'before', before=str(rows[SHOWN - 1].entry_id))}" if len(rows) > SHOWN else ""
    return render_page(
        request,
        "console/agreements/instructions.html",
        crumbs=_way(request),
        rows=describe_entries(rows[:SHOWN]),
        contests=[] if before else _describe(list_contests(request.workspace.pk)),
        contested={own.entry_id for own in list_contests(request.workspace.pk) if own.outcome == Outcome.OPEN},
        older=more,
        newer="?" if before else "",
    )


def _describe(contests: Sequence[ContestedInstruction]) -> list[tuple[ContestedInstruction, str, str]]:
    """Each with what it was, and who contested it."""
    names = name_users(own.by for own in contests)
    return [(own, name_instruction(own, ENGLISH), names.get(own.by, "")) for own in contests]


def _kind(text: str) -> Kind:
    try:
        return read_kind(text)
    except AgreementUnknown:
        raise Http404 from None


def _version(kind: Kind, text: str) -> Any:
    try:
        return find_version(kind, int(text) if is_number(text) else 0)
    except AgreementUnknown:
        raise Http404 from None


def _way(request: MemberRequest, kind: Kind | None = None) -> list[tuple[str, str]]:
    crumbs = [(_("Agreements"), reverse("console-agreements", args=[request.workspace.pk]))]
    if kind:
        crumbs.append((kind.label, reverse("console-agreement", args=[request.workspace.pk, kind.value])))
    return crumbs
