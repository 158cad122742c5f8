"""The limits that a workspace keeps for all its marketing: caps, quiet hours, and the zone of people whose own is not known."""

from __future__ import annotations

import threading
from typing import Any

import msgspec

from troth.kernel.clock import SECOND, now_ms
from troth.kernel.local_time import find_zone
from troth.messages.hours import Hours, check_hours
from troth.messages.limits import MOST_CAPS, Cap, LimitsInvalid, check_cap
from troth.messages.models import LimitSetting


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a workspace declared; nothing: no limits, and UTC."""

    zone: str = "UTC"
    """An IANA name: the clock of everybody without an attribute `timezone`."""
    quiet_hours: Hours | None = None
    caps: tuple[Cap, ...] = ()


NONE = Limits()
_held: dict[int, tuple[int, Limits]] = {}
_lock = threading.Lock()


def load_limits(workspace_id: int) -> Limits:
    """The limits of a workspace, at most one second old."""
    moment = now_ms()
    with _lock:
        held = _held.get(workspace_id)
    if held and moment - held[0] < SECOND:
        return held[1]
    row = LimitSetting.objects.filter(workspace_id=workspace_id).first()
    limits = msgspec.convert(row.limits, Limits) if row else NONE
    with _lock:
        _held[workspace_id] = (moment, limits)
    return limits


def read_limits(plain: Any) -> Limits:
    """Limits as JSON has them. Raises LimitsInvalid, HoursInvalid, SpanInvalid, naming the place."""
    try:
        limits = msgspec.convert(plain, Limits)
    except msgspec.ValidationError as error:
        raise LimitsInvalid(f"{_place_of(error)}: {str(error).partition(' - at')[0]}.") from None
    if find_zone(limits.zone) is None:
        raise LimitsInvalid("$.zone: there is no such time zone: choose an IANA name such as Europe/Berlin.")
    if limits.quiet_hours:
        check_hours(limits.quiet_hours, "$.quiet_hours")
    if len(limits.caps) > MOST_CAPS:
        raise LimitsInvalid(f"$.caps: choose at most {MOST_CAPS}.")
    for number, cap in enumerate(limits.caps):
        check_cap(cap, f"$.caps[{number}]")
    return limits


def save_limits(workspace_id: int, limits: Limits) -> None:
    """Keep them from now on, for what is queued as well."""
    LimitSetting.objects.update_or_create(workspace_id=workspace_id, defaults={"limits": msgspec.to_builtins(limits)})
    with _lock:
        _held.clear()


def _place_of(error: msgspec.ValidationError) -> str:
    return str(error).rpartition("at `")[2].rstrip("`") if "at `" in str(error) else "$"
