"""Erasure: every store is empty, nothing comes back, and every byte that is kept was searched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from planted import DANA, SECRET

from troth.consent.models import SuppressionCount
from troth.consent.suppression import is_suppressed
from troth.intake.commands import ACCEPTED, DROPPED, Delete, Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import DAY, now_ms
from troth.kernel.personal_data import Subject, stores
from troth.kernel.worker import drain
from troth.people.lookup import PersonNotFound, find_people, find_person
from troth.privacy.certificate import verify_certificate
from troth.privacy.erasure.erasing import confirm_request, erase_identifier, erase_person
from troth.privacy.erasure.restore_guard import is_behind, position
from troth.privacy.models import PrivacyRequest, RequestState
from troth.privacy.scanning.scanner import scan
from troth.privacy.searching.verification import verify_due, verify_erasure
from troth.privacy.storage.ledger_file import last_number


def erase(subject: Subject) -> PrivacyRequest:
    return erase_person(subject, now=now_ms(), source="cli")


def planted_values() -> list[str]:
    return [*DANA.values(), SECRET]


def test_after_an_erasure_every_declared_store_is_empty_of_the_person(dana: Subject) -> None:
    request = erase(dana)

    assert {store.name: list(store.export(dana)) for store in stores()} == {store.name: [] for store in stores()}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            columns = [column.name for column in connection.introspection.get_table_description(cursor, table)]
            if "person_id" in columns:
                cursor.execute(f"SELECT COUNT(*) FROM {table} WHERE person_id = %s", [dana.person_id])
                assert cursor.fetchone()[0] == 0, table
    assert request.state == RequestState.DELETED
    assert request.person_id is None
    assert set(request.steps["records"]) | {"privacy.kept"} == {store.name for store in stores()}


def test_nobody_finds_the_person_by_any_identifier(dana: Subject) -> None:
    erase(dana)

    for value in DANA.values():
        assert find_people(dana.workspace_id, value) == []
        assert is_suppressed(dana.workspace_id, value)
    with pytest.raises(PersonNotFound):
        find_person(dana.workspace_id, f"person:{dana.person_id}")


@pytest.mark.parametrize(
    "identity",
    [
        Identity(external_id=DANA["external_id"]),
        Identity(anonymous_id=DANA["anonymous_id"]),
        Identity(email="DANA.Unique+tag@Example.com"),
        Identity(external_id="a-new-one", email=DANA["email"]),
        Identity(external_id="a-new-one", phone="+49 151 12345678"),
    ],
)
def test_what_arrives_later_under_any_identifier_is_dropped_and_counted(dana: Subject, identity: Identity) -> None:
    erase(dana)
    now = now_ms()
    about: dict[str, Any] = {"workspace_id": dana.workspace_id, "source": "vero", "received_at": now, "identity": identity}

    outcomes = apply(
        [Track(name="Bought", ts=now, properties={"note": SECRET}, **about), Identify(attributes={"name": SECRET}, **about)], now=now
    )
    drain(now)

    assert [outcome.status for outcome in outcomes] == [DROPPED, DROPPED]
    assert SuppressionCount.objects.get(workspace_id=dana.workspace_id, source="vero").dropped == 2
    assert find_people(dana.workspace_id, DANA["email"]) == []


def test_an_address_that_somebody_else_also_holds_stays_theirs(dana: Subject) -> None:
    now = now_ms()
    about: dict[str, Any] = {"workspace_id": dana.workspace_id, "source": "api", "received_at": now}
    charlie = Identity(external_id="charlie-external", email=DANA["email"])
    apply([Identify(identity=charlie, **about)], now=now)

    erase(dana)

    outcome = apply([Track(identity=charlie, name="Bought", ts=now, **about)], now=now)[0]
    assert outcome.status == ACCEPTED
    assert [found.person_id for found in find_people(dana.workspace_id, DANA["email"])] == [outcome.person_id]
    assert apply([Track(identity=Identity(external_id=DANA["external_id"]), name="x", ts=now, **about)], now=now)[0].status == DROPPED


def test_an_identifier_that_leads_to_two_people_erases_both_as_one_request(dana: Subject) -> None:
    now = now_ms()
    charlie = Identity(external_id="charlie-external", email=DANA["email"])
    apply([Identify(identity=charlie, workspace_id=dana.workspace_id, source="api", received_at=now)], now=now)

    request = erase_identifier(dana.workspace_id, DANA["email"], now=now, source="cli")

    assert request.steps["records"]["people.person"] == 2
    assert find_people(dana.workspace_id, "charlie-external") == []
    assert is_suppressed(dana.workspace_id, DANA["email"])
    assert last_number() == position() == 1


def test_a_search_of_every_byte_finds_the_person_before_and_nothing_after(dana: Subject, data_dir: Path) -> None:
    before = scan([data_dir], planted_values())
    assert {hit.value_index for hit in before.hits} == set(range(len(planted_values())))

    request = verify_erasure(erase(dana))

    assert request.state == RequestState.ERASED, request.steps
    after = scan([data_dir], planted_values())
    assert after.clean and after.complete
    assert request.sealed is None
    claims = verify_certificate(request.certificate)
    assert {level["level"]: level["reached"] for level in claims["levels"]} == {
        "L1": True,
        "L2": False,
        "L3": True,
        "L4": True,
        "L5": True,
        "L6": False,
    }
    assert claims["search"]["identifiers_searched_for"] == 5
    for value in planted_values():
        assert value not in request.certificate
    assert str(dana.person_id) not in request.certificate


def test_a_file_that_still_holds_the_person_keeps_the_request_open_until_it_is_gone(dana: Subject, data_dir: Path) -> None:
    left = data_dir / "logs" / "forgotten.log"
    left.parent.mkdir(exist_ok=True)
    left.write_text(f"somebody logged {DANA['email'].upper()} here")
    try:
        request = verify_erasure(erase(dana), now=1_000)

        assert request.state == RequestState.RESIDUE_FOUND
        assert request.next_try_at == 1_000 + 2 * 60_000
        claims = verify_certificate(request.certificate)
        assert claims["search"]["found_in"] == [{"file": "logs/forgotten.log", "encoding": "raw", "count": 1}]
        assert not any(level["reached"] for level in claims["levels"] if level["level"] in ("L3", "L4"))
    finally:
        left.unlink()
    assert verify_erasure(request).state == RequestState.ERASED


def test_what_others_say_about_the_person_is_reported_and_does_not_block(dana: Subject) -> None:
    now = now_ms()
    about: dict[str, Any] = {"workspace_id": dana.workspace_id, "source": "api", "received_at": now}
    apply(
        [Track(identity=Identity(external_id="bob-external-1"), name="Invited", ts=now, properties={"who": DANA["email"]}, **about)],
        now=now,
    )
    drain(now)

    request = verify_erasure(erase(dana))

    assert request.state == RequestState.ERASED, request.steps
    assert verify_certificate(request.certificate)["search"]["mentions_in_data_of_others"] == {"people_event.properties": 1}


def test_an_identifier_too_short_to_be_told_from_chance_proves_nothing_and_the_certificate_says_so(workspace: Any) -> None:
    now = now_ms()
    apply([Identify(identity=Identity(external_id="4711"), workspace_id=workspace.pk, source="api", received_at=now)], now=now)

    request = verify_erasure(erase(find_person(workspace.pk, "4711")))

    claims = verify_certificate(request.certificate)
    assert claims["not_searched_for"]["kinds"] == ["external_id"]
    assert {level["level"] for level in claims["levels"] if level["reached"]} == {"L1", "L5", "L6"}


def test_the_worker_searches_by_itself_when_nobody_waits(dana: Subject) -> None:
    request = erase(dana)

    verify_due(now_ms())
    for _ in range(600):
        verify_due(now_ms())
        request.refresh_from_db()
        if request.state != RequestState.DELETED:
            break
        threading_pause()

    assert request.state == RequestState.ERASED
    assert request.sealed is None and request.next_try_at is None


def test_whoever_searched_at_the_same_time_as_another_says_what_came_of_it(dana: Subject) -> None:
    request = erase_person(dana, now=now_ms(), source="cli", search_at=now_ms() + DAY)
    also = PrivacyRequest.objects.get(pk=request.pk)
    assert verify_erasure(request).state == RequestState.ERASED

    found = verify_erasure(also)

    assert (found.state, found.certificate) == (RequestState.ERASED, request.certificate)


def threading_pause() -> None:
    """Let the searching process go on."""
    import time

    time.sleep(0.02)


def test_a_confirmed_order_from_a_machine_is_carried_out_by_the_worker(dana: Subject) -> None:
    now = now_ms()
    who = Identity(email=DANA["email"])
    apply([Delete(identity=who, workspace_id=dana.workspace_id, source="vero", received_at=now)], now=now)
    assert find_people(dana.workspace_id, DANA["external_id"]) == []

    drain(now)

    done = PrivacyRequest.objects.get(type="erasure")
    assert done.state in (RequestState.DELETED, RequestState.ERASED)
    assert done.source == "api", "the request that waited for confirmation is the one that is carried out"
    assert [list(store.export(dana)) for store in stores()] == [[] for _ in stores()]
    assert is_suppressed(dana.workspace_id, DANA["phone"])


def test_an_unconfirmed_order_becomes_one_request_and_deletes_nobody(dana: Subject) -> None:
    now = now_ms()
    for _ in range(2):
        command = Delete(
            identity=Identity(email=DANA["email"]), confirmed=False, workspace_id=dana.workspace_id, source="vero", received_at=now
        )
        apply([command], now=now)
        drain(now)

    request = PrivacyRequest.objects.get(person_id=dana.person_id)
    assert request.state == RequestState.AWAITING_CONFIRMATION
    assert find_person(dana.workspace_id, DANA["email"]) == dana

    confirmed = confirm_request(request, now=now)
    assert confirmed.pk == request.pk and confirmed.state == RequestState.DELETED
    with pytest.raises(PersonNotFound):
        confirm_request(confirmed, now=now)


def test_an_erasure_that_fails_midway_changes_nothing(dana: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_disk(*args: object, **options: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("troth.privacy.erasure.erasing.append", no_disk)
    with pytest.raises(OSError, match="disk is full"):
        erase(dana)

    assert find_person(dana.workspace_id, DANA["email"]) == dana
    assert not is_suppressed(dana.workspace_id, DANA["email"])
    assert not is_behind()


def test_erasing_twice_says_that_nobody_is_there(dana: Subject) -> None:
    erase(dana)

    with pytest.raises(PersonNotFound):
        erase(dana)
    assert last_number() == 1


def test_the_ledger_holds_tags_and_no_personal_data(dana: Subject, data_dir: Path) -> None:
    erase(dana)

    text = (data_dir / "ledger" / "erasures.ndjson").read_text()

    line = json.loads(text)
    assert set(line) == {"number", "at", "workspace", "request", "persons", "tags", "held"}
    assert "a claim" not in text, "the ground of a hold is sealed"
    assert all(len(tag) == 64 for tag in (*line["tags"], *line["persons"]))
    assert str(dana.person_id) not in text
