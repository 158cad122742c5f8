"""From which age somebody consents for themselves, by country and date (Art. 8 GDPR): dated data in `data/ages_of_consent.json`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

from troth.kernel.clock import iso


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """An age that holds in some countries between two dates."""

    countries: list[str]
    age: int
    since: str = msgspec.field(name="from")
    until: str = "9999-12-31"


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """The whole table, with where it is from."""

    source: str
    default: int
    ages: list[Span]


@cache
def load_ages() -> Table:
    """The table as installed."""
    return msgspec.json.decode((files("troth.consent") / "data" / "ages_of_consent.json").read_bytes(), type=Table)


def age_of_consent(country: str, at: int) -> int:
    """The age in years for an ISO 3166 country code at a moment; where it is not known, 16, the highest that the GDPR allows."""
    day = iso(at)[:10]
    table = load_ages()
    wanted = country.upper()
    return next((span.age for span in table.ages if wanted in span.countries and span.since <= day < span.until), table.default)
