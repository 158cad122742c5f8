"""The rules of consent: each finds its fault, and nothing that lacks a proof passes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from troth.consent.catalog import MARKETING_EMAIL, OPEN_TRACKING, PurposeRule
from troth.consent.evidence import Confirmation, Evidence, Guardian, Shown, hash_text, read_evidence
from troth.consent.linter import MISSING, RULES, SOFT_RULES, VOID, Claim, lint

NOW = 1_790_000_000_000
DAY = 86_400_000
TEXT = "Acme Ltd writes to you once a week. You can stop at any time."
NEWS = PurposeRule(key=MARKETING_EMAIL, name="News", basis="consent", is_marketing=True)
SAYS = {"controller": "Acme Ltd", "purposes": "news", "data": "address", "withdrawal": "a link in every mail"}
SHOWN = Shown(
    key="news", version="3", language="en", text_hash=hash_text(TEXT), published_at=NOW - 9 * DAY, purposes=(NEWS.key,), says=SAYS
)
GOOD = Evidence(default_state="unchecked", control_kind="checkbox", language="en", surface_language="en", purposes=[NEWS.key])


def claim(
    purpose: dict[str, Any] | None = None, shown: dict[str, Any] | None = None, about: dict[str, Any] | None = None, **said: Any
) -> Claim:
    """A good claim, but for what is named."""
    facts: dict[str, Any] = {"at": NOW - DAY, "now": NOW, **(about or {})}
    return Claim(
        evidence=msgspec.structs.replace(GOOD, **said),
        purpose=replace(NEWS, **(purpose or {})),
        shown=None if shown == {} else msgspec.structs.replace(SHOWN, **(shown or {})),
        **facts,
    )


FAULTS: list[tuple[str, str, Claim]] = [
    ("C01", VOID, claim(default_state="checked")),
    ("C01", VOID, claim(control_kind="scroll")),
    ("C01", VOID, claim(control_kind="pre_ticked")),
    ("C01", MISSING, claim(default_state="", control_kind="")),
    ("C02", VOID, claim(purposes=[NEWS.key, "other"])),
    ("C03", VOID, claim(bundled_with_terms=True)),
    ("C03", VOID, claim(required_for_service=True)),
    ("C04", MISSING, claim(shown={})),
    ("C04", VOID, claim(notice="Another text.")),
    ("C04", VOID, claim(notice_hash=hash_text("Another text."))),
    ("C05", VOID, claim(shown={"says": {**SAYS, "withdrawal": " "}})),
    ("C05", VOID, claim(shown={"purposes": ("other",)})),
    ("C05", VOID, claim(purpose={"transfers": True})),
    ("C05", VOID, claim(purpose={"automated": True})),
    ("C06", VOID, claim(purpose={"material_since": NOW})),
    ("C06", VOID, claim(purpose={"material_since": NOW - 5 * DAY})),
    ("C07", VOID, claim(about={"refused_at": NOW})),
    ("C08", VOID, claim(age=12, country="FR")),
    ("C08", VOID, claim(age=15, country="DE", guardian=Guardian(verified=False))),
    ("C08", MISSING, claim(age=12, country="FR", guardian=Guardian(verified=True))),
    ("C08", VOID, claim(age=12, country="FR", guardian=Guardian(verified=True), of_age_on="2020-01-01")),
    ("C09", MISSING, claim(purpose={"special_category": True})),
    ("C09", VOID, claim(purpose={"special_category": True}, explicit=False)),
    ("C10", VOID, claim(surface_language="de")),
    ("C11", VOID, claim(given_by="other_login")),
    ("C11", VOID, claim(given_by="role_address")),
    ("C11", MISSING, claim(given_by="staff")),
    ("C11", MISSING, claim(about={"by_staff": True})),
    ("C12", VOID, claim(about={"imbalance": True})),
    ("C13", MISSING, claim(purpose={"double_opt_in": True})),
    ("C13", VOID, claim(double_opt_in=Confirmation(method="GET"))),
    ("C13", VOID, claim(double_opt_in=Confirmation(method="POST", human=False))),
    ("C14", VOID, claim(giving_clicks=1, withdrawal_clicks=3)),
    ("C14", VOID, claim(withdrawal_login=True)),
    ("C14", VOID, claim(withdrawal_channel="post")),
    ("C15", VOID, claim(purposes=[NEWS.key, OPEN_TRACKING])),
    ("C16", VOID, claim(about={"at": NOW + DAY})),
    ("C16", VOID, claim(about={"at": NOW - 10 * DAY})),
]
SOUND = [
    claim(),
    claim(shown={}, notice=TEXT),
    claim(notice=TEXT, notice_hash=hash_text(TEXT).upper()),
    claim(age=15, country="FR"),
    claim(age=12, country="FR", guardian=Guardian(verified=True), of_age_on="2040-01-01"),
    claim(purpose={"special_category": True}, explicit=True),
    claim(about={"by_staff": True}, artefact="folder 7"),
    claim(purpose={"double_opt_in": True}, double_opt_in=Confirmation(method="POST")),
    claim(about={"refused_at": NOW - 2 * DAY}),
    claim(giving_clicks=2, withdrawal_clicks=1),
    claim(default_state="", control_kind="signature"),
    claim(surface_language="en-GB"),
]


@pytest.mark.parametrize(("code", "kind", "tried"), FAULTS)
def test_each_rule_finds_its_fault_and_says_how_to_mend_it(code: str, kind: str, tried: Claim) -> None:
    found = {finding.code: finding for finding in lint(tried)}
    assert found[code].kind == kind
    assert all(getattr(found[code], told) for told in ("why", "mend", "ground"))
    assert set(found) <= {code, "C02", "C15"}


def test_no_rule_is_left_untried() -> None:
    assert {code for code, _, _ in FAULTS} == set(RULES) == {f"C{number:02}" for number in range(1, 17)}


@pytest.mark.parametrize("sound", SOUND)
def test_a_consent_that_can_be_proven_passes(sound: Claim) -> None:
    assert lint(sound) == []


SAID = st.fixed_dictionaries(
    {},
    optional={
        "notice": st.sampled_from(["", "  ", TEXT, 7]),
        "notice_hash": st.sampled_from([hash_text(TEXT), "x", 3]),
        "default_state": st.sampled_from(["unchecked", "checked", "", None]),
        "control_kind": st.sampled_from(["checkbox", "button", "silence", "signature", 1]),
        "purposes": st.lists(st.sampled_from([MARKETING_EMAIL, OPEN_TRACKING, "x"]), max_size=2),
        "bundled_with_terms": st.booleans() | st.just("no"),
        "given_by": st.sampled_from(["", "subject", "staff", "other_login"]),
        "double_opt_in": st.sampled_from([None, {"method": "GET"}, {"method": "POST"}, "yes"]),
        "age": st.none() | st.integers(0, 99) | st.just("old"),
        "guardian": st.sampled_from([None, {"verified": True}, {}, []]),
    },
)


@given(said=SAID, double=st.booleans())
def test_without_the_text_or_the_act_nothing_is_a_consent(said: dict[str, Any], double: bool) -> None:
    evidence = read_evidence(said)
    found = lint(Claim(evidence=evidence, purpose=replace(NEWS, double_opt_in=double), at=NOW, now=NOW))
    has_text = isinstance(said.get("notice"), str) and said["notice"].strip()
    acted = said.get("default_state") == "unchecked" or said.get("control_kind") in ("button", "signature")
    if not has_text or not acted or (double and said.get("double_opt_in") != {"method": "POST"}):
        assert found


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    said=st.dictionaries(
        st.sampled_from([*Evidence.__struct_fields__, "else"]), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text())
    )
)
def test_evidence_of_any_shape_is_read_and_never_fails(said: dict[str, Any]) -> None:
    lint(Claim(evidence=read_evidence(said), purpose=NEWS, at=NOW, now=NOW))


CUSTOMERS = {"basis": "legitimate_interest", "soft_opt_in": True}
SOLD: dict[str, Any] = {"sale": "order 7", "own_similar_goods": True, "objection_offered": True}


@pytest.mark.parametrize(
    ("code", "kind", "tried"),
    [
        ("S01", VOID, claim(about={"is_soft": True}, **SOLD)),
        ("S02", MISSING, claim(CUSTOMERS, about={"is_soft": True}, **{**SOLD, "sale": " "})),
        ("S03", VOID, claim(CUSTOMERS, about={"is_soft": True}, **{**SOLD, "own_similar_goods": False})),
        ("S03", MISSING, claim(CUSTOMERS, about={"is_soft": True}, **{**SOLD, "own_similar_goods": None})),
        ("S04", VOID, claim(CUSTOMERS, about={"is_soft": True}, **{**SOLD, "objection_offered": False})),
        ("S05", VOID, claim(CUSTOMERS, about={"is_soft": True, "refused_at": 1}, **SOLD)),
        ("C16", VOID, claim(CUSTOMERS, about={"is_soft": True, "at": NOW + DAY}, **SOLD)),
    ],
)
def test_a_soft_opt_in_is_for_customers_who_could_object_and_did_not(code: str, kind: str, tried: Claim) -> None:
    assert [(finding.code, finding.kind) for finding in lint(tried)] == [(code, kind)]
    assert code in SOFT_RULES
    assert lint(claim(CUSTOMERS, about={"is_soft": True}, **SOLD)) == []
