"""The one gate: may this be done with this person's data, for this purpose, now?

`decide` is a pure function of facts, deny by default; `permitted_where` is the same rule over sets of people, in SQL. A property test
holds the two equal. The answer is stored with whatever it decided, so that *why* can be told (Art. 15, 7(1) GDPR).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from troth.consent.catalog import PurposeRule
from troth.consent.models import RESTRICTED, LegalBasis, Standing
from troth.consent.wishes import WISH
from troth.people.models import PersonState


class Operation(StrEnum):
    """What is about to be done."""

    COLLECT = "collect"
    PROFILE = "profile"
    MESSAGE = "message"
    ASK = "ask"
    """Ask for a consent that is lacking; the mail that asks needs a ground of its own."""
    HAND_OVER = "hand_over"
    TRACK_OPEN = "track_open"
    TRACK_CLICK = "track_click"
    TRANSFER = "transfer"
    EXPORT = "export"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that the gate looks at."""

    basis: str | None
    """The purpose's legal basis; None when there is no such purpose."""
    is_marketing: bool = False
    """Direct marketing ends with an objection whatever it is based on (Art. 21(3))."""
    standing: int = Standing.NONE
    decided_at: int = 0
    """When the person decided, in milliseconds."""
    valid_until: int | None = None
    """When their consent ends by itself; None: it does not."""
    material_since: int = 0
    """A consent given before counts no more: the purpose became another one (Art. 6(4), 13(3))."""
    changed_at: int = 0
    """Who consented before is asked again, although the consent counts until they answer."""
    archived: bool = False
    soft_opt_in: bool = False
    """The purpose is marketing to customers: it needs the record of a sale (Directive 2002/58/EC, Art. 13(2))."""
    imbalance: bool = False
    """The purpose rests on consent, and the workspace's people are not free to give it (rec. 43)."""
    suppressed: bool = False
    being_erased: bool = False
    restricted: bool = False
    """Art. 18: the data is kept, and nothing but the person's own rights may be done with it."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The gate's answer: the basis when allowed, the reason when not."""

    allow: bool
    purpose: str
    operation: str
    at: int
    basis: str = ""
    reason: str = ""


CONSENT = LegalBasis.CONSENT.value
GRANTED, REFUSED = int(Standing.GRANTED), int(Standing.REFUSED)
CONSENT_FREE = frozenset({LegalBasis.CONTRACT.value, LegalBasis.LEGAL_OBLIGATION.value, LegalBasis.VITAL_INTEREST.value})
OBJECTABLE = frozenset({LegalBasis.LEGITIMATE_INTEREST.value, LegalBasis.PUBLIC_TASK.value})
"""What stands until the person objects (Art. 21(1): point (e) or (f) of Article 6(1))."""
_NOT_RESTRICTED = f"p.person_id NOT IN (SELECT r.person_id FROM consent_stance r WHERE {RESTRICTED})"
"""The few who are restricted, read once from their own index, instead of a question for each person; ids are unique over all workspaces."""
OWN_RIGHTS = frozenset({Operation.EXPORT})
"""What a person asks for themselves needs no purpose (Art. 15, 20)."""


def reason_against(facts: Facts, operation: Operation, at: int) -> str:
    """Why the operation is refused at a moment; empty when it is allowed."""
    if facts.suppressed:
        return "suppressed"
    if facts.being_erased:
        return "being_erased"
    if operation in OWN_RIGHTS:
        return ""
    if facts.restricted:
        return "restricted"
    if facts.basis is None:
        return "unknown_purpose"
    if facts.archived:
        return "purpose_archived"
    if facts.basis == CONSENT:
        fault = _fault_of_consent(facts, at)
        return _reason_not_to_ask(facts, fault) if operation is Operation.ASK else fault
    if operation is Operation.ASK:
        return "needs_no_consent"
    if facts.basis == WISH:
        return "unwanted" if facts.standing == REFUSED else ""
    if facts.basis in OBJECTABLE or (facts.is_marketing and facts.basis in CONSENT_FREE):
        if facts.standing == REFUSED:
            return "objected"
        return "no_soft_opt_in" if facts.soft_opt_in and facts.basis in OBJECTABLE and facts.standing != GRANTED else ""
    return "" if facts.basis in CONSENT_FREE else "unknown_basis"


def _fault_of_consent(facts: Facts, at: int) -> str:
    if facts.imbalance:
        return "imbalance"
    if facts.standing != GRANTED:
        return "withdrawn" if facts.standing == REFUSED else "no_consent"
    if facts.decided_at < facts.material_since:
        return "purpose_changed"
    return "expired" if facts.valid_until is not None and at >= facts.valid_until else ""


def _reason_not_to_ask(facts: Facts, fault: str) -> str:
    """Whoever said no is not asked again, and nobody is asked for what they gave, unless it changed since."""
    if fault in ("imbalance", "withdrawn"):
        return fault
    return "" if fault or facts.decided_at < facts.changed_at else "has_consent"


def decide(facts: Facts, *, purpose: str, operation: Operation, at: int) -> Verdict:
    """Allow or deny, with the basis or the reason. `at`, now in milliseconds, decides what has expired and is recorded with the verdict."""
    reason = reason_against(facts, operation, at)
    return Verdict(
        allow=not reason,
        purpose=purpose,
        operation=operation.value,
        at=at,
        basis="" if reason else facts.basis or "own_right",
        reason=reason,
    )


def permitted_where(rule: PurposeRule | None, operation: Operation, *, at: int) -> tuple[str, list[Any]]:
    """The gate as a SQL condition on a row `p` of people_person; suppressed identifiers have no person row to ask about.

    `rule` is the workspace's purpose, archived or not (`Catalog.rule`); None when there is no such purpose.
    """
    here = f"p.state = {int(PersonState.ACTIVE)}"
    if operation in OWN_RIGHTS:
        return here, []
    if rule is None or rule.archived or rule.imbalance:
        return "1 = 0", []
    living = f"{here} AND {_NOT_RESTRICTED}"
    stance = "SELECT 1 FROM consent_stance s WHERE s.bucket = p.bucket AND s.person_id = p.person_id AND s.purpose = %s AND s.standing = %s"
    if operation is Operation.ASK:
        said = "SELECT 1 FROM consent_stance s WHERE s.bucket = p.bucket AND s.person_id = p.person_id AND s.purpose = %s AND "
        settled = "(s.standing = %s OR (s.standing = %s AND s.at >= %s AND (s.valid_until IS NULL OR s.valid_until > %s)))"
        since = max(rule.material_since, rule.changed_at)
        return (
            (f"({living} AND NOT EXISTS ({said}{settled}))", [rule.key, REFUSED, GRANTED, since, at])
            if rule.basis == CONSENT
            else ("1 = 0", [])
        )
    if rule.basis == CONSENT:
        counts = "s.at >= %s AND (s.valid_until IS NULL OR s.valid_until > %s)"
        return f"({living} AND EXISTS ({stance} AND {counts}))", [rule.key, GRANTED, rule.material_since, at]
    if rule.soft_opt_in and rule.basis in OBJECTABLE:
        return f"({living} AND EXISTS ({stance}))", [rule.key, GRANTED]
    if rule.basis == WISH or rule.basis in OBJECTABLE or (rule.is_marketing and rule.basis in CONSENT_FREE):
        return f"({living} AND NOT EXISTS ({stance}))", [rule.key, REFUSED]
    return (f"({living})", []) if rule.basis in CONSENT_FREE else ("1 = 0", [])
