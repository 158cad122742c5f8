"""A provider's callback in our vocabulary. Anymail checks the signature and translates; what it leaves open, hard or soft, is decided here."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from anymail.exceptions import AnymailError
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.core.exceptions import ImproperlyConfigured
from django.core.handlers.wsgi import WSGIRequest

from troth.kernel.clock import now_ms
from troth.messages.channels.anymail.providers import Provider
from troth.messages.channels.port import Callback, Feedback, Told
from troth.messages.channels.statuses import find_status, judge_bounce
from troth.messages.errors import CallbackRefused

METADATA = "troth_message"
_PLAIN = {
    EventType.DELIVERED: Told.DELIVERED,
    EventType.COMPLAINED: Told.COMPLAINT,
    EventType.UNSUBSCRIBED: Told.UNSUBSCRIBE,
    EventType.OPENED: Told.OPEN,
    EventType.CLICKED: Told.CLICK,
}
_REJECTED = {
    RejectReason.INVALID: Told.HARD_BOUNCE,
    RejectReason.BOUNCED: Told.HARD_BOUNCE,
    RejectReason.SPAM: Told.COMPLAINT,
    RejectReason.UNSUBSCRIBED: Told.UNSUBSCRIBE,
}
"""Why the provider itself refuses an address: it remembers what was told before."""
_WORDS = ("Type", "event", "type", "severity", "bounce_type", "subtype", "delivery_status", "status", "bounce", "reason")
"""Where providers say in a word what kind of bounce it is."""
_SOFT = ("soft", "temporary", "transient", "block", "mailbox_full", "mailboxfull", "quota")


def parse_callback(provider: Provider, settings: Mapping[str, str], callback: Callback) -> Sequence[Feedback]:
    """All that a callback tells. Raises CallbackRefused."""
    given: dict[str, Any] = {name: settings[name] for name in provider.hook_settings if settings.get(name)}
    if provider.needs_hook_url:
        given["webhook_url"] = callback.url
    try:
        with warnings.catch_warnings():
            # Its secret address is what lets a callback in where the provider signs nothing.
            warnings.simplefilter("ignore")
            view = getattr(
                import_module(f"anymail.webhooks.{provider.module}"), f"{provider.view}{_KIND.get(provider.module, 'TrackingWebhookView')}"
            )
            reader = view(**given)
            request = _request(callback)
            reader.run_validators(request)
            events = reader.parse_events(request)
    except (AnymailError, ImproperlyConfigured, ImportError):
        raise CallbackRefused(
            f"The callback is not {provider.title}'s, or its signature is wrong: check the webhook's key in the channel."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise CallbackRefused(f"The callback is not understood: check that the webhook is {provider.title}'s for deliveries.") from None
    return list(_translate(events))


_KIND = {"mandrill": "WebhookView"}


def _request(callback: Callback) -> WSGIRequest:
    """Anymail reads Django's request, so one is made of what came."""
    parts = urlsplit(callback.url)
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in callback.headers.items()}
    return WSGIRequest(
        {
            **headers,
            "REQUEST_METHOD": callback.method,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "SERVER_NAME": parts.hostname or "localhost",
            "SERVER_PORT": str(parts.port or 443),
            "wsgi.url_scheme": parts.scheme or "https",
            "CONTENT_TYPE": callback.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(callback.body)),
            "wsgi.input": io.BytesIO(callback.body),
        }
    )


def _translate(events: Sequence[AnymailTrackingEvent]) -> Iterator[Feedback]:
    for event in events:
        diagnostic = " ".join(str(text) for text in (event.mta_response, event.description) if text)
        status = find_status(diagnostic)
        told = _PLAIN.get(event.event_type) or _told_of_failure(event, status, diagnostic)
        if told is None:
            continue
        own_id = str((event.metadata or {}).get(METADATA, ""))
        yield Feedback(
            told=told,
            at=int(event.timestamp.timestamp() * 1000) if event.timestamp else now_ms(),
            event_id=str(event.event_id or ""),
            message_id=int(own_id) if own_id.isascii() and own_id.isdigit() and len(own_id) <= 19 else 0,
            provider_id=str(event.message_id or ""),
            recipient=str(event.recipient or ""),
            status=status,
            diagnostic=diagnostic,
            user_agent=str(event.user_agent or ""),
            url=str(event.click_url or ""),
        )


def _told_of_failure(event: AnymailTrackingEvent, status: str, diagnostic: str) -> Told | None:
    """A mail that is merely late is no news; one that an answering machine replied to neither."""
    if event.event_type == EventType.BOUNCED:
        return judge_bounce(status, diagnostic, otherwise=Told.SOFT_BOUNCE if _is_soft(event) else Told.HARD_BOUNCE)
    if event.event_type == EventType.REJECTED:
        return _REJECTED.get(event.reject_reason, Told.SOFT_BOUNCE)
    return Told.SOFT_BOUNCE if event.event_type == EventType.FAILED else None


def _is_soft(event: AnymailTrackingEvent) -> bool:
    if event.reject_reason in (RejectReason.TIMED_OUT, RejectReason.BLOCKED, RejectReason.OTHER, None):
        return True
    raw = event.esp_event if isinstance(event.esp_event, Mapping) else {}
    if raw.get("hard_bounce") in (False, "false"):
        return True
    words = [raw.get(name) for name in _WORDS]
    inner = raw.get("event-data") or raw.get("data") or {}
    words += [inner.get(name) for name in _WORDS] if isinstance(inner, Mapping) else []
    return any(mark in str(word).casefold() for word in words if word for mark in _SOFT)
