"""A test by one channel, to an address of whoever tries it: about nobody, and kept nowhere."""

from __future__ import annotations

from django.conf import settings

from troth.content.email_template import RenderedEmail
from troth.kernel.ids import new_row_id
from troth.messages.channels.port import Content, Medium, Outgoing
from troth.messages.configured import open_configured
from troth.messages.errors import ChannelError
from troth.messages.mail import TEST_MARK, build_mail
from troth.messages.models import ConfiguredChannel
from troth.people.identifiers import normalise_phone
from troth.workspaces.models import Workspace

TITLE = "It works"
BODY = "This test left Troth by the channel “{label}”."


def send_trial(row: ConfiguredChannel, recipient: str, now: int) -> str:
    """Send it and say what the provider answered; `now` in milliseconds. Raises ChannelError, ChannelUnknown, MailInvalid."""
    workspace = Workspace.objects.get(pk=row.workspace_id)
    sender, message_id, body = workspace.sender or settings.TROTH_SENDER, new_row_id(), BODY.format(label=row.label)
    mail = b""
    if row.medium == Medium.EMAIL:
        rendered = RenderedEmail(subject=f"{TEST_MARK}{TITLE}", html=f"<p>{TITLE}</p>", text=body)
        mail = build_mail(rendered, sender=sender, recipient=recipient, message_id=message_id, list_unsubscribe_url=None, date=now)
    elif row.medium == Medium.SMS:
        recipient = normalise_phone(recipient)
        if not recipient:
            raise ChannelError("That is not a number with its country code: correct it.", permanent=True)
    outgoing = Outgoing(
        message_id=message_id,
        sender=sender,
        recipient=recipient,
        mail=mail,
        content=Content(title=TITLE, body=body, url=settings.TROTH_URL),
        platform="",
    )
    receipt = open_configured(row).send(outgoing)
    return receipt.detail or "accepted"
