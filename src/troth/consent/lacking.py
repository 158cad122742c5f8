"""Who lacks a valid consent to a purpose, and why: for one person from the gate's facts, for all in SQL; one rule, held equal by a test."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from troth.consent.catalog import PurposeRule
from troth.consent.gate import Facts
from troth.consent.models import Standing


class Lack(StrEnum):
    """Where a person stands on a purpose that rests on consent."""

    MISSING = "missing"
    """Never asked, as far as Troth knows."""
    UNKNOWN = "unknown"
    """Claimed without proof, or asked and left unanswered."""
    EXPIRED = "expired"
    PURPOSE_CHANGED = "purpose_changed"
    """The consent was to what the purpose was before."""
    ASKED_AGAIN = "asked_again"
    """The consent still counts, but the purpose changed, and the person is to answer anew."""
    REFUSED = "refused"
    """Refused, withdrawn or objected: not asked again."""
    GIVEN = "given"
    """Nothing is lacking."""


MAY_BE_ASKED = (Lack.MISSING, Lack.UNKNOWN, Lack.EXPIRED, Lack.PURPOSE_CHANGED, Lack.ASKED_AGAIN)


def find_lack(facts: Facts, at: int) -> Lack:
    """Why a person's consent does not count at a moment (milliseconds), or that it does."""
    if facts.standing == Standing.REFUSED:
        return Lack.REFUSED
    if facts.standing != Standing.GRANTED:
        return Lack.UNKNOWN if facts.decided_at else Lack.MISSING
    if facts.decided_at < facts.material_since:
        return Lack.PURPOSE_CHANGED
    if facts.valid_until is not None and at >= facts.valid_until:
        return Lack.EXPIRED
    return Lack.ASKED_AGAIN if facts.decided_at < facts.changed_at else Lack.GIVEN


STANCE = "consent_stance s ON s.bucket = p.bucket AND s.person_id = p.person_id AND s.purpose = %s"
"""What `lack_in_sql` reads beside `p` (people_person), to be joined from the left; its value is the purpose's key."""


def lack_in_sql(rule: PurposeRule, at: int) -> tuple[str, list[Any]]:
    """`find_lack` as a SQL expression over `p` and the joined `s`, with its values."""
    expression = (
        f"CASE WHEN s.standing IS NULL THEN '{Lack.MISSING}' WHEN s.standing = {int(Standing.REFUSED)} THEN '{Lack.REFUSED}'"
        f" WHEN s.standing <> {int(Standing.GRANTED)} THEN '{Lack.UNKNOWN}' WHEN s.at < %s THEN '{Lack.PURPOSE_CHANGED}'"
        f" WHEN s.valid_until <= %s THEN '{Lack.EXPIRED}' WHEN s.at < %s THEN '{Lack.ASKED_AGAIN}' ELSE '{Lack.GIVEN}' END"
    )
    return expression, [rule.material_since, at, rule.changed_at]
