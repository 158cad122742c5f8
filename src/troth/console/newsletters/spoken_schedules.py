"""Schedules as members write and read them (`every Monday and Friday at 9:00`), and as a line of cron keeps them (`0 9 * * 1,5`)."""

from __future__ import annotations

import re

_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_NUMBERS = {name[:3].lower(): str(number) for number, name in enumerate(_WEEKDAYS)}
_WORKDAYS = "1-5"
_SPOKEN = re.compile(r"(?:every\s+|on\s+)*(?P<days>[a-z0-9 ,]+?)\s+at\s+(?P<hour>\d{1,2})(?:[:.](?P<minute>\d{2}))?")
_ONE_DAY = re.compile(r"(sun|mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?)(?:day)?s?")
_DAY_OF_MONTH = re.compile(r"(?:month|monthly)(?: on)?(?: the)? (?:(?P<number>\d{1,2})(?:st|nd|rd|th)?|last day)(?: day)?")
_KEPT = re.compile(r"(?P<minute>\d{1,2}) (?P<hour>\d{1,2}) (?P<day>\*|L|\d{1,2}) \* (?P<weekdays>\*|1-5|[0-6](?:,[0-6])*)")


def read_spoken_schedule(text: str) -> str:
    """A line of cron from what a person writes: every day, weekday, Monday, or month on the 1st (last day), at a time. Anything else as it is."""
    plain = text.strip()
    found = _SPOKEN.fullmatch(plain.lower())
    days = _read_days(found["days"]) if found else None
    if not found or days is None:
        return plain
    return f"{int(found['minute'] or 0)} {int(found['hour'])} {days[0]} * {days[1]}"


def _read_days(words: str) -> tuple[str, str] | None:
    """Day of the month and of the week as cron writes them; None for no such days."""
    if words in ("day", "daily"):
        return "*", "*"
    if words in ("weekday", "weekdays", "workday", "workdays"):
        return "*", _WORKDAYS
    if of_month := _DAY_OF_MONTH.fullmatch(words):
        return of_month["number"] or "L", "*"
    named = [_ONE_DAY.fullmatch(word) for word in re.split(r"[ ,]+|\band\b", words) if word and word != "and"]
    if not named or not all(named):
        return None
    return "*", ",".join(sorted({_NUMBERS[day[1][:3]] for day in named if day}))


def say_schedule(cron: str) -> str:
    """A line of cron in words; as it is where these few words cannot say it."""
    found = _KEPT.fullmatch(cron)
    if not found or (found["day"] != "*" and found["weekdays"] != "*"):
        return cron
    return f"{_say_days(found['day'], found['weekdays'])} at {int(found['hour'])}:{int(found['minute']):02}"


def _say_days(day: str, weekdays: str) -> str:
    if day == "L":
        return "every month on the last day"
    if day != "*":
        return f"every month on the {int(day)}{_ending(int(day))}"
    if weekdays == "*":
        return "every day"
    if weekdays == _WORKDAYS:
        return "every weekday"
    *first, last = (_WEEKDAYS[int(number)] for number in weekdays.split(","))
    return f"every {', '.join(first)} and {last}" if first else f"every {last}"


def _ending(number: int) -> str:
    return "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
