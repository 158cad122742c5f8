"""Durations as people write and read them (`24 months`, `1 day, 12 hours`), and as ISO 8601 keeps them (`P24M`, `P1DT12H`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from babel.units import format_unit

from troth.kernel.speech import ENGLISH, Speech

_DAYS = {"Y": "year", "M": "month", "W": "week", "D": "day"}
_HOURS = {"H": "hour", "M": "minute", "S": "second"}
_SPOKEN = re.compile(r"(\d{1,8})\s*(year|month|week|day|hour|minute|second)s?")
_WRITTEN = re.compile(r"P(?=.)((?:\d+[YMWD])*)(?:T((?:\d+[HMS])+))?")


def say_duration(text: str) -> str:
    """An ISO 8601 duration in words, e.g. `2 years, 6 months`; as it is where it is none."""
    return ", ".join(f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in _parts(text)) or text


def say_duration_in(text: str, language: str) -> str:
    """The same in a language that Babel knows, e.g. `2 Jahre, 6 Monate`; in English as `say_duration`, which is read back."""
    if language == "en":
        return say_duration(text)
    return ", ".join(format_unit(number, f"duration-{unit}", length="long", locale=language) for number, unit in _parts(text)) or text


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Numbers and units, the largest first; none where it is no duration."""
    if found := _WRITTEN.fullmatch(text):
        for names, part in ((_DAYS, found[1]), (_HOURS, found[2] or "")):
            for number, unit in re.findall(r"(\d+)([A-Z])", part):
                yield int(number), names[unit]


def read_duration(text: str) -> str:
    """A duration as a person writes it (`24 months`, `1 year, 6 months`) as ISO 8601; anything else as it is."""
    plain = text.strip().lower()
    parts = {name: number for number, name in _SPOKEN.findall(plain)}
    if not parts or _SPOKEN.sub("", plain).strip(" ,"):
        return text.strip().upper()
    days, hours = ("".join(f"{parts[name]}{unit}" for unit, name in names.items() if name in parts) for names in (_DAYS, _HOURS))
    return f"P{days}T{hours}" if hours else f"P{days}"


def say_from_now(text: str, say: Speech = ENGLISH) -> str:
    """A duration from now in words: `-P30D` is `30 days ago`, `P30D` is `in 30 days`; a day or an instant as it is."""
    duration = text.removeprefix("-")
    told = say_duration_in(duration, say.language)
    if told == duration:
        return text
    return say("{span} ago", span=told) if text.startswith("-") else say("in {span}", span=told)


def read_from_now(text: str) -> str:
    """`30 days ago` or `in 30 days` as ISO 8601, the past with a minus; anything else as it is."""
    plain = text.strip().lower()
    if plain.endswith(" ago"):
        return f"-{read_duration(plain.removesuffix(' ago'))}"
    return read_duration(plain.removeprefix("in "))
