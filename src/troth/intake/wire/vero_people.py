"""Whom a Vero request is about, and what it says about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troth.intake.commands import Device, Identity
from troth.intake.json_values import ValueRefused
from troth.intake.wire.values import INVALID_IDENTIFIER, is_international_number, read_device, read_email, read_id

PHONES = ("phone_number", "phone")
_NOT_FACTS = frozenset({"id", "email", "_user_type", *PHONES})


def find_identity(fields: Mapping[str, Any], path: str, data: Mapping[str, Any] | None = None, data_path: str = "") -> Identity:
    """`id` or `email`, one at least; address and number in `data` count when none stands beside the id. Raises ValueRefused."""
    external_id = read_id(fields.get("id"), f"{path}.id")
    email = read_email(fields.get("email"), f"{path}.email")
    phone = _read_phone(fields.get("phone_number"), f"{path}.phone_number")
    if data:
        if email is None:
            email = read_email(data.get("email"), f"{data_path}.email")
        if phone is None:
            phone = _find_phone(data)
    elif phone is None and "phone" in fields:
        phone = _find_phone(fields)
    if external_id is None and email is None:
        raise ValueRefused(f"{path}.id", "id or email is missing", "missing_identifier")
    devices = read_channels(fields["channels"]) if fields.get("channels") else ()
    return Identity(external_id=external_id, email=email, phone=phone, devices=devices)


def _read_phone(value: Any, path: str) -> str | None:
    if value is None or value == "":
        return None
    if not is_international_number(value):
        raise ValueRefused(path, "must be a phone number with country code (E.164)", INVALID_IDENTIFIER)
    text: str = value
    return text


def _find_phone(data: Mapping[str, Any]) -> str | None:
    return next((data[name] for name in PHONES if is_international_number(data.get(name))), None)


def read_channels(value: Any) -> tuple[Device, ...]:
    """The push tokens of `channels`: a list of objects, or one object as RudderStack sends it. Raises ValueRefused."""
    channels = [value] if isinstance(value, dict) else value
    if not isinstance(channels, list):
        raise ValueRefused("$.channels", "must be a list of objects")
    found = []
    for number, channel in enumerate(channels):
        if not isinstance(channel, dict):
            raise ValueRefused(f"$.channels[{number}]", "must be an object")
        device = read_device(channel.get("address"), channel.get("platform")) if channel.get("type") == "push" else None
        if device:
            found.append(device)
    return tuple(found)


def facts(data: dict[str, Any]) -> dict[str, Any]:
    """What is said about a person, without what identifies them: that is kept once, as identifiers.

    A phone number without country code identifies nobody and stays a fact. `_user_type` is the class name of Ruby's model.
    """
    if _NOT_FACTS.isdisjoint(data):
        return data
    return {
        name: value
        for name, value in data.items()
        if name not in _NOT_FACTS or (name in PHONES and value is not None and not is_international_number(value))
    }


def read_names(value: Any, path: str) -> tuple[str, ...]:
    """Tags: a list, or one alone; empty ones (the Go client's bug) are dropped. Raises ValueRefused."""
    if value is None or value == "":
        return ()
    items = value if isinstance(value, list) else [value]
    found = (read_id(item, f"{path}[{number}]") for number, item in enumerate(items))
    return tuple(dict.fromkeys(name for name in found if name))
