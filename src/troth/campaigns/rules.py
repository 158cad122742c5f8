"""What a campaign waits for, and when and how often its message goes out: values, checked where they are written, read without a database.

trigger   an event with conditions; who enters or leaves a segment; a date of the person's
rules     how long it waits, unless what happens meanwhile, only if still in a segment, how often for one person, at which hours,
          until when it makes sense, and which of several goes first
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from troth.kernel.clock import DAY
from troth.kernel.errors import TrothError
from troth.kernel.spans import check_span
from troth.messages.hours import Hours, check_hours, minute_of, next_allowed
from troth.messages.limits import PRIORITY, Cap, check_cap
from troth.people.event_names import fold_event_name
from troth.segments.conditions import check_condition

MOST_DAYS = 366
MOST_UNLESS = 5
LONGEST_DELAY = 366 * DAY
OLDEST = "P1D"
"""An event that is older when it comes, such as an imported one, triggers nothing, unless the campaign says otherwise."""


class RulesInvalid(TrothError):
    """Rules that cannot be kept; the message names the place."""


class SegmentTrigger(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="segment"
):
    """Who enters or leaves a segment."""

    segment: int
    on: Literal["entry", "exit"] = "entry"


class DateTrigger(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="kind", tag="date"):
    """A date that an attribute holds, in the person's own zone."""

    attribute: str
    days: int = 0
    """So many days after it; before it when negative."""
    at: str = "09:00"
    """Local time of day, `HH:MM`."""
    yearly: bool = False
    """Every year on that day; who was born on 29 February has it on the 28th in other years."""


Trigger = SegmentTrigger | DateTrigger


class Unless(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An event, and conditions on its properties, after which the message is not wanted any more."""

    event: str
    conditions: dict[str, Any] | None = None


class Reentry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How often one person gets it: every time, once ever, once in a span of time, or once for each value of a property of the event."""

    rule: Literal["every", "once", "once_per_span", "once_per_value"] = "every"
    span: str = ""
    property: str = ""


class OwnCap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """At most so many messages of this campaign to a person in a span of time."""

    messages: int
    per: str

    @property
    def cap(self) -> Cap:
        """As the limits judge it."""
        return Cap(messages=self.messages, per=self.per, scope="campaign")


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """All of it; by itself a campaign answers every event at once."""

    delay: str = ""
    unless: tuple[Unless, ...] = ()
    """Whichever of these happens first ends it."""
    only_if_in: int = 0
    """A segment that the person has to be in when the message is due; 0: none."""
    reentry: Reentry = Reentry()
    hours: Hours | None = None
    expires_after: str = ""
    """How long after it was due it still makes sense; empty: always."""
    oldest_event: str = OLDEST
    cap: OwnCap | None = None
    keeps_caps: bool | None = None
    """Whether the workspace's caps hold for it; None: if it is marketing."""
    keeps_quiet_hours: bool | None = None
    """Whether quiet hours do; None: if it is marketing."""
    priority: int = PRIORITY
    medium: Literal["email", "push", "sms", "webhook"] = "email"
    """By what it goes out; what is no e-mail is a stored short message."""


_DEFAULTS = {name: getattr(Rules(), name) for name in Rules.__struct_fields__}


def read_trigger(plain: Any) -> Trigger | None:
    """A trigger as JSON has it; None for None: then it is the event. Raises RulesInvalid."""
    if plain is None:
        return None
    trigger: Trigger = _convert(plain, Trigger, "$.trigger")
    if isinstance(trigger, DateTrigger):
        if not 0 < len(trigger.attribute) <= 255 or set(trigger.attribute) & {"\0", '"', "\\"}:
            raise RulesInvalid("$.trigger.attribute: name the attribute that holds the date.")
        if abs(trigger.days) > MOST_DAYS:
            raise RulesInvalid(f"$.trigger.days: choose at most {MOST_DAYS} days before or after.")
        try:
            minute_of(trigger.at)
        except TrothError as error:
            raise RulesInvalid(f"$.trigger.at: {error}") from None
    elif trigger.segment <= 0:
        raise RulesInvalid("$.trigger.segment: choose a segment.")
    return trigger


def read_rules(plain: Any) -> Rules:
    """Rules as JSON has them, checked, names of events folded. Raises RulesInvalid, SpanInvalid, HoursInvalid, ConditionInvalid."""
    if isinstance(plain, Mapping) and isinstance(plain.get("unless"), Mapping):
        plain = {**plain, "unless": [plain["unless"]]}  # one alone need not be a list
    rules: Rules = _convert(plain, Rules, "$.rules")
    for name, least in (("delay", 0), ("expires_after", 0), ("oldest_event", 0)):
        span = check_span(getattr(rules, name), f"$.rules.{name}", least=least)
        if name == "delay" and span > LONGEST_DELAY:
            raise RulesInvalid("$.rules.delay: wait at most 366 days.")
    if len(rules.unless) > MOST_UNLESS:
        raise RulesInvalid(f"$.rules.unless: at most {MOST_UNLESS} events.")
    tidied = tuple(_tidy_unless(one, f"$.rules.unless[{number}]") for number, one in enumerate(rules.unless))
    rules = msgspec.structs.replace(rules, unless=tidied)
    if rules.hours:
        check_hours(rules.hours, "$.rules.hours")
    if rules.cap:
        check_cap(rules.cap.cap, "$.rules.cap")
    if not 0 <= rules.priority <= 100:
        raise RulesInvalid("$.rules.priority: choose from 0, the least, to 100.")
    if rules.only_if_in < 0:
        raise RulesInvalid("$.rules.only_if_in: choose a segment.")
    _check_reentry(rules.reentry)
    # What equals its default is the default, so that it is not stored.
    return msgspec.structs.replace(rules, **{name: own for name, own in _DEFAULTS.items() if getattr(rules, name) == own})


def to_plain(value: Trigger | Rules | None) -> Any:
    """As it is stored and shown."""
    return msgspec.json.decode(msgspec.json.encode(value))


def never_goes_out(hours: Hours | None, quiet: Hours | None) -> bool:
    """Whether a campaign's own hours all lie within quiet hours that it keeps."""
    return hours is not None and quiet is not None and next_allowed(0, ZoneInfo("UTC"), only=hours, quiet=quiet) is None


def _tidy_unless(unless: Unless, place: str) -> Unless:
    event = fold_event_name(unless.event)
    if not event or len(event) > 255 or "\0" in event:
        raise RulesInvalid(f"{place}.event: name the event after which it is not wanted any more.")
    if unless.conditions is not None:
        check_condition(unless.conditions, f"{place}.conditions")
    return Unless(event=event, conditions=unless.conditions)


def _check_reentry(reentry: Reentry) -> None:
    if reentry.rule == "once_per_span":
        check_span(reentry.span, "$.rules.reentry.span", least=60_000)
    elif reentry.span:
        raise RulesInvalid("$.rules.reentry.span: only `once_per_span` has one.")
    if reentry.rule == "once_per_value":
        if not reentry.property or len(reentry.property) > 255:
            raise RulesInvalid("$.rules.reentry.property: name the property of the event, such as order_id.")
    elif reentry.property:
        raise RulesInvalid("$.rules.reentry.property: only `once_per_value` has one.")


def _convert(plain: Any, wanted: Any, place: str) -> Any:
    try:
        return msgspec.convert(plain, wanted)
    except msgspec.ValidationError as error:
        told, _, where = str(error).partition(" - at `$")
        if told.startswith("Invalid"):
            told = "This is none of the choices"  # what was sent is not repeated
        raise RulesInvalid(f"{place}{where.rstrip('`')}: {told[:1].lower()}{told[1:]}.") from None
