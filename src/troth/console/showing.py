"""How values are written for the member who reads: numbers and moments in their locale and zone, machine names as words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_compact_decimal, format_decimal
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from troth.kernel.clock import DAY, HOUR, MINUTE, SECOND, iso

LONGEST = 120


@dataclass(frozen=True)
class Reader:
    """For whom a page is written, and when (milliseconds)."""

    zone: str = "UTC"
    locale: str = "en"
    now: int = 0


_reader: ContextVar[Reader] = ContextVar("reader", default=Reader())  # noqa: B039 -- it is frozen


@contextmanager
def writing_for(reader: Reader) -> Iterator[None]:
    """While a page is rendered, its filters write for this reader."""
    token = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(token)


def format_number(value: float) -> str:
    """A number with the reader's separators, e.g. 12,400 or 12.400, and at most two decimals."""
    return str(format_decimal(value, locale=_reader.get().locale, format="#,##0.##"))


def format_roughly(value: float) -> str:
    """A large number in few characters, e.g. 1.2M."""
    return str(format_compact_decimal(value, format_type="short", locale=_reader.get().locale, fraction_digits=1))


def format_moment(ms: int) -> str:
    """An instant, as short as it stays clear: the time today, the day this year, else with the year; in the reader's zone."""
    reader = _reader.get()
    zone = ZoneInfo(reader.zone)
    moment, today = _local(ms, zone), _local(reader.now, zone)
    if moment.date() == today.date():
        skeleton = "HH:mm:ss"
    elif moment.year == today.year:
        skeleton = "d MMM, HH:mm"
    else:
        skeleton = "d MMM y, HH:mm"
    return str(format_datetime(moment, skeleton, locale=reader.locale))


def format_day(ms: int) -> str:
    """The day of an instant, UTC, e.g. 3 Nov 2026 or 03.11.2026."""
    return str(format_date(datetime.fromtimestamp(ms / SECOND, UTC).date(), locale=_reader.get().locale))


def format_date_at_seat(day: date) -> str:
    """The day with which a term ends at the seat, the same for every reader, e.g. 28 Dec or, of another year, 28 Jan 2027."""
    reader = _reader.get()
    this_year = _local(reader.now, ZoneInfo(reader.zone)).year
    return str(format_date(day, "d MMM" if day.year == this_year else "d MMM y", locale=reader.locale))


def format_exactly(ms: int) -> str:
    """An instant to the millisecond in the reader's zone with its offset, and in UTC."""
    reader = _reader.get()
    local = _local(ms, ZoneInfo(reader.zone)).isoformat(sep=" ", timespec="milliseconds")
    return iso(ms) if reader.zone == "UTC" else f"{local} {reader.zone} · {iso(ms)}"


def _local(ms: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000).astimezone(zone)


def format_duration(ms: int) -> str:
    """A span in its largest fitting unit, e.g. 40 s, 3 min, 5 h, 12 days."""
    if ms < SECOND:
        return f"{ms} ms"
    if ms < 2 * MINUTE:
        return f"{ms // SECOND} s"
    if ms < 2 * HOUR:
        return f"{ms // MINUTE} min"
    if ms < 2 * DAY:
        return f"{ms // HOUR} h"
    days = ms // DAY
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


WORDS = {
    "no_consent": _("no consent"),
    "has_consent": _("has agreed already"),
    "needs_no_consent": _("needs no consent"),
    "purpose_changed": _("the purpose changed since the consent"),
    "apple_mail_privacy": _("Apple Mail Privacy"),
    "gmail_proxy": _("Gmail's proxy"),
    "yahoo_proxy": _("Yahoo's proxy"),
    "scanner": _("link scanner"),
    "prefetch": _("fetched ahead"),
    "too_fast": _("too fast for a person"),
    "burst": _("several links at once"),
    "withdrawn": _("consent withdrawn"),
    "objected": _("objected"),
    "restricted": _("processing is restricted"),
    "being_erased": _("being erased"),
    "suppressed": _("erased before, not collected again"),
    "unknown_purpose": _("the purpose does not exist"),
    "no_address": _("no e-mail address"),
    "hand_over": _("hand-over"),
    "track_open": _("open tracking"),
    "track_click": _("click tracking"),
    "external_id": _("id"),
    "anonymous_id": _("anonymous id"),
    "email": _("e-mail"),
    "not_covered": _("it uses data collected for another purpose"),
    "own_right": _("the person's own right"),
    "legitimate_interest": _("legitimate interest"),
    "legal_obligation": _("legal obligation"),
    "unknown_person": _("unknown person"),
    "no_basis": _("no legal basis"),
    "not_collected": _("not collected any more"),
    "holdout": _("held out"),
    "drawn": _("gets nothing, to see what the mail does"),
    "had_it_already": _("somebody with the same address has it"),
    "awaiting_confirmation": _("awaiting confirmation"),
    "residue_found": _("residue found"),
    "opendsr": _("OpenDSR"),
    "not_mailed": _("the mail did not leave"),
    "no_mail_server": _("this installation has no mail server"),
    "private_address": _("the address leads inside this network, where the operator has to allow it (TROTH_PRIVATE_TARGETS)"),
    "timed_out": _("no answer in time"),
    "identities_not_offered": _("nothing by which they could know the person"),
}


def put_in_words(code: Any) -> str:
    """A machine's name in words: `marketing_email:no_consent` as `marketing email: no consent`."""
    parts = str(code).split(":", 1) if code else []
    return ": ".join(str(WORDS.get(part, part.replace("_", " "))) for part in parts)


def put_plainly(value: Any) -> str:
    """A value of JSON as text: strings as they are, the rest as a person would write it."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    return str(value)


def put_briefly(values: Mapping[str, Any]) -> str:
    """The first of a mapping's values in one line."""
    text = ", ".join(f"{name}: {put_plainly(value)}" for name, value in values.items())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
