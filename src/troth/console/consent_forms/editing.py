"""Making, changing, closing and opening a form."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.consent.forms import FormInvalid, create_form, open_form, revise_form, terms_of_form
from troth.consent.models import ConsentForm
from troth.console.access import MemberRequest, member_page, record
from troth.console.consent_forms.forms import ConsentFormForm
from troth.console.consent_forms.views import get_form
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.workspaces.roles import Permission


@member_page(Permission.MANAGE_NOTICES, methods=("GET", "POST"))
def new(request: MemberRequest) -> HttpResponseBase:
    """A form that is not there yet; it is open at once."""
    workspace_id = request.workspace.pk
    if request.method != "POST":
        return _ask(request, ConsentFormForm(workspace_id), None)
    form = ConsentFormForm(workspace_id, request.POST)
    if form.is_valid():
        try:
            with transaction.atomic():
                made = create_form(workspace_id, form.terms(), now=now_ms())
                record(request, "form.created", detail={"form": made.form_id})
        except FormInvalid as error:
            form.refuse(error)
        else:
            messages.success(request, _("The form is open: put it into your page, or give people its link."))
            return _go(made)
    return _ask(request, form, None, status=422)


@member_page(Permission.MANAGE_NOTICES, methods=("GET", "POST"))
def edit(request: MemberRequest, form_id: str) -> HttpResponseBase:
    """What the form asks; consents given before refer to the version that the person saw."""
    own = get_form(request.workspace.pk, form_id)
    terms = terms_of_form(own)
    if request.method != "POST":
        return _ask(request, ConsentFormForm(own.workspace_id, terms=terms), own)
    form = ConsentFormForm(own.workspace_id, request.POST, terms=terms)
    if form.is_valid():
        try:
            with transaction.atomic():
                revised = revise_form(own.workspace_id, own.form_id, form.terms())
                record(request, "form.edited", detail={"form": own.form_id, "version": revised.version})
        except FormInvalid as error:
            form.refuse(error)
        else:
            messages.success(request, _("Saved. A plain HTML form in your page has to be copied anew."))
            return _go(own)
    return _ask(request, form, own, status=422)


@member_page(Permission.MANAGE_NOTICES, methods=("GET", "POST"))
def open_or_close(request: MemberRequest, form_id: str) -> HttpResponseBase:
    """Close an open form, or open a closed one."""
    own = get_form(request.workspace.pk, form_id)
    if request.method != "POST":
        return render_page(request, "console/consent_forms/open.html", form=own)
    is_open = request.POST.get("open") == "yes"
    with transaction.atomic():
        open_form(own.workspace_id, own.form_id, is_open=is_open)
        record(request, "form.opened" if is_open else "form.closed", detail={"form": own.form_id})
    messages.success(request, _("The form is open.") if is_open else _("The form is closed: it takes nothing more."))
    return _go(own)


def _ask(request: MemberRequest, form: ConsentFormForm, own: ConsentForm | None, status: int = 200) -> HttpResponse:
    crumbs = [(_("Forms"), reverse("console-forms", args=[request.workspace.pk]))]
    if own:
        crumbs.append((own.title, reverse("console-form", args=[own.workspace_id, own.form_id])))
    return render_page(request, "console/consent_forms/edit.html", status=status, form=form, own=own, crumbs=crumbs)


def _go(form: ConsentForm) -> HttpResponse:
    response = redirect("console-form", form.workspace_id, form.form_id)
    response.status_code = 303
    return response
