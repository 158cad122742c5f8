"""The gate: the rule for one person and the rule for sets are one rule."""

from __future__ import annotations

from typing import Any

from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from troth.consent.catalog import DEFAULTS, MARKETING_EMAIL, forget_catalogs, load_catalog
from troth.consent.decisions import load_facts
from troth.consent.gate import Facts, Operation, decide, permitted_where, reason_against
from troth.consent.models import EVERYTHING, LegalBasis, Purpose, Standing
from troth.kernel.ids import bucket_of, new_person_id
from troth.people.models import PersonState
from troth.people.queries import Profile, insert_persons

RESTRICTION = st.sampled_from([None, None, Standing.NONE, Standing.REFUSED])
PEOPLE = st.lists(st.tuples(st.sampled_from([*Standing, None]), st.sampled_from(PersonState), RESTRICTION), min_size=1, max_size=8)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(people=PEOPLE, basis=st.sampled_from([*LegalBasis.values, None]), is_marketing=st.booleans(), operation=st.sampled_from(Operation))
def test_the_gate_for_one_and_the_gate_for_many_agree(
    workspace: Any, people: Any, basis: str | None, is_marketing: bool, operation: Operation
) -> None:
    Purpose.objects.filter(workspace_id=workspace.pk, key="tried").delete()
    load_catalog(workspace.pk)
    if basis:
        Purpose.objects.create(workspace_id=workspace.pk, key="tried", name="Tried", legal_basis=basis, is_marketing=is_marketing)
    forget_catalogs()
    ids = [new_person_id() for _ in people]
    insert_persons([(person_id, workspace.pk, Profile({}, {}, []), 1) for person_id in ids])
    with connection.cursor() as cursor:
        for person_id, (standing, state, restriction) in zip(ids, people, strict=True):
            key = [bucket_of(person_id), person_id]
            cursor.execute("UPDATE people_person SET state = %s WHERE bucket = %s AND person_id = %s", [int(state), *key])
            for purpose, stands in (("tried", standing), (EVERYTHING, restriction)):
                if stands is not None:
                    cursor.execute(
                        "INSERT INTO consent_stance (bucket, person_id, purpose, workspace_id, standing, record_id, at)"
                        " VALUES (%s, %s, %s, 1, %s, 1, 1)",
                        [*key, purpose, int(stands)],
                    )
        condition, params = permitted_where("tried", basis, operation, is_marketing=is_marketing)
        marks = ",".join(["%s"] * len(ids))
        cursor.execute(f"SELECT p.person_id FROM people_person p WHERE p.person_id IN ({marks}) AND {condition}", [*ids, *params])
        by_set = {person_id for (person_id,) in cursor.fetchall()}
    facts = load_facts(workspace.pk, ids, "tried")
    one_by_one = {person_id for person_id in ids if decide(facts[person_id], purpose="tried", operation=operation, at=1).allow}
    assert by_set == one_by_one


def test_nothing_is_allowed_without_a_known_purpose() -> None:
    for operation in set(Operation) - {Operation.EXPORT}:
        assert reason_against(Facts(basis=None), operation) == "unknown_purpose"


def test_consent_means_a_standing_grant_and_silence_is_none() -> None:
    tried = {standing: reason_against(Facts(basis="consent", standing=standing), Operation.MESSAGE) for standing in Standing}
    assert tried == {Standing.REFUSED: "withdrawn", Standing.NONE: "no_consent", Standing.GRANTED: ""}


def test_legitimate_interest_and_a_public_task_end_with_an_objection() -> None:
    for basis in ("legitimate_interest", "public_task"):
        assert reason_against(Facts(basis=basis), Operation.PROFILE) == ""
        assert reason_against(Facts(basis=basis, standing=Standing.REFUSED), Operation.PROFILE) == "objected"


def test_marketing_ends_with_an_objection_whatever_it_is_based_on() -> None:
    for basis in set(LegalBasis.values) - {"consent"}:
        facts = Facts(basis=basis, is_marketing=True, standing=Standing.REFUSED)
        assert reason_against(facts, Operation.MESSAGE) == "objected"
    assert reason_against(Facts(basis="contract", standing=Standing.REFUSED), Operation.MESSAGE) == ""


def test_a_restriction_stands_against_everything_but_the_persons_own_rights() -> None:
    facts = Facts(basis="contract", standing=Standing.GRANTED, restricted=True)
    assert {operation: reason_against(facts, operation) for operation in Operation} == {
        operation: "" if operation is Operation.EXPORT else "restricted" for operation in Operation
    }


def test_an_erased_or_suppressed_person_is_not_even_exported() -> None:
    assert reason_against(Facts(basis="contract", being_erased=True), Operation.EXPORT) == "being_erased"
    assert reason_against(Facts(basis="contract", suppressed=True), Operation.COLLECT) == "suppressed"


def test_every_workspace_has_the_five_purposes_with_their_bases(workspace: Any) -> None:
    catalog = load_catalog(workspace.pk)
    assert {key: rule.basis for key, rule in catalog.purposes.items()} == {key: basis.value for key, _, basis, _ in DEFAULTS}
    assert catalog.marketing == [MARKETING_EMAIL]
