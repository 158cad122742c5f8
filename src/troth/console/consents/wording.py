"""Decisions, rules and evidence in words for members."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from troth.consent.linter import RULES, SOFT_RULES
from troth.console.showing import put_in_words, put_plainly

DECISIONS: Mapping[str, Promise] = {
    "grant": _("consent"),
    "soft_opt_in": _("soft opt-in"),
    "withdraw": _("withdrawal"),
    "refuse": _("refusal"),
    "defer": _("put off"),
    "object": _("objection"),
    "restrict": _("restriction"),
    "lift": _("restriction lifted"),
}
"""What is recorded of somebody's will, by `Record.decision`."""
STATES: Mapping[str, Promise] = {
    "ConsentGiven": _("consent given"),
    "RenewedConsentGiven": _("consent given anew"),
    "ConsentUnknown": _("consent claimed and not proven"),
    "SoftOptIn": _("customer who could object (soft opt-in)"),
    "ConsentWithdrawn": _("consent withdrawn"),
    "ConsentRefused": _("consent refused"),
    "ConsentRequestDeferred": _("question put off"),
}
SOURCES = ("form", "page", "api", "vero", "segment", "console", "import", "cli")
"""The doors through which decisions come."""
FAULTS: Mapping[str, Promise] = {
    "C01": _("No affirmative act: a box that was ticked before, or nothing is known of what the person did."),
    "C02": _("One control stood for more than one purpose."),
    "C03": _("Bundled with terms, or required for a service that does not need it."),
    "C04": _("The text that the person was shown is not there, or is not the one that its hash names."),
    "C05": _("The notice does not say all that it must, or does not ask about this purpose."),
    "C06": _("The purpose or its notice was changed materially after what the person saw."),
    "C07": _("The person had refused or withdrawn later than this."),
    "C08": _("A child agreed, and no verified guardian did, or until when is not known."),
    "C09": _("The data is of a special category, and the consent was not explicit."),
    "C10": _("The notice was in another language than the page around it."),
    "C11": _(
        "Not by the person's own hand: somebody else's login, a shared address, or staff without anything that the person signed, wrote or said."
    ),
    "C12": _("People depend on the controller, so that they cannot agree freely."),
    "C13": _("The double opt-in was not confirmed, or by a machine."),
    "C14": _("Withdrawing is harder than agreeing was."),
    "C15": _("The consent to tracking in mail was merged into another one."),
    "C16": _("Dated in the future, or before the notice was published."),
    "S01": _("The purpose is not marketing to customers on a soft opt-in."),
    "S02": _("It is not said which sale made the person a customer."),
    "S03": _("It is not known to be about own goods or services similar to those sold."),
    "S04": _("The person could not object when the address was collected, or that is not known."),
    "S05": _("The person objected or refused."),
}
"""What each rule finds, said of a record whose claim is not at hand any more."""
EVIDENCE: Mapping[str, Promise] = {
    "default_state": _("The box before the person acted"),
    "control_kind": _("How"),
    "control_label": _("Words at the box"),
    "source_url": _("Where it was shown"),
    "surface_language": _("Language of the page around it"),
    "purposes": _("Purposes of the same control"),
    "bundled_with_terms": _("Bundled with terms"),
    "required_for_service": _("Required for the service"),
    "given_by": _("Given by"),
    "artefact": _("What the person signed, wrote or said"),
    "note": _("Note"),
    "double_opt_in": _("Double opt-in"),
    "guardian": _("Guardian"),
    "of_age_on": _("Comes of age"),
    "decided_at": _("Decided"),
    "recorded_by": _("Recorded by"),
    "decision_source": _("Declared preference page"),
    "explicit": _("Explicit"),
    "sale": _("Sale"),
    "own_similar_goods": _("Own similar goods"),
    "objection_offered": _("Could object"),
    "giving_clicks": _("Clicks to agree"),
    "withdrawal_clicks": _("Clicks to withdraw"),
    "reason": _("Reason"),
}
_CODE = re.compile(r"`([^`]*)`")
TOLD_ELSEWHERE = frozenset({"notice", "notice_key", "notice_version", "notice_hash", "language"})
"""Evidence that is shown with the text."""


def list_rules() -> list[tuple[str, str]]:
    """All rules as choices: their code and what they find."""
    return [(code, f"{code} · {FAULTS[code]}") for code in {**RULES, **SOFT_RULES}]


def explain_rules(codes: list[str], *, is_soft: bool) -> list[dict[str, Any]]:
    """Each rule that a claim failed: what it finds, how to mend it, and its ground."""
    known = {**SOFT_RULES, **RULES, **(SOFT_RULES if is_soft else {})}
    return [
        {"code": code, "why": FAULTS[code], "ground": known[code][1], "mend": _CODE.sub(r"“\1”", known[code][2])}
        for code in codes
        if code in known
    ]


def describe_evidence(evidence: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was brought along, with labels and in words."""
    return [
        (str(EVIDENCE.get(name, put_in_words(name).capitalize())), _tell(value))
        for name, value in evidence.items()
        if name not in TOLD_ELSEWHERE
    ]


def _tell(value: Any) -> str:
    if isinstance(value, Mapping):
        return " · ".join(f"{put_in_words(name)}: {put_plainly(inner)}" for name, inner in value.items())
    return ", ".join(map(put_plainly, value)) if isinstance(value, list) else put_plainly(value)
