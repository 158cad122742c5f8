"""What Twilio tells: what became of a message, and that somebody answered STOP. Signed with the auth token (X-Twilio-Signature)."""

from __future__ import annotations

import base64
import hmac
from urllib.parse import parse_qsl

from troth.kernel.clock import now_ms
from troth.messages.channels.port import Callback, Feedback, Told
from troth.messages.errors import CallbackRefused

GONE = frozenset({"30005", "30006"})
"""Unknown number; landline or unreachable carrier."""


def parse_callback(auth_token: str, callback: Callback) -> list[Feedback]:
    """Raises CallbackRefused."""
    try:
        form = dict(parse_qsl(callback.body.decode("utf-8"), keep_blank_values=True))
    except UnicodeDecodeError:
        raise CallbackRefused("The callback is not a form: is it Twilio's?") from None
    signed = callback.url + "".join(f"{name}{form[name]}" for name in sorted(form))
    expected = base64.b64encode(hmac.digest(auth_token.encode(), signed.encode(), "sha1")).decode()
    if not hmac.compare_digest(callback.headers.get("x-twilio-signature", "").encode(), expected.encode()):
        raise CallbackRefused("The signature is not Twilio's: check the auth token, and that TROTH_URL is the address that Twilio calls.")
    told = _told(form)
    if told is None:
        return []
    stops = told is Told.UNSUBSCRIBE
    return [
        Feedback(
            told=told,
            at=now_ms(),
            event_id=f"{form.get('MessageSid', '')} {told.value}",
            message_id=0 if stops else callback.message_id,
            provider_id="" if stops else form.get("MessageSid", ""),
            recipient=form.get("From" if stops else "To", ""),
            status=form.get("ErrorCode", ""),
        )
    ]


def _told(form: dict[str, str]) -> Told | None:
    if form.get("OptOutType", "").upper() == "STOP":
        return Told.UNSUBSCRIBE
    status = form.get("MessageStatus", "")
    if status == "delivered":
        return Told.DELIVERED
    if status in ("undelivered", "failed"):
        return Told.HARD_BOUNCE if form.get("ErrorCode") in GONE else Told.SOFT_BOUNCE
    return None
