"""Whether data collected for one purpose may be used under another: the rule of decision 006, as a pure function of the catalog.

Data serves the purpose it was collected for (Art. 5(1)(b) GDPR). Use for another is allowed where it is compatible or the person agreed to it
(Art. 6(4)); what somebody agreed to for one purpose they did not agree to for the next. So a message may be declared to serve further purposes,
and then each person is asked about each of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from troth.consent.catalog import PROFILING, SERVICE, Catalog, PurposeRule
from troth.consent.models import LegalBasis

COMPATIBLE = frozenset({LegalBasis.CONTRACT.value, LegalBasis.LEGITIMATE_INTEREST.value})
"""Collected in a relation of which the person expects as much (rec. 47, 50), and may object to it."""
IMPOSED = frozenset({LegalBasis.LEGAL_OBLIGATION.value, LegalBasis.VITAL_INTEREST.value, LegalBasis.PUBLIC_TASK.value})
"""Collected whether the person wanted it or not: nothing that marketing may profit from."""
NEVER_ASKED = frozenset({LegalBasis.CONTRACT.value, LegalBasis.LEGAL_OBLIGATION.value, LegalBasis.VITAL_INTEREST.value})
"""What the gate lets through for everybody, unless it is marketing."""


class Kind(StrEnum):
    """What is collected for a purpose; as in an assignment."""

    EVENT = "event"
    ATTRIBUTE = "attribute"
    MEASUREMENT = "measurement"
    """That people opened mail or followed links: noted for the purpose that it is named by."""


class Fault(StrEnum):
    """Why data may not be used under a purpose."""

    UNKNOWN_PURPOSE = "unknown_purpose"
    PURPOSE_ARCHIVED = "purpose_archived"
    SPECIAL_CATEGORY = "special_category"
    """Art. 9(2)(a): explicit consent is to specified purposes."""
    IMPOSED = "imposed"
    OTHER_PURPOSE = "other_purpose"
    """Collected for something else, and the message does not declare to serve that as well."""


class Datum(NamedTuple):
    """Something that is collected: an event by its folded name, with all its properties, or an attribute."""

    kind: Kind
    name: str


class Use(NamedTuple):
    """A datum under a purpose: what it was collected for, and what follows."""

    datum: Datum
    collected_for: str
    fault: Fault | None = None
    needs: str = ""
    """The further purpose that each person is asked about; empty: none."""

    @property
    def can_be_declared(self) -> bool:
        """Whether it were covered if the message declared to serve that purpose as well."""
        return self.fault is Fault.OTHER_PURPOSE


def asked_with(rule: PurposeRule | None, purpose: str) -> tuple[str, ...]:
    """The purposes that a person is asked about for any message under a purpose: marketing by behaviour also needs consent to profiling."""
    return (PROFILING, purpose) if rule is None or rule.is_marketing else (purpose,)


def collected_for(catalog: Catalog, datum: Datum) -> str:
    """The purpose that an event name or attribute is assigned to; nobody assigned it: the service."""
    if datum.kind is Kind.MEASUREMENT:
        return datum.name
    return (catalog.events if datum.kind is Kind.EVENT else catalog.attributes).get(datum.name, SERVICE)


def judge_use(catalog: Catalog, purpose: str, also_for: Iterable[str], datum: Datum) -> Use:
    """Whether a message under a purpose, that serves those others too, may read a datum. The message's own purpose is the gate's business."""
    source = collected_for(catalog, datum)
    rule, origin = catalog.rule(purpose), catalog.rule(source)
    fault = None if source == purpose else _find_fault(rule, origin, is_served=source in (*also_for, *asked_with(rule, purpose)))
    asked = fault is None and origin is not None and source not in asked_with(rule, purpose)
    needs = source if asked and origin and (origin.basis not in NEVER_ASKED or origin.is_marketing) else ""
    return Use(datum, source, fault, needs)


def find_needs(uses: Iterable[Use]) -> tuple[str, ...]:
    """The further purposes that each person is asked about, each once."""
    return tuple(sorted({use.needs for use in uses if use.needs}))


def _find_fault(rule: PurposeRule | None, origin: PurposeRule | None, *, is_served: bool) -> Fault | None:
    """Why data of the purpose `origin` may not be used under `rule`, another one; the strictest reason first."""
    if origin is None:
        return Fault.UNKNOWN_PURPOSE
    if origin.archived:
        return Fault.PURPOSE_ARCHIVED
    if origin.special_category and not (rule and rule.special_category):
        return Fault.SPECIAL_CATEGORY
    if origin.basis in IMPOSED and (rule is None or rule.is_marketing):
        return Fault.IMPOSED
    if origin.basis in COMPATIBLE and not origin.special_category:
        return None
    return None if is_served else Fault.OTHER_PURPOSE
