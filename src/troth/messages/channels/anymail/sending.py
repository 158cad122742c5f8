"""Handing a finished mail to a provider's API: the mail is taken apart again, for these APIs want parts and build it themselves."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Mapping
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import requests
from anymail.exceptions import (
    AnymailConfigurationError,
    AnymailError,
    AnymailRecipientsRefused,
    AnymailSerializationError,
    AnymailUnsupportedFeature,
)
from anymail.message import AnymailMessage

from troth.messages.channels.anymail.providers import Provider
from troth.messages.channels.outside import guard, reach, translate_failure
from troth.messages.channels.port import Outgoing, Receipt
from troth.messages.errors import ChannelError, ChannelUnknown

METADATA = "troth_message"
"""Our own id of the message travels under this name and comes back with callbacks."""
TIMEOUT_S = 30
CHECKED_FOR_S = 10
_OWN = frozenset(
    {"from", "to", "subject", "mime-version", "content-type", "content-transfer-encoding", "date", "message-id", "dkim-signature"}
)
"""Headers that the provider writes itself."""
CONFIGURATION = frozenset({401, 402, 403, 404, 429})
"""Answers that are the fault of key, plan or address, not of the message."""
NOT_TAKEN = frozenset({"invalid", "rejected", "failed"})
"""What anymail calls a recipient that the provider did not take."""
IN_DOUBT = frozenset({500, 502, 504})
"""Answers after which it may have been accepted."""


class AnymailChannel:
    """Hands mails to one provider, over one kept HTTP session per thread."""

    def __init__(self, provider: Provider, settings: Mapping[str, str]) -> None:
        self._provider = provider
        self._given = {name: settings[name] for name in provider.api_settings if settings.get(name)}
        self._kept = threading.local()
        self.name = provider.module
        try:
            self.address = urlsplit(str(getattr(self._make(TIMEOUT_S), "api_url", ""))).hostname or provider.title
        except (AnymailConfigurationError, ValueError):
            raise ChannelUnknown(f"The settings of {provider.title} cannot be used: correct them.") from None

    def _make(self, timeout_s: int) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # anymail warns of providers that it cannot test itself; docs/channels.md says which
            backend = import_module(f"anymail.backends.{self._provider.module}").EmailBackend
            return backend(**self._given, requests_timeout=timeout_s, fail_silently=False)

    def check(self) -> str:
        """Reach its API; whether the key is right shows with the first mail, for no provider offers a try without one."""
        reach(self._make(CHECKED_FOR_S).api_url, self._provider.title)
        return f"{self._provider.title} answers at {self.address}. Send a test to see whether the key is right."

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand one mail over. What the provider cannot express is refused, not left out: List-Unsubscribe is a duty."""
        message = self._take_apart(outgoing)
        backend = getattr(self._kept, "backend", None)
        if backend is None:
            backend = self._kept.backend = self._make(TIMEOUT_S)
        try:
            if backend.open():
                guard(backend.session)
            backend.send_messages([message])
        except AnymailRecipientsRefused:
            raise ChannelError(
                f"{self._provider.title} refused the recipient: its own list of stopped addresses may hold it.", permanent=True
            ) from None
        except (AnymailUnsupportedFeature, AnymailSerializationError):
            raise ChannelError(f"{self._provider.title} cannot send a mail of this kind: use another channel.", permanent=True) from None
        except AnymailError as error:
            backend.close()
            raise self._translate(error) from None
        sent = next(iter(message.anymail_status.recipients.values()), None)
        provider_id, status = str(getattr(sent, "message_id", None) or "")[:200], str(getattr(sent, "status", ""))
        code = getattr(message.anymail_status.esp_response, "status_code", 200)
        if status in NOT_TAKEN or 400 <= code < 500:
            raise ChannelError(f"{self._provider.title} refused the mail ({status}).", permanent=True)
        if not provider_id and status == "unknown":
            raise ChannelError(f"{self._provider.title} did not say whether it took the mail.", permanent=False, doubtful=True)
        return Receipt(provider_id=provider_id, detail=status)

    def _translate(self, error: AnymailError) -> ChannelError:
        """The provider's answer may repeat the address, so that only its number is told."""
        title, code = self._provider.title, error.status_code
        if code is None:
            if isinstance(error, requests.RequestException):
                return translate_failure(error.__cause__ if isinstance(error.__cause__, requests.RequestException) else error, title)
            return ChannelError(f"The connection to {title} broke: the mail may have been accepted.", permanent=False, doubtful=True)
        if code in IN_DOUBT:
            return ChannelError(f"{title} failed ({code}): the mail may have been accepted.", permanent=False, doubtful=True)
        if code in CONFIGURATION or code >= 500:
            return ChannelError(f"{title} does not take mail now ({code}): check the key, the plan and its limits.", permanent=False)
        if code < 300:
            return ChannelError(
                f"{title} answered what is not understood: the mail may have been accepted.", permanent=False, doubtful=True
            )
        return ChannelError(f"{title} refused the mail ({code}).", permanent=True)

    def _take_apart(self, outgoing: Outgoing) -> Any:
        parsed = BytesParser(EmailMessage, policy=default).parsebytes(outgoing.mail)
        text, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
        message = AnymailMessage(
            subject=str(parsed["subject"] or ""),
            body=text.get_content() if text else "",
            from_email=outgoing.sender,
            to=[outgoing.recipient],
            headers={name: str(value) for name, value in parsed.items() if name.lower() not in _OWN},
        )
        if html:
            message.attach_alternative(html.get_content(), "text/html")
        if self._provider.carries_metadata:
            message.metadata = {METADATA: str(outgoing.message_id)}
        return message
