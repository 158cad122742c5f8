"""Which translation a person gets: exactly the person's language, else its main language, else what the template was written in first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

ATTRIBUTES = ("locale", "language")
"""Where a person's language stands, the first that is known wins."""
LONGEST = 35
_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,4}\Z")


def normalise_language(text: object) -> str:
    """A language tag (BCP 47) as it is compared, `pt_BR.UTF-8` as `pt-br`; empty when it is none."""
    if not isinstance(text, str) or len(text) > LONGEST:
        return ""
    tag = text.strip().partition(".")[0].replace("_", "-").lower()
    return tag if _TAG.match(tag) else ""


def languages_of(person: object) -> list[str]:
    """The languages that a person's attributes tell, the first is preferred."""
    if not isinstance(person, Mapping):
        return []
    return [tag for name in ATTRIBUTES if (tag := normalise_language(person.get(name)))]


def choose_language(available: Iterable[str], wanted: Sequence[str]) -> str:
    """The translation for somebody who wants these languages; empty where only the first language is left.

    Of `de-at` first `de-at`, then `de`; another region's (`de-ch`) is not taken for it.
    """
    known = set(available)
    for tag in wanted:
        subtags = tag.split("-")
        for length in range(len(subtags), 0, -1):
            if (shorter := "-".join(subtags[:length])) in known:
                return shorter
    return ""
