"""What a newsletter says it is, read from its fields and checked: variants, the test between them, the goal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from troth.campaigns.newsletters.drawing import HELD_OUT, WAITS, Share
from troth.campaigns.newsletters.errors import NewsletterInvalid
from troth.messages.reports.shapes import Goal

MOST_VARIANTS = 5
LONGEST_KEY = 20
LONGEST_SUBJECT = 2_000
MOST_HOLDOUT = 50
FASTEST = 10_000_000
"""An hour."""
LONGEST_TEST = 7 * 24
LONGEST_HOLD = 24 * 60
LONGEST_EXPIRY = 30 * 24
MOST_MINUTES_BEHIND = 7 * 24 * 60
"""That a segment may lag behind where a newsletter demands freshness at all."""
Metric = Literal["opened", "clicked", "converted"]


class Variant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of the mails that are tried against each other, or the only one."""

    key: str
    share: int = 1
    template: str = ""
    """The key of a stored template; else the mail is written here."""
    subject: str = ""
    html: str = ""
    text: str = ""

    @property
    def inline(self) -> dict[str, str]:
        """The parts that are written here."""
        return {"subject": self.subject, "html": self.html, "text": self.text}


class Test(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The better variant is found among some people first, and goes to all the others."""

    share: int
    """Per cent of people in the test."""
    metric: Metric = "clicked"
    hours: int = 4
    """How long after the last of the test was due it is decided."""
    decide: Literal["significance", "highest", "hand"] = "significance"
    """`significance`: the better one where chance alone would seldom do this, else the first. `highest`: whatever has the higher rate."""


def read_variants(given: Any, place: str = "$.variants") -> list[Variant]:
    """Raises NewsletterInvalid, which begins with the place."""
    variants: list[Variant] = _read(given, list[Variant], place)
    if not 0 < len(variants) <= MOST_VARIANTS:
        raise NewsletterInvalid(f"{place}: there are 1 to {MOST_VARIANTS} variants.")
    for number, variant in enumerate(variants):
        own = f"{place}[{number}]"
        if not 0 < len(variant.key) <= LONGEST_KEY or not variant.key.isalnum() or variant.key in (HELD_OUT, WAITS):
            raise NewsletterInvalid(f"{own}.key: letters and digits, at most {LONGEST_KEY}, such as A.")
        if not 0 < variant.share <= 100:
            raise NewsletterInvalid(f"{own}.share: choose from 1 to 100.")
        if len(variant.subject) > LONGEST_SUBJECT or "\0" in variant.subject + variant.html + variant.text:
            raise NewsletterInvalid(f"{own}.subject: at most {LONGEST_SUBJECT} characters, and none that no mail may hold.")
    if len({variant.key for variant in variants}) < len(variants):
        raise NewsletterInvalid(f"{place}: two variants have the same key.")
    return variants


def find_variant(given: Any, key: str) -> Variant:
    """The variant of a key; without one the first. Raises NewsletterInvalid."""
    variants = read_variants(given)
    found = next((variant for variant in variants if variant.key == key), None) if key else variants[0]
    if found is None:
        raise NewsletterInvalid(f"$.variant: choose one of {', '.join(variant.key for variant in variants)}.")
    return found


def read_test(given: Any, variants: int, place: str = "$.test") -> Test | None:
    """Raises NewsletterInvalid, which begins with the place."""
    if given is None:
        return None
    test: Test = _read(given, Test, place)
    if variants < 2:
        raise NewsletterInvalid(f"{place}: there is one variant only: write another, or test nothing.")
    if not 0 < test.share < 100:
        raise NewsletterInvalid(f"{place}.share: choose from 1 to 99 per cent of people.")
    if not 0 < test.hours <= LONGEST_TEST:
        raise NewsletterInvalid(f"{place}.hours: choose from 1 to {LONGEST_TEST}.")
    return test


def check_number(value: int | None, least: int, most: int, place: str) -> None:
    """Raises NewsletterInvalid where a number is not between the two; None is no number and stands."""
    if value is not None and not least <= value <= most:
        raise NewsletterInvalid(f"{place}: choose from {least:,} to {most:,}.")


class RunPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A newsletter as it was when a sending of it began."""

    name: str
    segment_id: int | None
    reads: list[tuple[str, str]] = []
    """What choosing by the segment read: kind and name of each datum."""
    audience: str
    medium: str = "email"
    purpose: str
    topic: str
    schedule: dict[str, Any]
    per_hour: int | None
    shares: list[tuple[str, int]]
    templates: dict[str, int]
    """The template of each variant."""
    test: Test | None
    holdout: int
    goal: Goal | None
    expires_hours: int

    @property
    def variants(self) -> list[Share]:
        """Each with its part."""
        return [Share(key, part) for key, part in self.shares]

    @property
    def first(self) -> str:
        """The variant that counts as the usual one."""
        return self.shares[0][0]


def read_plan(kept: Mapping[str, Any]) -> RunPlan:
    """The plan of a run."""
    return msgspec.convert(kept, RunPlan)


def _read(given: Any, kind: Any, place: str) -> Any:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        said = str(error)
        at = said[said.rindex("`$") + 2 : -1] if said.endswith("`") and "`$" in said else ""
        raise NewsletterInvalid(f"{place}{at}: {said.split(' - at ', maxsplit=1)[0]}.") from None
