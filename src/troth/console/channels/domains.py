"""Sending domains and the return mailbox: the records to create, whether the DNS has them, signing, and where mail comes back to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.console.access import MemberRequest, member_page, record
from troth.console.acting import go
from troth.console.shell import render_page
from troth.console.widgets import CODE
from troth.kernel.clock import now_ms
from troth.messages.domains import (
    DomainInvalid,
    DomainNotFound,
    add_domain,
    check_domain,
    dkim_record,
    find_domain,
    list_domains,
    remove_domain,
    set_up_domain,
)
from troth.messages.feedback.mailbox import SECURITY, MailboxUnusable, find_mailbox, read_mailbox, remove_mailbox, set_mailbox
from troth.messages.models import SendingDomain
from troth.workspaces.roles import Permission


class DomainForm(forms.Form):
    """A domain to take in."""

    domain = forms.CharField(
        label=later("Domain"), max_length=253, help_text=later("Such as acme.example."), widget=forms.TextInput(attrs=CODE)
    )


class SetUpForm(forms.Form):
    """What is done to the domain's mail."""

    signs = forms.BooleanField(
        label=later("Sign its mail (DKIM)"),
        required=False,
        help_text=later("When the key is published. Providers that are spoken to by their API sign themselves."),
    )
    return_address = forms.CharField(
        label=later("Return address"),
        required=False,
        max_length=320,
        help_text=later("Such as bounces@acme.example: what cannot be delivered comes back there, each mail with a token behind a “+”."),
        widget=forms.TextInput(attrs=CODE),
    )


class MailboxForm(forms.Form):
    """The mailbox that the return address leads to."""

    host = forms.CharField(label=later("IMAP server"), max_length=253, widget=forms.TextInput(attrs=CODE))
    security = forms.ChoiceField(label=later("Encryption"), choices=[(one, one) for one in SECURITY])
    port = forms.IntegerField(label=later("Port"), required=False, min_value=1, max_value=65_535)
    user = forms.CharField(label=later("User name"), max_length=320, widget=forms.TextInput(attrs=CODE))
    password = forms.CharField(
        label=later("Password"),
        required=False,
        max_length=1_000,
        help_text=later("It is kept encrypted and not shown. Empty: it stays as it is."),
        widget=forms.PasswordInput(attrs={**CODE, "autocomplete": "new-password"}),
    )
    folder = forms.CharField(label=later("Folder"), required=False, max_length=200, initial="INBOX", widget=forms.TextInput(attrs=CODE))


@member_page(Permission.SEE_SETTINGS)
def domains(request: MemberRequest) -> HttpResponseBase:
    """All domains, and the mailbox."""
    own = [(row, sum(not one["fine"] for one in row.findings)) for row in list_domains(request.workspace.pk)]
    return render_page(request, "console/channels/domains.html", own=own, mailbox=find_mailbox(request.workspace.pk))


@member_page(Permission.MANAGE_CHANNELS, methods=("GET", "POST"))
def new(request: MemberRequest) -> HttpResponseBase:
    """Take a domain in: its key is made."""
    form = DomainForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                row = add_domain(request.workspace.pk, form.cleaned_data["domain"], now_ms())
                record(request, "domain.added", detail={"domain": row.domain})
        except DomainInvalid as error:
            form.add_error("domain", str(error))
        else:
            return _to(request, row)
    return render_page(request, "console/channels/domain_new.html", status=422 if form.errors else 200, form=form)


@member_page(Permission.SEE_SETTINGS)
def domain(request: MemberRequest, domain_id: int) -> HttpResponseBase:
    """One domain: its records, as they should be and as they are."""
    row = _own(request, domain_id)
    try:
        record_text = dkim_record(row)
    except DomainInvalid as error:
        record_text = ""
        messages.error(request, str(error))
    form = SetUpForm(initial={"signs": row.signs, "return_address": row.return_address})
    return render_page(request, "console/channels/domain.html", row=row, record=record_text, form=form, crumbs=_way(request))


@member_page(Permission.MANAGE_CHANNELS, methods=("POST",))
def set_up(request: MemberRequest, domain_id: int) -> HttpResponseBase:
    """Switch signing, say where mail comes back to."""
    row = _own(request, domain_id)
    form = SetUpForm(request.POST)
    if form.is_valid():
        try:
            with transaction.atomic():
                set_up_domain(row, signs=form.cleaned_data["signs"], return_address=form.cleaned_data["return_address"])
                record(request, "domain.set_up", detail={"domain": row.domain, "signs": row.signs})
        except DomainInvalid as error:
            form.add_error("return_address", str(error))
        else:
            messages.success(request, _("Saved: mail leaves so within a second."))
            return _to(request, row)
    context: dict[str, Any] = {"row": row, "record": dkim_record(row), "form": form, "crumbs": _way(request)}
    return render_page(request, "console/channels/domain.html", status=422, **context)


@member_page(Permission.MANAGE_CHANNELS, methods=("POST",))
def check(request: MemberRequest, domain_id: int) -> HttpResponseBase:
    """Ask the DNS."""
    row = _own(request, domain_id)
    wrong = [one.what for one in check_domain(row, now_ms()) if not one.fine]
    if wrong:
        messages.warning(request, _("Not yet as it should be: %s.") % ", ".join(wrong))
    else:
        messages.success(request, _("All records are there."))
    return _to(request, row)


@member_page(Permission.MANAGE_CHANNELS, methods=("GET", "POST"))
def remove(request: MemberRequest, domain_id: int) -> HttpResponseBase:
    """Forget a domain and its key."""
    row = _own(request, domain_id)
    if request.method == "POST":
        with transaction.atomic():
            record(request, "domain.removed", detail={"domain": row.domain})
            remove_domain(row)
        messages.success(request, _("Removed, and its key with it."))
        return _to(request, None)
    return render_page(request, "console/channels/domain_remove.html", row=row)


@member_page(Permission.MANAGE_CHANNELS, methods=("GET", "POST"))
def mailbox(request: MemberRequest) -> HttpResponseBase:
    """Say which mailbox the return address leads to; it is read at once, to see whether it can be."""
    held = find_mailbox(request.workspace.pk)
    names = ("host", "security", "port", "user", "folder")
    form = MailboxForm(
        request.POST if request.method == "POST" else None, initial={name: getattr(held, name) for name in names} if held else None
    )
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                row = set_mailbox(request.workspace.pk, **form.cleaned_data)
                record(request, "mailbox.set")
            read_mailbox(row, now_ms())
        except MailboxUnusable as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("It can be read: reports in it are noted and deleted every minute, everything else is left alone."))
            return _to(request, None)
    return render_page(
        request, "console/channels/mailbox.html", status=422 if form.errors else 200, form=form, held=held, crumbs=_way(request)
    )


@member_page(Permission.MANAGE_CHANNELS, methods=("POST",))
def forget_mailbox(request: MemberRequest) -> HttpResponseBase:
    """Read it no more."""
    with transaction.atomic():
        remove_mailbox(request.workspace.pk)
        record(request, "mailbox.removed")
    messages.success(request, _("It is read no more, and its password forgotten."))
    return _to(request, None)


def _own(request: MemberRequest, domain_id: int) -> SendingDomain:
    try:
        return find_domain(request.workspace.pk, domain_id)
    except DomainNotFound:
        raise Http404 from None


def _way(request: MemberRequest) -> list[tuple[str, str]]:
    return [(_("Domains"), reverse("console-domains", args=[request.workspace.pk]))]


def _to(request: MemberRequest, row: SendingDomain | None) -> HttpResponse:
    return go("console-domain", request.workspace.pk, row.pk) if row else go("console-domains", request.workspace.pk)
