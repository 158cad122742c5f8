"""Channels over HTTP: the list, one of them, adding, editing, trying and removing. Secrets are written and never read."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _

from troth.console.access import MemberRequest, member_page, record
from troth.console.acting import go
from troth.console.channels import reading
from troth.console.channels.forms import ChannelForm, TestForm
from troth.console.shell import render_page
from troth.kernel.clock import now_ms
from troth.messages.channels import find_adapter
from troth.messages.channels.port import Adapter, Medium
from troth.messages.configured import (
    ChannelNotFound,
    SettingsInvalid,
    add_channel,
    find_channel,
    open_configured,
    remove_channel,
    renew_hook,
    revise_channel,
)
from troth.messages.errors import ChannelError, ChannelUnknown, MailInvalid
from troth.messages.hooks import hook_url
from troth.messages.models import ConfiguredChannel
from troth.messages.trying import send_trial
from troth.privacy.processors.register import why_held
from troth.workspaces.roles import Permission


@member_page(Permission.SEE_SETTINGS)
def channels(request: MemberRequest) -> HttpResponseBase:
    """All of them in the order in which they are tried, and what came back lately."""
    rows = reading.read_channels(request.workspace.pk)
    return render_page(
        request,
        "console/channels/channels.html",
        rows=rows,
        default=reading.read_default(rows),
        **reading.read_figures(request.workspace.pk, now_ms()),
    )


@member_page(Permission.MANAGE_CHANNELS)
def choose(request: MemberRequest) -> HttpResponseBase:
    """What can be added."""
    return render_page(request, "console/channels/choose.html", choices=reading.list_choices(), crumbs=_way(request))


@member_page(Permission.MANAGE_CHANNELS, methods=("GET", "POST"))
def new(request: MemberRequest, adapter: str) -> HttpResponseBase:
    """Take a channel into use."""
    found = _adapter(adapter)
    if request.method != "POST":
        return _ask(request, ChannelForm(found), found, None)
    form = ChannelForm(found, request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            with transaction.atomic():
                own = add_channel(
                    request.workspace.pk, found.name, form.given, label=said["label"], priority=said["priority"], now=now_ms()
                )
                record(request, "channel.added", detail={"channel": own.pk, "name": own.label, "adapter": found.name})
        except (SettingsInvalid, ChannelUnknown) as error:
            form.refuse(error)
        else:
            messages.success(request, _("The channel is in use. Check it, and send yourself a test."))
            return _back(request, own)
    return _ask(request, form, found, None, status=422)


@member_page(Permission.SEE_SETTINGS)
def channel(request: MemberRequest, channel_id: int) -> HttpResponseBase:
    """One channel: its settings, and the address at which its provider tells."""
    own = _own(request, channel_id)
    adapter = find_adapter(own.adapter)
    return render_page(
        request,
        "console/channels/channel.html",
        own=own,
        adapter=adapter,
        medium=reading.name_medium(own.medium),
        facts=reading.read_facts(own),
        public=reading.read_public(own).items(),
        script=reading.read_script(own),
        # Who knows the address can tell of any message: it is for those who set the provider up.
        hook=reading.read_hook(own) if Permission.MANAGE_CHANNELS in request.may else "",
        stopped=why_held(own.workspace_id, "channels", own.pk, now_ms()) if own.is_active else "",
        crumbs=_way(request),
    )


@member_page(Permission.MANAGE_CHANNELS, methods=("GET", "POST"))
def edit(request: MemberRequest, channel_id: int) -> HttpResponseBase:
    """Change what it is told; the senders see it with their next batch."""
    own = _own(request, channel_id)
    adapter = find_adapter(own.adapter)
    held = {"label": own.label, "priority": own.priority, "is_active": own.is_active, "hears_engagement": own.hears_engagement}
    if request.method != "POST":
        return _ask(request, ChannelForm(adapter, own=own, initial=held), adapter, own)
    form = ChannelForm(adapter, request.POST, own=own, initial=held)
    if form.is_valid():
        said = form.cleaned_data
        try:
            with transaction.atomic():
                revise_channel(
                    own,
                    form.given,
                    label=said["label"],
                    priority=said["priority"],
                    is_active=said["is_active"],
                    hears_engagement=said.get("hears_engagement"),
                    now=now_ms(),
                )
                record(request, "channel.edited", detail={"channel": own.pk, "name": own.label, "adapter": own.adapter})
        except (SettingsInvalid, ChannelUnknown) as error:
            form.refuse(error)
        else:
            messages.success(request, _("Saved: messages leave by it so within a second."))
            return _back(request, own)
    return _ask(request, form, adapter, own, status=422)


@member_page(Permission.MANAGE_CHANNELS, methods=("POST",))
def check(request: MemberRequest, channel_id: int) -> HttpResponseBase:
    """Try the way without sending anything."""
    own = _own(request, channel_id)
    try:
        messages.success(request, open_configured(own).check())
    except (ChannelError, ChannelUnknown) as error:
        messages.error(request, str(error))
    return _back(request, own)


@member_page(Permission.MANAGE_CHANNELS, methods=("GET", "POST"))
def send_test(request: MemberRequest, channel_id: int) -> HttpResponseBase:
    """Send a test to an address of the member's own."""
    own = _own(request, channel_id)
    initial = {"recipient": request.member.user.email} if own.medium == Medium.EMAIL else {}
    form = TestForm(own.medium, request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        # Written down first and by itself: a provider that is slow must not keep anybody from writing.
        record(request, "channel.tested", detail={"name": own.label})
        try:
            told = send_trial(own, form.cleaned_data.get("recipient", ""), now_ms())
        except (ChannelError, ChannelUnknown, MailInvalid) as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("It was taken: %s. Look whether it arrived.") % told)
            return _back(request, own)
    status = 422 if form.errors else 200
    return render_page(request, "console/channels/test.html", status=status, own=own, form=form)


@member_page(Permission.MANAGE_CHANNELS, methods=("GET", "POST"))
def renew(request: MemberRequest, channel_id: int) -> HttpResponseBase:
    """Make the address at which the provider tells another one."""
    own = _own(request, channel_id)
    if request.method == "POST":
        with transaction.atomic():
            renew_hook(own)
            record(request, "channel.hook_renewed", detail={"channel": own.pk, "name": own.label})
        messages.success(request, _("The old address is void. Enter the new one at the provider."))
        return _back(request, own)
    return render_page(request, "console/channels/renew.html", own=own, hook=hook_url(own))


@member_page(Permission.MANAGE_CHANNELS, methods=("GET", "POST"))
def remove(request: MemberRequest, channel_id: int) -> HttpResponseBase:
    """Use it no more."""
    own = _own(request, channel_id)
    if request.method == "POST":
        with transaction.atomic():
            record(request, "channel.removed", detail={"name": own.label, "adapter": own.adapter})
            remove_channel(own)
        messages.success(request, _("Removed, and its secrets with it."))
        return _back(request, None)
    return render_page(request, "console/channels/remove.html", own=own)


def _own(request: MemberRequest, channel_id: int) -> ConfiguredChannel:
    try:
        return find_channel(request.workspace.pk, channel_id)
    except ChannelNotFound:
        raise Http404 from None


def _adapter(name: str) -> Adapter:
    try:
        return find_adapter(name)
    except ChannelUnknown:
        raise Http404 from None


def _ask(request: MemberRequest, form: ChannelForm, adapter: Adapter, own: ConfiguredChannel | None, status: int = 200) -> HttpResponse:
    return render_page(request, "console/channels/form.html", status=status, form=form, adapter=adapter, own=own, crumbs=_way(request, own))


def _way(request: MemberRequest, own: ConfiguredChannel | None = None) -> list[tuple[str, str]]:
    way = [(_("Channels"), reverse("console-channels", args=[request.workspace.pk]))]
    return [*way, (own.label, reverse("console-channel", args=[request.workspace.pk, own.pk]))] if own else way


def _back(request: MemberRequest, own: ConfiguredChannel | None) -> HttpResponse:
    return go("console-channel", request.workspace.pk, own.pk) if own else go("console-channels", request.workspace.pk)
