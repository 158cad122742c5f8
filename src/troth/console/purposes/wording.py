"""Purposes in words: legal bases, and what changed from one version to the next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.consent.models import LegalBasis, OnChange
from troth.kernel.spoken_durations import say_duration

BASES: Mapping[str, tuple[str, Promise]] = {
    LegalBasis.CONSENT.value: ("a", later("consent")),
    LegalBasis.CONTRACT.value: ("b", later("contract")),
    LegalBasis.LEGAL_OBLIGATION.value: ("c", later("legal obligation")),
    LegalBasis.VITAL_INTEREST.value: ("d", later("vital interest")),
    LegalBasis.PUBLIC_TASK.value: ("e", later("public task")),
    LegalBasis.LEGITIMATE_INTEREST.value: ("f", later("legitimate interest")),
}
"""Letter of Art. 6(1) GDPR, and its name."""
ON_CHANGE: Mapping[str, Promise] = {
    OnChange.INVALIDATE.value: later("Consents given before count no more"),
    OnChange.ASK_AGAIN.value: later("They count until the person answers anew"),
}
LABELS: Mapping[str, Promise] = {
    "name": later("Name"),
    "legal_basis": later("Legal basis"),
    "is_marketing": later("Marketing"),
    "description": later("Description"),
    "data_categories": later("Data"),
    "retention": later("Kept for"),
    "recipients": later("Recipients"),
    "transfers": later("Transfers to third countries"),
    "automated_decision": later("Automated decision"),
    "on_change": later("On a material change"),
    "consent_lasts": later("Consent lasts"),
    "double_opt_in": later("Confirmed by e-mail"),
    "special_category": later("Special category of data"),
    "soft_opt_in": later("Customers without consent"),
    "sharing": later("Data goes to others for their own purposes"),
}


def name_basis(basis: str) -> str:
    """A legal basis as members know it, with its letter."""
    letter, name = BASES[basis]
    return _("%(name)s, Art. 6(1)(%(letter)s)") % {"name": name, "letter": letter}


def list_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What changed between two versions, as lines of a diff; a field that an old version does not know yet had no value."""
    lines: list[tuple[str, str]] = []
    for name, label in LABELS.items():
        old, new = (list(_values(name, terms.get(name))) for terms in (before, after))
        lines += [("-", f"{label}: {value}") for value in old if value not in new]
        lines += [("+", f"{label}: {value}") for value in new if value not in old]
    return lines


def _values(name: str, value: Any) -> Iterator[str]:
    """A field as values that are there or not."""
    if isinstance(value, Mapping):
        yield from (f"{language}: {text}" for language, text in sorted(value.items()))
    elif isinstance(value, list):
        yield from value
    elif isinstance(value, bool):
        yield _("yes") if value else _("no")
    elif value:
        yield _say(name, str(value))


def _say(name: str, value: str) -> str:
    if name == "legal_basis" and value in BASES:
        return name_basis(value)
    if name == "on_change" and value in ON_CHANGE:
        return str(ON_CHANGE[value])
    return say_duration(value) if name in ("retention", "consent_lasts") else value
