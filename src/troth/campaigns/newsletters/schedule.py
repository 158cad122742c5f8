"""When a newsletter goes out: now, at an instant, at a local time in each person's own zone, or again and again. Pure.

    {"kind": "now"}
    {"kind": "at", "at": "2026-12-01T09:00:00Z"}
    {"kind": "local", "day": "2026-12-01", "time": "09:00", "zone": "Europe/Berlin"}
    {"kind": "recurring", "cron": "0 9 * * 1", "zone": "Europe/Berlin"}

The zone of `local` is that of people whose own is not known. A cron line is read in its zone; a time that the clock skips comes when it is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim, CronSimError

from troth.campaigns.newsletters.errors import NewsletterInvalid
from troth.kernel.clock import DAY, HOUR, MINUTE
from troth.kernel.local_time import find_zone, first_instant_anywhere, instant_of

LONGEST_CRON = 100
SHORTEST_PERIOD = HOUR
"""Between two sendings of a newsletter; more often than this is a campaign's business."""
FARTHEST = 3_660 * DAY


class Now(msgspec.Struct, frozen=True, tag_field="kind", tag="now", forbid_unknown_fields=True):
    """As soon as it is started."""


class At(msgspec.Struct, frozen=True, tag_field="kind", tag="at", forbid_unknown_fields=True):
    """At one instant for everybody, RFC 3339 with its offset."""

    at: datetime


class Local(msgspec.Struct, frozen=True, tag_field="kind", tag="local", forbid_unknown_fields=True):
    """When the clock on each person's own wall shows it."""

    day: date
    time: str
    zone: str


class Recurring(msgspec.Struct, frozen=True, tag_field="kind", tag="recurring", forbid_unknown_fields=True):
    """At each time of a cron line."""

    cron: str
    zone: str


Schedule = Now | At | Local | Recurring


def read_schedule(given: Any, place: str = "$.schedule") -> Schedule:
    """A schedule as it is kept. Raises NewsletterInvalid, which begins with the place."""
    try:
        found: Schedule = msgspec.convert(given, Schedule)
    except msgspec.ValidationError as error:
        said = str(error)
        at = said[said.rindex("`$") + 2 : -1] if said.endswith("`") and "`$" in said else ""
        said = said.split(" - at ", maxsplit=1)[0]
        raise NewsletterInvalid(f"{place}{at}: {said}. Choose `now`, `at`, `local` or `recurring`, each with its own fields.") from None
    _CHECKS[type(found)](found, place)
    return found


def first_begin(schedule: Schedule, now: int) -> int:
    """When it begins first, in milliseconds, of all that are not over; a time that has passed is now."""
    if isinstance(schedule, At):
        return max(now, _ms(schedule.at))
    if isinstance(schedule, Local):
        return max(now, first_instant_anywhere(schedule.day, time.fromisoformat(schedule.time)))
    return next_begin(schedule, now) or now


def next_begin(schedule: Schedule, after: int) -> int | None:
    """When it begins again after an instant; None: never."""
    if not isinstance(schedule, Recurring):
        return None
    return _next_of_cron(schedule.cron, _zone(schedule.zone), after)


def due_for(schedule: Schedule, begins: int, person_zone: str | None) -> int:
    """When one person's mail is due in a sending that begins then; `person_zone` is what is known of them, None or nonsense is no zone."""
    if not isinstance(schedule, Local):
        return begins
    own = find_zone(person_zone) if person_zone else None
    return max(begins, instant_of(schedule.day, time.fromisoformat(schedule.time), own or _zone(schedule.zone)))


def _next_of_cron(line: str, zone: ZoneInfo, after: int) -> int | None:
    for found in CronSim(line, datetime.fromtimestamp(after / 1000, UTC).astimezone(zone)):
        at = round(found.timestamp() * 1000)
        if at > after:
            return at
    return None


def _zone(name: str) -> ZoneInfo:
    return find_zone(name) or ZoneInfo("UTC")


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _check_at(schedule: At, place: str) -> None:
    if schedule.at.tzinfo is None:
        raise NewsletterInvalid(f"{place}.at: say in which zone, such as 2026-12-01T09:00:00Z or 2026-12-01T09:00:00+01:00.")


def _check_local(schedule: Local, place: str) -> None:
    try:
        shown = time.fromisoformat(schedule.time)
    except ValueError:
        shown = None
    if shown is None or len(schedule.time) != 5 or shown.tzinfo:
        raise NewsletterInvalid(f"{place}.time: write the time of day as HH:MM, such as 09:00.")
    _check_zone(schedule.zone, place)


def _check_recurring(schedule: Recurring, place: str) -> None:
    _check_zone(schedule.zone, place)
    try:
        if len(schedule.cron) > LONGEST_CRON:
            raise CronSimError
        begin = 1_767_225_600_000  # any instant will do: the distances between times are looked at
        times = [begin]
        while len(times) < 50 and (following := _next_of_cron(schedule.cron, _zone(schedule.zone), times[-1])):
            times.append(following)
    except (CronSimError, StopIteration):
        raise NewsletterInvalid(
            f"{place}.cron: write five fields: minute, hour, day of the month, month, day of the week; `0 9 * * 1` is Mondays at nine."
        ) from None
    if len(times) < 2:
        raise NewsletterInvalid(f"{place}.cron: this never comes: look at the day and the month.")
    shortest = min((after - before for before, after in pairwise(times[1:])), default=DAY)
    if shortest < SHORTEST_PERIOD:
        raise NewsletterInvalid(f"{place}.cron: every {shortest // MINUTE} minutes is too often for a newsletter: once an hour at most.")


def _check_zone(name: str, place: str) -> None:
    if find_zone(name) is None:
        raise NewsletterInvalid(f"{place}.zone: there is no such time zone: write it like Europe/Berlin.")


def _no_check(schedule: Any, place: str) -> None:
    """There is nothing in it that could be wrong."""


_CHECKS: dict[type, Callable[[Any, str], None]] = {Now: _no_check, At: _check_at, Local: _check_local, Recurring: _check_recurring}
