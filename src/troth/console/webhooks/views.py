"""Webhooks over HTTP: the list, one of them, what it was told, adding and editing."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.acting import go
from troth.console.asking import keep, read_numbers
from troth.console.shell import render_page
from troth.console.showing import put_in_words
from troth.console.webhooks import reading
from troth.console.webhooks.forms import WORDS, WebhookForm
from troth.kernel.clock import now_ms
from troth.privacy.processors.register import why_held
from troth.webhooks.editing import create_webhook, find_webhook, revise_webhook
from troth.webhooks.errors import WebhookInvalid, WebhookNotFound
from troth.webhooks.models import DeliveryState, Webhook
from troth.webhooks.waiting import Filter, list_deliveries
from troth.workspaces.roles import Permission

PAGE = 50


@member_page(Permission.SEE_SETTINGS)
def webhooks(request: MemberRequest) -> HttpResponseBase:
    """All of them, with what waits and what could not be told."""
    return render_page(request, "console/webhooks/webhooks.html", rows=reading.read_webhooks(request.workspace.pk, now_ms()))


@member_page(Permission.MANAGE_CHANNELS, methods=("GET", "POST"))
def new(request: MemberRequest) -> HttpResponseBase:
    """Set one up; its secret is in this answer and never again."""
    if request.method != "POST":
        return _ask(request, WebhookForm(request.workspace.pk, initial={"types": ["unsubscribed", "person.erased"]}), None)
    form = WebhookForm(request.workspace.pk, request.POST)
    if form.is_valid():
        said = form.cleaned_data
        fields = {name: said[name] for name in ("url", "types", "purpose", "name")}
        try:
            with transaction.atomic():
                own, secret = create_webhook(request.workspace.pk, **fields, form=said["format"], now=now_ms())
                record(request, "webhook.added", detail={"webhook": own.pk, "name": own.name, "types": own.types, "purpose": own.purpose})
        except WebhookInvalid as error:
            form.refuse(error)
        else:
            return render_page(request, "console/webhooks/made.html", own=own, secret=secret, is_new=True, crumbs=way(request))
    return _ask(request, form, None, status=422)


@member_page(Permission.SEE_SETTINGS)
def webhook(request: MemberRequest, webhook_id: int) -> HttpResponseBase:
    """One webhook: what it is told of, how its address answers, what was withheld."""
    own, now = find_own(request, webhook_id), now_ms()
    return render_page(
        request,
        "console/webhooks/webhook.html",
        own=own,
        row=reading.read_row(own, now),
        held=why_held(own.workspace_id, "webhooks", own.pk, now),
        trouble=reading.word_trouble(own.health.trouble),
        withheld=reading.read_withheld(own, now),
        crumbs=way(request),
    )


@member_page(Permission.SEE_MESSAGES, audit="webhook.deliveries")
def deliveries(request: MemberRequest, webhook_id: int) -> HttpResponseBase:
    """`?state=&type=&before=`: what waits for it, was told to it, or could not be, the newest first."""
    own, asked = find_own(request, webhook_id), request.GET
    state = asked.get("state", "") if asked.get("state") in DeliveryState.values else ""
    type_ = asked.get("type", "") if asked.get("type") in own.types else ""
    before = read_numbers(asked.get("before", ""), 1)
    found = list_deliveries(own, Filter(state, type_), before=before[0] if before else None, limit=PAGE + 1)
    rows = [reading.describe(one) for one in found[:PAGE]]
    request.shown = [row.told.person_id for row in rows if row.told.person_id]
    return render_page(
        request,
        "console/webhooks/deliveries.html",
        own=own,
        rows=rows,
        asked={"state": state, "type": type_},
        states=[("", _("Any state")), *((one, put_in_words(one)) for one in DeliveryState.values)],
        types=[("", _("Any news")), *((one, WORDS[one]) for one in own.types)],
        older=f"?{keep(asked, 'before', before=str(rows[-1].told.delivery_id))}" if len(found) > PAGE else "",
        newest=f"?{keep(asked, 'before')}" if asked.get("before") else "",
        crumbs=way(request, own),
    )


@member_page(Permission.MANAGE_CHANNELS, methods=("GET", "POST"))
def edit(request: MemberRequest, webhook_id: int) -> HttpResponseBase:
    """Change it; what waits goes to the new address."""
    own = find_own(request, webhook_id)
    held = {name: getattr(own, name) for name in ("name", "url", "types", "purpose", "format")}
    if request.method != "POST":
        return _ask(request, WebhookForm(request.workspace.pk, initial=held), own)
    form = WebhookForm(request.workspace.pk, request.POST, initial=held)
    if form.is_valid():
        try:
            with transaction.atomic():
                revise_webhook(own, form.cleaned_data, now=now_ms())
                record(request, "webhook.edited", detail={"webhook": own.pk, "name": own.name, "types": own.types, "purpose": own.purpose})
        except WebhookInvalid as error:
            form.refuse(error)
        else:
            messages.success(request, _("Saved: it is told so within a second."))
            return back(request, own)
    return _ask(request, form, own, status=422)


def find_own(request: MemberRequest, webhook_id: int) -> Webhook:
    """The webhook of the address, of this workspace; else there is none."""
    try:
        return find_webhook(request.workspace.pk, webhook_id)
    except WebhookNotFound:
        raise Http404 from None


def way(request: MemberRequest, own: Webhook | None = None) -> list[tuple[str, str]]:
    """The crumbs that lead here."""
    found = [(_("Webhooks"), reverse("console-webhooks", args=[request.workspace.pk]))]
    return [*found, (own.name, reverse("console-webhook", args=[request.workspace.pk, own.pk]))] if own else found


def back(request: MemberRequest, own: Webhook | None) -> HttpResponse:
    """To the page of a webhook, or to the list."""
    return go("console-webhook", request.workspace.pk, own.pk) if own else go("console-webhooks", request.workspace.pk)


def _ask(request: MemberRequest, form: WebhookForm, own: Webhook | None, status: int = 200) -> HttpResponse:
    return render_page(request, "console/webhooks/form.html", status=status, form=form, own=own, crumbs=way(request, own))
