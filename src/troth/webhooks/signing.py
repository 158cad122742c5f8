"""Signatures as Standard Webhooks 1.0 has them: HMAC-SHA256 over `ID.SECONDS.BODY`, so that neither can be changed or sent again later."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence

from troth.kernel.crypto import keyed_tag

PREFIX = "whsec_"
LENGTH = 32
"""Bytes."""


def make_secret() -> str:
    """A new secret, as it is shown."""
    return PREFIX + base64.b64encode(secrets.token_bytes(LENGTH)).decode()


def sign(secret: str, webhook_id: str, at: int, body: bytes) -> str:
    """One signature; `at` in seconds."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(keyed_tag(key, f"{webhook_id}.{at}.".encode() + body)).decode()


def headers_of(keys: Sequence[str], webhook_id: str, at: int, body: bytes) -> dict[str, str]:
    """What goes along with a body; while a secret is replaced it is signed with both. `at` in seconds."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "Troth",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(sign(key, webhook_id, at, body) for key in keys),
    }
