"""Single values as both wire formats understand them: ids, addresses, numbers, objects."""

from __future__ import annotations

from typing import Any

from troth.intake.commands import Device
from troth.intake.json_values import ValueRefused

LONGEST_ID = 254
"""Vero: "less than 255 characters"."""
PLATFORMS = frozenset({"ios", "android", "web"})
INVALID_IDENTIFIER = "invalid_identifier"


def read_id(value: Any, path: str) -> str | None:
    """An id: text or a number, which equals its decimal text; null, empty and blank mean absent. Raises ValueRefused."""
    if value is None:
        return None
    if not isinstance(value, str):
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueRefused(path, "must be text or a number", INVALID_IDENTIFIER)
        value = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if len(value) > LONGEST_ID:
        raise ValueRefused(path, "must be shorter than 255 characters", INVALID_IDENTIFIER)
    return value if value and not value.isspace() else None


def read_email(value: Any, path: str) -> str | None:
    """An e-mail address; null and empty mean absent. Raises ValueRefused."""
    if value is None or value == "":
        return None
    if not is_email(value):
        raise ValueRefused(path, "must be a valid email address", INVALID_IDENTIFIER)
    text: str = value.strip()
    return text


def is_email(value: Any) -> bool:
    """Whether a value is plausible as an e-mail address: one @ with something on both sides, no space, below 255 characters."""
    if not isinstance(value, str) or len(value) > LONGEST_ID:
        return False
    text = value.strip()
    local, _, domain = text.partition("@")
    if not local or not domain.strip(".") or "@" in domain or " " in text or not text.isprintable():
        return False
    return not ("<" in text or ">" in text or "," in text or ";" in text)


def is_international_number(value: Any) -> bool:
    """Whether a value can be a phone number that identifies somebody: with its country code, as `+49…` or `0049…`."""
    return isinstance(value, str) and len(value) <= 64 and value.lstrip().startswith(("+", "00"))


def read_object(value: Any, path: str) -> dict[str, Any]:
    """An object; null, empty text and the empty list (PHP's empty object) mean none. Raises ValueRefused."""
    if isinstance(value, dict):
        return value
    if value is None or value == "" or value == []:
        return {}
    raise ValueRefused(path, "must be an object")


def read_device(token: Any, platform: Any) -> Device | None:
    """A push token of a platform we know; None for any other, which could never be sent to."""
    known = platform.strip().lower() if isinstance(platform, str) else ""
    if not isinstance(token, str) or not token or len(token) > 4_096 or known not in PLATFORMS:
        return None
    return Device(token=token, platform=known)
