"""One message to one browser, encrypted for it alone."""

from __future__ import annotations

import json
import threading
from typing import Any

import requests
from py_vapid import Vapid
from pywebpush import WebPushException, webpush

from troth.messages.channels.outside import TIMEOUT_S, make_session, translate_failure
from troth.messages.channels.port import Content, Outgoing, Receipt
from troth.messages.channels.web_push.keys import load_private_key
from troth.messages.errors import ChannelError, ChannelUnknown

KEPT_FOR_S = 24 * 3600
"""How long a push service keeps a message for a browser that is off."""
LONGEST_PAYLOAD = 3_800
"""Bytes: push services take 4,096 with the encryption's own (RFC 8030, section 7.2)."""
WHOM = "The push service"


class WebPushChannel:
    """Hands messages to the push services of browsers."""

    name = "web_push"
    address = "the push service of each browser"

    def __init__(self, private_key: str, contact: str) -> None:
        if not contact.startswith(("mailto:", "https://")):
            raise ChannelUnknown("The contact begins with mailto: or https://, so that push services can reach you: correct it.")
        if private_key:
            self._vapid = Vapid(load_private_key(private_key))
        self._contact = contact
        self._kept = threading.local()

    def check(self) -> str:
        """The key signs; there is no service to ask, for each browser has its own."""
        self._vapid.sign({"sub": self._contact, "aud": "https://push.example"})
        return "The key signs. Subscribe a browser and send it a test to see the rest."

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand over to one browser."""
        session = getattr(self._kept, "session", None)
        if session is None:
            session = self._kept.session = make_session()
        payload = _payload(outgoing)
        try:
            response: Any = webpush(
                _subscription(outgoing.recipient),
                payload,
                vapid_private_key=self._vapid,
                vapid_claims={"sub": self._contact},
                ttl=KEPT_FOR_S,
                timeout=TIMEOUT_S,
                requests_session=session,
                headers={"Topic": f"{outgoing.message_id:x}"},
            )
        except WebPushException as error:
            raise _refuse(error.response.status_code if error.response is not None else 0) from None
        except requests.RequestException as error:
            raise translate_failure(error, WHOM) from None
        except (ValueError, TypeError, KeyError):
            # The browser's key is no key.
            raise ChannelError("The subscription of the browser cannot be used.", permanent=True, gone=True) from None
        return Receipt(provider_id=str(response.headers.get("Location", "")).rpartition("/")[2][:200], detail=str(response.status_code))


def _subscription(token: str) -> dict[str, Any]:
    try:
        found = json.loads(token)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not str(found.get("endpoint", "")).startswith("http") or not isinstance(found.get("keys"), dict):
        raise ChannelError("The token of the device is not a subscription of a browser.", permanent=True, gone=True)
    return found


def _payload(outgoing: Outgoing) -> str:
    content = outgoing.content or Content(body="")
    told = {"title": content.title, "body": content.body, "url": content.url, "image": content.image, "data": dict(content.data)}
    text = json.dumps(
        {**{name: value for name, value in told.items() if value}, "troth_message": str(outgoing.message_id)}, ensure_ascii=False
    )
    if len(text.encode()) > LONGEST_PAYLOAD:
        raise ChannelError(f"The message is too long for a push service: {LONGEST_PAYLOAD} bytes at most.", permanent=True)
    return text


def _refuse(code: int) -> ChannelError:
    if code in (404, 410):
        return ChannelError("The browser is not subscribed any more.", permanent=True, gone=True)
    if code == 0 or code == 429 or code >= 500:
        return ChannelError(f"The push service does not take messages now ({code}): it is tried again.", permanent=False)
    if code in (401, 403):
        return ChannelError("The push service refuses the key: the browser subscribed with another one.", permanent=True, gone=True)
    return ChannelError(f"The push service refused the message ({code}).", permanent=True)
