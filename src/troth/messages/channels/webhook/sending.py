"""One message as a signed POST. The signature covers the moment and the body, so that neither can be replayed or changed."""

from __future__ import annotations

import json
from dataclasses import asdict
from urllib.parse import urlsplit

import requests

from troth.kernel.clock import now_ms
from troth.kernel.crypto import keyed_tag
from troth.messages.channels.outside import TIMEOUT_S, check_url, make_session, reach, translate_failure
from troth.messages.channels.port import Content, Outgoing, Receipt
from troth.messages.errors import ChannelError, ChannelUnknown

SHORTEST_SECRET = 16
SIGNATURE = "Troth-Signature"
"""`t=SECONDS,v1=HEX`: HMAC-SHA256 with the secret over `SECONDS.BODY`."""
IDEMPOTENCY = "Idempotency-Key"
WHOM = "The webhook's address"


class WebhookChannel:
    """Posts messages to one address."""

    name = "webhook"

    def __init__(self, url: str, secret: str) -> None:
        if len(secret) < SHORTEST_SECRET:
            raise ChannelUnknown(f"The secret has at least {SHORTEST_SECRET} characters: choose a longer one.")
        self._url, self._secret = check_url(url, "The address"), secret.encode()
        self.address = urlsplit(url).hostname or ""

    def check(self) -> str:
        """Whether something answers there."""
        return reach(self._url, WHOM)

    def send(self, outgoing: Outgoing) -> Receipt:
        """Post. The message's id goes along as what makes it safe to repeat, so that nothing is ever in doubt: it is tried again."""
        body = json.dumps({"id": str(outgoing.message_id), **asdict(outgoing.content or Content(body=""))}, ensure_ascii=False).encode()
        at = now_ms() // 1000
        signature = keyed_tag(self._secret, b"%d." % at + body).hex()
        headers = {
            "Content-Type": "application/json",
            SIGNATURE: f"t={at},v1={signature}",
            IDEMPOTENCY: str(outgoing.message_id),
            "User-Agent": "Troth",
        }
        try:
            with make_session() as session:
                response = session.post(self._url, data=body, headers=headers, timeout=TIMEOUT_S, allow_redirects=False)
        except requests.RequestException as error:
            raise translate_failure(error, WHOM, repeatable=True) from None
        code = response.status_code
        if 200 <= code < 300:
            return Receipt(detail=str(code))
        if code in (401, 403, 408, 425, 429) or code >= 500 or 300 <= code < 400:
            raise ChannelError(f"{WHOM} does not take messages now ({code}): it is tried again.", permanent=False)
        raise ChannelError(f"{WHOM} refused the message ({code}).", permanent=True)
