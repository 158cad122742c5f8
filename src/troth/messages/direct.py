"""Mail that is no message of a person: sent at once, to somebody who just asked for it, and kept nowhere."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings

from troth.content.email_template import RenderedEmail
from troth.kernel.errors import TrothError
from troth.kernel.ids import new_row_id
from troth.messages.channels import Channel, Outgoing, channel_from_url
from troth.messages.errors import ChannelError
from troth.messages.mail import TEST_MARK, build_mail
from troth.workspaces.models import SendMode, Workspace


class NotSent(TrothError):
    """The mail did not leave."""


def can_send(workspace: Workspace) -> bool:
    """Whether mail leaves this workspace now."""
    has_address = workspace.send_mode != SendMode.TEST or bool(workspace.test_address)
    return bool(settings.TROTH_EMAIL_URL) and not workspace.is_canary and workspace.send_mode != SendMode.OFF and has_address


def find_way(workspace: Workspace) -> Channel:
    """By what mail leaves this workspace now. Raises NotSent, which says what to do."""
    if workspace.is_canary:
        raise NotSent("Nothing leaves the workspace of the daily proof: its persons are made up.")
    if workspace.send_mode == SendMode.OFF:
        raise NotSent("Sending is off in this workspace: switch it on in the settings.")
    channel = channel_from_url(settings.TROTH_EMAIL_URL or None)
    if channel.name == "outbox":
        raise NotSent("This installation has no mail server, so nothing leaves it: set TROTH_EMAIL_URL.")
    return channel


def send_direct(workspace: Workspace, rendered: RenderedEmail, recipient: str, now: int) -> None:
    """Hand one mail over; `now` in milliseconds. Raises NotSent, MailInvalid."""
    channel = find_way(workspace)
    sender = workspace.sender or settings.TROTH_SENDER
    message_id = new_row_id()
    mail = build_mail(rendered, sender=sender, recipient=recipient, message_id=message_id, list_unsubscribe_url=None, date=now)
    try:
        channel.send(Outgoing(message_id=message_id, sender=sender, recipient=recipient, mail=mail))
    except ChannelError as error:
        raise NotSent(str(error)) from None


def send_to_whom_it_concerns(workspace: Workspace, rendered: RenderedEmail, recipient: str, now: int) -> None:
    """As `send_direct`, but in test mode to the tester, marked. Raises NotSent, MailInvalid."""
    if workspace.send_mode == SendMode.TEST:
        if not workspace.test_address:
            raise NotSent("The workspace is in test mode without an address to send to: set one in the settings.")
        rendered, recipient = replace(rendered, subject=f"{TEST_MARK}{rendered.subject}"), workspace.test_address
    send_direct(workspace, rendered, recipient, now)
