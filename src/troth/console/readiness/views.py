"""Readiness: each line with its fact and the way that mends it; and whether an impact assessment is needed and signed."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.console.access import MemberRequest, member_page, record
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.kernel.sql import is_sqlite
from troth.privacy.readiness.impact import CRITERIA, DECLARED, LONGEST, AssessmentInvalid, declare_criteria, read_impact, sign_assessment
from troth.privacy.readiness.line import Line
from troth.privacy.readiness.lines import has_fresh_backup, read_lines
from troth.privacy.starting import run_beside
from troth.workspaces.roles import Permission, roles_with

WORDS: Mapping[str, str | Promise] = {
    "privacy_contact": later("Whom people can ask"),
    "seat": later("The seat, whose holidays count in terms"),
    "links": later("Privacy policy and imprint on the pages for people"),
    "owners": later("Somebody else can act as owner"),
    "agreement_dpa": later("The data processing agreement is accepted"),
    "agreement_terms": later("The terms of use are accepted"),
    "purposes_described": later("Each purpose says in plain words what is done"),
    "purposes_end": later("Each purpose says how long data is kept"),
    "notices": later("Each consent is asked for by a published notice"),
    "inventory": later("What is stored and handed on is declared"),
    "impact": later("Impact assessment"),
    "domain": later("Mail is signed for a domain of yours"),
    "channels": later("Channels"),
    "send_mode": later("Mail goes out"),
    "requests": later("Requests of persons"),
    "breaches": later("Breaches"),
    "contests": later("Instructions that infringe the law"),
    "proof": later("Erasure is proven"),
    "backup": later("Backups"),
    "dpo": later("Data protection officer"),
    "record": later("The record of processing"),
    "processors": later("Processors, with agreement, place and transfer tool"),
    "retention": later("What is promised to go goes by itself"),
}


MENDED_WITH: Mapping[str, Permission] = {
    **dict.fromkeys(("privacy_contact", "seat", "backup", "agreement_dpa", "agreement_terms"), Permission.EDIT_WORKSPACE),
    **dict.fromkeys(("links", "notices"), Permission.MANAGE_NOTICES),
    **dict.fromkeys(("purposes_described", "purposes_end", "inventory"), Permission.MANAGE_PURPOSES),
    **dict.fromkeys(("dpo", "record", "processors", "retention", "breaches", "contests"), Permission.KEEP_REGISTERS),
    "owners": Permission.MANAGE_MEMBERS,
    "impact": Permission.SIGN_ASSESSMENT,
    "domain": Permission.MANAGE_CHANNELS,
    "send_mode": Permission.SET_SEND_MODE,
    "requests": Permission.EXERCISE_RIGHTS,
}
"""What it takes to mend a line; an agreement is accepted by an owner. Lines that are not here are mended on the server."""


class DeclareForm(forms.Form):
    """What only people know."""

    declared = forms.MultipleChoiceField(
        label=later("It is so that"),
        required=False,
        choices=[(key, CRITERIA[key]) for key in DECLARED],
        widget=forms.CheckboxSelectMultiple,
    )


class SignForm(forms.Form):
    """The assessment and who signs it."""

    text = forms.CharField(
        label=later("Assessment"),
        max_length=LONGEST,
        help_text=later(
            "What is done and why; whether it is needed and in proportion; the risks to the persons; what is done about them (Art. 35(7))."
        ),
        widget=forms.Textarea(attrs={"rows": 12}),
    )
    name = forms.CharField(label=later("Your name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    function = forms.CharField(
        label=later("Your function"), max_length=100, widget=forms.TextInput(attrs={"autocomplete": "organization-title"})
    )


@member_page(Permission.SEE_REGISTERS)
def readiness(request: MemberRequest) -> HttpResponse:
    """The whole list."""
    rows = [(line, WORDS.get(line.key, line.key), _who_mends(request, line)) for line in read_lines(request.workspace, now_ms())]
    judged = [line for line, _words, _who in rows if line.is_fine is not None]
    return render_page(
        request, "console/readiness/readiness.html", rows=rows, fine=sum(bool(line.is_fine) for line in judged), judged=len(judged)
    )


def _who_mends(request: MemberRequest, line: Line) -> str:
    """The roles that mend a line, where the member who reads is none of them: the page that mends it would turn them away, or show no form."""
    needed = MENDED_WITH.get(line.key)
    if line.is_fine is not False or needed is None or needed in request.may:
        return ""
    return ", ".join(str(role.label) for role in roles_with(needed))


@member_page(Permission.EDIT_WORKSPACE, methods=("GET", "POST"))
def backup(request: MemberRequest) -> HttpResponseBase:
    """Have a backup of the installation made, beside everything else, while there is none of the last two days."""
    if request.method == "POST":
        if is_sqlite() and not has_fresh_backup(now_ms()):
            record(request, "backup.started")
            run_beside("backup_create")
            messages.success(request, _("It is being made, encrypted. This list says when it is there."))
        response = redirect("console-readiness", request.workspace.pk)
        response.status_code = 303
        return response
    return render_page(request, "console/readiness/backup.html", crumbs=_way(request))


@member_page(Permission.SEE_REGISTERS)
def impact(request: MemberRequest) -> HttpResponse:
    """The nine criteria and the latest assessment."""
    return render_page(request, "console/readiness/impact.html", impact=read_impact(request.workspace), crumbs=_way(request))


@member_page(Permission.KEEP_REGISTERS, methods=("GET", "POST"))
def declare(request: MemberRequest) -> HttpResponseBase:
    """Say which criteria are met that only people know of."""
    known = read_impact(request.workspace)
    form = DeclareForm(request.POST or None, initial={"declared": [one.key for one in known.criteria if one.is_met and one.is_declared]})
    if request.method == "POST":
        chosen = DeclareForm(request.POST)
        if chosen.is_valid():
            with transaction.atomic():
                declare_criteria(request.workspace.pk, chosen.cleaned_data["declared"], user_id=request.member.user_id, now=now_ms())
                record(request, "impact.declared", detail={"criteria": chosen.cleaned_data["declared"]})
            return _back(request)
        form = chosen
    return render_page(request, "console/readiness/declare.html", form=form, status=422 if request.method == "POST" else 200)


@member_page(Permission.SIGN_ASSESSMENT, methods=("GET", "POST"))
def sign(request: MemberRequest) -> HttpResponseBase:
    """Write and sign the assessment for the criteria that are met now."""
    known = read_impact(request.workspace)
    before = {"text": known.latest.text if known.latest else "", "name": request.member.user.name}
    form = SignForm(request.POST or None, initial=before)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            with transaction.atomic():
                made = sign_assessment(
                    request.workspace,
                    text=said["text"],
                    name=said["name"],
                    function=said["function"],
                    user_id=request.member.user_id,
                    now=now_ms(),
                )
                record(request, "impact.signed", detail={"criteria": made.criteria})
        except AssessmentInvalid as error:
            form.add_error(None, str(error).partition(": ")[2].capitalize())
        else:
            messages.success(request, _("Signed. It counts until a further criterion is met."))
            return _back(request)
    return render_page(
        request,
        "console/readiness/sign.html",
        status=422 if request.method == "POST" else 200,
        form=form,
        impact=known,
        crumbs=_way(request, deeper=True),
    )


def _way(request: MemberRequest, *, deeper: bool = False) -> list[tuple[str, str]]:
    crumbs = [(_("Readiness"), reverse("console-readiness", args=[request.workspace.pk]))]
    if deeper:
        crumbs.append((_("Impact assessment"), reverse("console-impact", args=[request.workspace.pk])))
    return crumbs


def _back(request: MemberRequest) -> HttpResponseBase:
    response = redirect("console-impact", request.workspace.pk)
    response.status_code = 303
    return response
