"""The gate: the rule for one person and the rule for sets are one rule."""

from __future__ import annotations

import timeit
from typing import Any

from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from troth.consent.catalog import DEFAULTS, MARKETING_EMAIL, forget_catalogs, load_catalog
from troth.consent.decisions import INSERT_STANCE, load_facts
from troth.consent.gate import Facts, Operation, decide, permitted_where, reason_against
from troth.consent.models import EVERYTHING, LegalBasis, Purpose, Standing
from troth.kernel.ids import bucket_of, new_person_id
from troth.kernel.sql import is_sqlite
from troth.people.models import PersonState
from troth.people.queries import Profile, insert_persons

RESTRICTION = st.sampled_from([None, None, Standing.NONE, Standing.REFUSED])
MOMENTS = st.integers(1, 5)
PERSON = st.tuples(st.sampled_from([*Standing, None]), st.sampled_from(PersonState), RESTRICTION, MOMENTS, st.none() | MOMENTS)
PEOPLE = st.lists(PERSON, min_size=1, max_size=8)
PURPOSE = st.fixed_dictionaries(
    {
        "legal_basis": st.sampled_from(LegalBasis.values),
        "is_marketing": st.booleans(),
        "material_since": st.just(0) | MOMENTS,
        "changed_at": st.just(0) | MOMENTS,
        "archived": st.sampled_from([False, False, False, True]),
    }
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(people=PEOPLE, purpose=st.none() | PURPOSE, operation=st.sampled_from(Operation), at=MOMENTS)
def test_the_gate_for_one_and_the_gate_for_many_agree(workspace: Any, people: Any, purpose: Any, operation: Operation, at: int) -> None:
    Purpose.objects.filter(workspace_id=workspace.pk, key="tried").delete()
    load_catalog(workspace.pk)
    if purpose:
        Purpose.objects.create(workspace_id=workspace.pk, key="tried", name="Tried", **purpose)
    forget_catalogs()
    ids = [new_person_id() for _ in people]
    insert_persons([(person_id, workspace.pk, Profile({}, {}, []), 1) for person_id in ids])
    with connection.cursor() as cursor:
        for person_id, (standing, state, restriction, decided_at, valid_until) in zip(ids, people, strict=True):
            key = [bucket_of(person_id), person_id]
            cursor.execute("UPDATE people_person SET state = %s WHERE bucket = %s AND person_id = %s", [int(state), *key])
            for name, stands in (("tried", standing), (EVERYTHING, restriction)):
                if stands is not None:
                    cursor.execute(
                        f"{INSERT_STANCE} VALUES (%s, %s, %s, 1, %s, 1, %s, %s, 1)", [*key, name, int(stands), decided_at, valid_until]
                    )
        condition, params = permitted_where(load_catalog(workspace.pk).rule("tried"), operation, at=at)
        marks = ",".join(["%s"] * len(ids))
        cursor.execute(f"SELECT p.person_id FROM people_person p WHERE p.person_id IN ({marks}) AND {condition}", [*ids, *params])
        by_set = {person_id for (person_id,) in cursor.fetchall()}
    facts = load_facts(workspace.pk, ids, "tried")
    one_by_one = {person_id for person_id in ids if decide(facts[person_id], purpose="tried", operation=operation, at=at).allow}
    assert by_set == one_by_one


def test_the_gate_for_many_reads_no_whole_person_and_asks_once_who_is_restricted(workspace: Any) -> None:
    condition, values = permitted_where(load_catalog(workspace.pk).rule(MARKETING_EMAIL), Operation.MESSAGE, at=1)
    with connection.cursor() as cursor:
        if is_sqlite():
            cursor.execute(
                f"EXPLAIN QUERY PLAN SELECT COUNT(*) FROM people_person p WHERE p.workspace_id = %s AND {condition}",
                [workspace.pk, *values],
            )
            plan = " | ".join(row[-1] for row in cursor.fetchall())
            assert "SEARCH p USING COVERING INDEX person_by_key (workspace_id=?)" in plan
            assert "LIST SUBQUERY 1 | SCAN r USING INDEX stance_restricted" in plan
            assert "SEARCH s USING PRIMARY KEY (bucket=? AND person_id=? AND purpose=?)" in plan


def test_nothing_is_allowed_without_a_known_purpose() -> None:
    for operation in set(Operation) - {Operation.EXPORT}:
        assert reason_against(Facts(basis=None), operation, 1) == "unknown_purpose"


def test_consent_means_a_standing_grant_and_silence_is_none() -> None:
    tried = {standing: reason_against(Facts(basis="consent", standing=standing), Operation.MESSAGE, 1) for standing in Standing}
    assert tried == {Standing.REFUSED: "withdrawn", Standing.NONE: "no_consent", Standing.GRANTED: ""}


def test_who_lacks_a_consent_may_be_asked_and_who_said_no_may_not() -> None:
    def ask(**facts: Any) -> str:
        return reason_against(Facts(basis="consent", **facts), Operation.ASK, 10)

    given: dict[str, Any] = {"standing": Standing.GRANTED, "decided_at": 5}
    assert ask() == ""
    assert ask(standing=Standing.REFUSED) == "withdrawn"
    assert ask(standing=Standing.REFUSED, decided_at=5, changed_at=6, material_since=6) == "withdrawn"
    assert ask(**given) == "has_consent"
    assert ask(**given, valid_until=10) == ""
    assert ask(**given, material_since=6) == ""
    assert ask(**given, changed_at=6) == ""
    assert ask(imbalance=True) == "imbalance"
    assert reason_against(Facts(basis="contract"), Operation.ASK, 10) == "needs_no_consent"
    assert reason_against(Facts(basis="consent", **given, changed_at=6), Operation.MESSAGE, 10) == ""


def test_legitimate_interest_and_a_public_task_end_with_an_objection() -> None:
    for basis in ("legitimate_interest", "public_task"):
        assert reason_against(Facts(basis=basis), Operation.PROFILE, 1) == ""
        assert reason_against(Facts(basis=basis, standing=Standing.REFUSED), Operation.PROFILE, 1) == "objected"


def test_marketing_ends_with_an_objection_whatever_it_is_based_on() -> None:
    for basis in set(LegalBasis.values) - {"consent"}:
        facts = Facts(basis=basis, is_marketing=True, standing=Standing.REFUSED)
        assert reason_against(facts, Operation.MESSAGE, 1) == "objected"
    assert reason_against(Facts(basis="contract", standing=Standing.REFUSED), Operation.MESSAGE, 1) == ""


def test_a_restriction_stands_against_everything_but_the_persons_own_rights() -> None:
    facts = Facts(basis="contract", standing=Standing.GRANTED, restricted=True)
    assert {operation: reason_against(facts, operation, 1) for operation in Operation} == {
        operation: "" if operation is Operation.EXPORT else "restricted" for operation in Operation
    }


def test_an_erased_or_suppressed_person_is_not_even_exported() -> None:
    assert reason_against(Facts(basis="contract", being_erased=True), Operation.EXPORT, 1) == "being_erased"
    assert reason_against(Facts(basis="contract", suppressed=True), Operation.COLLECT, 1) == "suppressed"


def test_every_workspace_has_the_five_purposes_with_their_bases(workspace: Any) -> None:
    catalog = load_catalog(workspace.pk)
    assert {key: rule.basis for key, rule in catalog.purposes.items()} == {key: basis.value for key, _, basis, _ in DEFAULTS}
    assert catalog.marketing == [MARKETING_EMAIL]


def test_a_consent_ends_by_itself_and_with_a_change_of_its_purpose() -> None:
    given = Facts(basis="consent", standing=Standing.GRANTED, decided_at=10, valid_until=20)
    assert [reason_against(given, Operation.MESSAGE, at) for at in (19, 20)] == ["", "expired"]
    before, after = (Facts(basis="consent", standing=Standing.GRANTED, decided_at=at, material_since=10) for at in (9, 10))
    assert [reason_against(facts, Operation.MESSAGE, 30) for facts in (before, after)] == ["purpose_changed", ""]
    refused = Facts(basis="consent", standing=Standing.REFUSED, decided_at=9, valid_until=5, material_since=10)
    assert reason_against(refused, Operation.MESSAGE, 30) == "withdrawn"


def test_one_decision_takes_less_than_twenty_microseconds() -> None:
    facts = Facts(basis="consent", standing=Standing.GRANTED, decided_at=10, valid_until=2_000_000_000_000, material_since=5)
    rounds = 2_000
    took = min(timeit.repeat(lambda: decide(facts, purpose="news", operation=Operation.MESSAGE, at=11), number=rounds, repeat=7))
    assert took / rounds < 20e-6
