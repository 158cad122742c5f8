"""What was collected for one purpose serves another only by the rule of decision 006."""

from __future__ import annotations

from itertools import product

import pytest

from troth.consent.catalog import PROFILING, SERVICE, Catalog, PurposeRule
from troth.consent.coverage import Datum, Fault, Kind, Use, find_needs, judge_use
from troth.consent.models import LegalBasis

PLAN = Datum(Kind.ATTRIBUTE, "plan")


def rule(key: str, basis: str, **more: bool) -> PurposeRule:
    return PurposeRule(key=key, name=key, basis=basis, is_marketing=more.pop("is_marketing", False), **more)  # type: ignore[arg-type]


RULES = {
    rule.key: rule
    for rule in (
        rule(SERVICE, "contract"),
        rule("news", "consent", is_marketing=True),
        rule(PROFILING, "consent"),
        rule("research", "consent"),
        rule("tips", "legitimate_interest", is_marketing=True),
        rule("tax", "legal_obligation"),
        rule("health", "consent", special_category=True),
        rule("therapy", "consent", special_category=True),
    )
}
CATALOG = Catalog(purposes=RULES)
OLD = rule("old", "consent", archived=True)


def judge(source: str, purpose: str, *also_for: str) -> Use:
    return judge_use(Catalog(purposes=RULES, archived={"old": OLD}, attributes={"plan": source}), purpose, also_for, PLAN)


def test_what_nobody_assigned_is_of_the_service_and_serves_whatever_somebody_agrees_to() -> None:
    for purpose in RULES:
        assert judge_use(CATALOG, purpose, (), PLAN) == Use(PLAN, SERVICE)
        assert judge_use(CATALOG, purpose, (), Datum(Kind.EVENT, "bought")).fault is None


def test_every_purpose_covers_its_own_data() -> None:
    assert all(judge(key, key) == Use(PLAN, key) for key in RULES)


@pytest.mark.parametrize(
    ("source", "purpose", "fault"),
    [
        ("research", "news", Fault.OTHER_PURPOSE),
        ("research", SERVICE, Fault.OTHER_PURPOSE),
        ("news", "research", Fault.OTHER_PURPOSE),
        (PROFILING, SERVICE, Fault.OTHER_PURPOSE),
        ("tax", SERVICE, Fault.OTHER_PURPOSE),
        ("tax", "news", Fault.IMPOSED),
        ("tax", "tips", Fault.IMPOSED),
        ("health", "news", Fault.SPECIAL_CATEGORY),
        ("health", SERVICE, Fault.SPECIAL_CATEGORY),
        ("health", "therapy", Fault.OTHER_PURPOSE),
        ("old", "news", Fault.PURPOSE_ARCHIVED),
        ("gone", "news", Fault.UNKNOWN_PURPOSE),
    ],
)
def test_what_was_agreed_to_or_imposed_for_one_purpose_serves_no_other_by_itself(source: str, purpose: str, fault: Fault) -> None:
    assert judge(source, purpose).fault is fault
    declared = judge(source, purpose, source)
    assert declared.fault is (None if fault is Fault.OTHER_PURPOSE else fault)
    assert declared.needs == (source if fault is Fault.OTHER_PURPOSE and source != "tax" else "")


def test_data_of_profiling_serves_marketing_which_asks_for_it_anyhow() -> None:
    assert judge(PROFILING, "news") == Use(PLAN, PROFILING)


def test_somebody_who_objected_to_an_interest_is_asked_about_it() -> None:
    assert judge("tips", "news") == Use(PLAN, "tips", needs="tips")
    assert find_needs([judge("tips", "news"), judge("research", "news", "research"), judge("tips", "news")]) == ("research", "tips")


@pytest.mark.parametrize("also_for", [(), tuple(RULES)])
def test_no_declaration_takes_data_of_special_categories_or_imposed_data_into_marketing(also_for: tuple[str, ...]) -> None:
    for source, purpose in product(RULES, RULES):
        use = judge(source, purpose, *also_for)
        if RULES[source].special_category and not RULES[purpose].special_category:
            assert use.fault is Fault.SPECIAL_CATEGORY
        if RULES[source].basis == LegalBasis.LEGAL_OBLIGATION and RULES[purpose].is_marketing:
            assert use.fault is Fault.IMPOSED


def test_whatever_rests_on_another_consent_is_refused_or_asked_for() -> None:
    for source, purpose, also_for in product(RULES, RULES, [(), tuple(RULES)]):
        use = judge(source, purpose, *also_for)
        asked = {purpose, use.needs, PROFILING if RULES[purpose].is_marketing else ""}
        assert use.fault or RULES[source].basis != LegalBasis.CONSENT or source in asked
