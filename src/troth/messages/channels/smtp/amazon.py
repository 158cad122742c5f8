"""Amazon SES: by its SMTP interface, with what it is to be told in headers of its own, which it takes out before the mail goes on.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-send-email.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from troth.messages.channels.amazon import TAG, domain_of, read_place
from troth.messages.channels.port import Outgoing, Receipt
from troth.messages.channels.smtp.connection import Security, Server
from troth.messages.channels.smtp.sending import SmtpChannel

PORT = 587


class AmazonChannel:
    """Hands mails to the SMTP interface of Amazon SES."""

    name = "amazon_ses"
    begins_itself = True

    def __init__(self, smtp: SmtpChannel, configuration_set: str = "") -> None:
        self._smtp, self._configuration_set = smtp, configuration_set
        self.address = smtp.address

    def check(self) -> str:
        """Connect, log in, and leave."""
        return self._smtp.check()

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand one mail over, by the configuration set that publishes its events, if there is one. Raises ChannelError as SMTP's own."""
        lines = [f"X-SES-MESSAGE-TAGS: {TAG}={outgoing.message_id}"]
        if self._configuration_set:
            lines.insert(0, f"X-SES-CONFIGURATION-SET: {self._configuration_set}")
        told = "".join(f"{line}\r\n" for line in lines).encode("ascii")
        return self._smtp.send(replace(outgoing, mail=told + outgoing.mail))


def open_amazon(settings: Mapping[str, str], timeout_s: float) -> AmazonChannel:
    """A channel for a region's interface. Raises ChannelUnknown."""
    region, configuration_set = read_place(settings)
    server = Server(
        host=f"email-smtp.{region}.{domain_of(region)}",
        port=PORT,
        user=settings["user"],
        password=settings["password"],
        security=Security.STARTTLS,
        verify=True,
        timeout_s=timeout_s,
        is_outside=True,
    )
    return AmazonChannel(SmtpChannel(server), configuration_set)
