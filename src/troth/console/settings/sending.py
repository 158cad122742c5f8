"""What becomes of a workspace's mail: its sender, its mode, and the way it takes."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.campaigns.trials import TrialRefused, send_trial
from troth.consent.held import list_held_switches
from troth.console.access import MemberRequest, member_page, record
from troth.console.settings.measuring import list_switches
from troth.console.shell import render_fragment, render_page
from troth.content.email_template import RenderedEmail
from troth.kernel.clock import now_ms
from troth.messages.channels import Channel, channel_from_url
from troth.messages.errors import ChannelError, MailInvalid
from troth.messages.figures import count_held, count_in_state
from troth.messages.models import State
from troth.workspaces.models import SendMode, Workspace
from troth.workspaces.roles import Permission
from troth.workspaces.send_mode import SendModeInvalid, set_send_mode

MODES = (
    (SendMode.LIVE.value, later("Live"), later("Mail goes to the persons.")),
    (
        SendMode.TEST.value,
        later("Test"),
        later("All mail goes to one address, marked as a test. The gate is asked as ever; nobody else gets anything."),
    ),
    (SendMode.OFF.value, later("Off"), later("Nothing goes out. What is due is held, and goes out once sending is on.")),
)


class SenderForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Whom mail says that it is from."""

    class Meta:
        model = Workspace
        fields: ClassVar[list[str]] = ["sender"]
        labels: ClassVar[dict[str, Any]] = {"sender": later("Sender")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sender"].help_text = _(
            "For example Acme &lt;hello@acme.example&gt;. Its domain has to allow your mail server (SPF, DKIM). Empty: %(sender)s."
        ) % {"sender": escape(settings.TROTH_SENDER)}

    def clean_sender(self) -> str:
        """A name and an address, or an address."""
        sender: str = self.cleaned_data["sender"].strip()
        if sender:
            try:
                validate_email(parseaddr(sender)[1])
            except ValidationError:
                raise ValidationError(_("That is no sender: write an address, or a name and the address in angle brackets.")) from None
            if not sender.isprintable():
                raise ValidationError(_("A sender stands on one line: remove line breaks and other invisible characters."))
        return sender


@member_page(Permission.SEE_SETTINGS, methods=("GET", "POST"))
def sending(request: MemberRequest) -> HttpResponseBase:
    """Mode, sender and channel; an owner may change them."""
    own = Workspace.objects.get(pk=request.workspace.pk)
    may_edit = Permission.EDIT_WORKSPACE in request.may
    form = SenderForm(request.POST if request.method == "POST" and may_edit else None, instance=own)
    if request.method == "POST" and may_edit and form.is_valid():
        with transaction.atomic():
            form.save()
            record(request, "workspace.edited", detail={"fields": form.changed_data})
        messages.success(request, _("Saved: mail from now on names this sender."))
        return _back(request)
    channel, held_switches = _channel(), list_held_switches(own.pk)
    return render_page(
        request,
        "console/settings/sending.html",
        status=403 if request.method == "POST" and not may_edit else 200,
        form=form,
        sender=own.sender or settings.TROTH_SENDER,
        now=next((name, says) for value, name, says in MODES if value == own.send_mode),
        held=count_held(own.pk),
        queued=count_in_state(own.pk, State.QUEUED),
        switches=list_switches(own),
        contested=[one[1] for one in list_switches(own) if one[0] in held_switches],
        channel=channel,
        is_kept=channel.name == "outbox",
    )


@member_page(Permission.SET_SEND_MODE, methods=("GET", "POST"))
def mode(request: MemberRequest) -> HttpResponseBase:
    """Choose what becomes of mail."""
    own = Workspace.objects.get(pk=request.workspace.pk)
    chosen = request.POST.get("mode", request.GET.get("mode", own.send_mode))
    address = request.POST.get("address", own.test_address or request.member.user.email)
    fault = ""
    if request.method == "POST":
        before = own.send_mode
        try:
            with transaction.atomic():
                set_send_mode(own, chosen, address if chosen == SendMode.TEST else "")
                record(request, "send_mode.changed", detail={"from": before, "to": own.send_mode})
        except SendModeInvalid as error:
            fault = str(error)
        else:
            told = next(says for value, _name, says in MODES if value == own.send_mode)
            messages.success(request, f"{told} {_('It holds within a second; the audit log says who changed it.')}")
            return _back(request)
    return render_page(
        request,
        "console/settings/mode.html",
        status=400 if fault else 200,
        modes=MODES,
        chosen=chosen,
        address=address,
        fault=fault,
        held=count_held(own.pk),
    )


@member_page(Permission.EDIT_WORKSPACE, methods=("POST",))
def check(request: MemberRequest) -> HttpResponse:
    """Try the way to the mail server."""
    try:
        told, works = _channel().check(), True
    except ChannelError as error:
        told, works = str(error), False
    if request.htmx:
        return render_fragment(request, "console/settings/checked.html", told=told, works=works)
    (messages.success if works else messages.error)(request, told)
    return _back(request)


@member_page(Permission.EDIT_WORKSPACE, methods=("GET", "POST"))
def send_test(request: MemberRequest) -> HttpResponseBase:
    """A mail to the member's own address."""
    recipient = request.member.user.email
    if request.method == "POST":
        try:
            # Written down first and by itself: a mail server that is slow must not keep anybody from writing.
            record(request, "channel.tested", detail={"channel": _channel().name})
            send_trial(request.workspace, _write_test(request.workspace.name), recipient, now_ms())
        except (TrialRefused, MailInvalid) as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The mail server took the test mail over. Look whether it arrives, and not among the junk."))
        return _back(request)
    return render_page(
        request, "console/settings/test_mail.html", recipient=recipient, sender=request.workspace.sender or settings.TROTH_SENDER
    )


def _write_test(workspace: str) -> RenderedEmail:
    says = _("This mail shows that mail of “%(workspace)s” arrives. Its headers tell whether your domain's SPF, DKIM and DMARC hold.") % {
        "workspace": workspace
    }
    return RenderedEmail(
        subject=_("Mail of %(workspace)s arrives") % {"workspace": workspace},
        html=f"<p>{escape(says)}</p>",
        text=says,
    )


def _channel() -> Channel:
    return channel_from_url(settings.TROTH_EMAIL_URL or None)


def _back(request: MemberRequest) -> HttpResponse:
    response = redirect("console-sending", request.workspace.pk)
    response.status_code = 303
    return response
