"""The ledger makes every database forget again, and refuses to be guessed at when it is damaged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import DANA

from troth.consent.suppression import is_suppressed
from troth.kernel.clock import now_ms
from troth.kernel.personal_data import Subject
from troth.people.lookup import find_people
from troth.privacy.backups.restore import restore_backup
from troth.privacy.backups.taking import create_backup
from troth.privacy.certificate import verify_certificate
from troth.privacy.erasure.erasing import erase_identifier, erase_person
from troth.privacy.erasure.restore_guard import LedgerLost, is_behind, position, replay_if_behind
from troth.privacy.models import PrivacyRequest, RequestState
from troth.privacy.scanning.scanner import scan
from troth.privacy.searching.verification import verify_erasure
from troth.privacy.storage.ledger_file import Entry, LedgerBroken, append, entries, last_number, make_entry


def ledger(data_dir: Path) -> Path:
    return data_dir / "ledger" / "erasures.ndjson"


def write_and_die(fresh: Sequence[Entry]) -> None:
    append(fresh)
    raise SystemExit("killed between the line and the commit")


def test_a_crash_after_the_ledgers_line_is_healed_by_the_replay(dana: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("troth.privacy.erasure.erasing.append", write_and_die)
    with pytest.raises(SystemExit):
        erase_person(dana, now=now_ms(), source="cli")
    assert find_people(dana.workspace_id, DANA["email"]) == [dana]
    assert is_behind()

    assert replay_if_behind() == 1

    assert not is_behind()
    assert find_people(dana.workspace_id, DANA["email"]) == []
    assert is_suppressed(dana.workspace_id, DANA["email"])
    request = PrivacyRequest.objects.get(type="erasure", source="ledger")
    assert verify_erasure(request).state == RequestState.ERASED


def test_the_next_erasure_first_catches_up(dana: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("troth.privacy.erasure.erasing.append", write_and_die)
        with pytest.raises(SystemExit):
            erase_person(dana, now=now_ms(), source="cli")

    erase_identifier(dana.workspace_id, "bob-external-1", now=now_ms(), source="cli")

    assert last_number() == position() == 2
    assert find_people(dana.workspace_id, DANA["email"]) == []


def test_a_restored_backup_forgets_again_before_it_serves(dana: Subject, data_dir: Path) -> None:
    backup = create_backup(now_ms())
    erased = erase_person(dana, now=now_ms(), source="cli")

    restored, applied = restore_backup(backup.name)

    assert (restored.name, applied) == (backup.name, 1)
    assert position() == last_number() == 1
    assert find_people(dana.workspace_id, DANA["external_id"]) == []
    assert is_suppressed(dana.workspace_id, DANA["phone"])
    again = PrivacyRequest.objects.get(pk=erased.pk)
    assert verify_erasure(again).state == RequestState.ERASED
    assert scan([data_dir], list(DANA.values())).clean
    assert find_people(dana.workspace_id, "bob-external-1")


def test_somebody_who_was_merged_after_the_backup_is_found_by_an_identifier(dana: Subject) -> None:
    """The backup knows two persons; they were one when the erasure came."""
    from troth.intake.commands import Alias, Identify, Identity
    from troth.intake.door import apply

    now = now_ms()
    old = Identity(external_id="dana-before-the-merge")
    apply([Identify(identity=old, workspace_id=dana.workspace_id, source="api", received_at=now)], now=now)
    backup = create_backup(now)
    who = Identity(external_id=DANA["external_id"])
    apply([Alias(identity=who, previous=old, workspace_id=dana.workspace_id, source="api", received_at=now)], now=now)
    erase_identifier(dana.workspace_id, DANA["external_id"], now=now_ms(), source="cli")

    restore_backup(backup.name)

    assert find_people(dana.workspace_id, "dana-before-the-merge") == []
    assert find_people(dana.workspace_id, DANA["external_id"]) == []


def test_a_database_that_is_ahead_of_its_ledger_may_not_serve(dana: Subject, data_dir: Path) -> None:
    erase_person(dana, now=now_ms(), source="cli")
    ledger(data_dir).unlink()

    assert is_behind()
    with pytest.raises(LedgerLost, match="restore the newest copy"):
        replay_if_behind()


def test_a_line_torn_by_a_crash_is_passed_over_and_the_next_one_stands_alone(dana: Subject, data_dir: Path) -> None:
    erase_person(dana, now=now_ms(), source="cli")
    with ledger(data_dir).open("ab") as file:
        file.write(b'{"number":2,"at":17')
    assert not is_behind()

    erase_identifier(dana.workspace_id, "bob-external-1", now=now_ms(), source="cli")

    assert [entry.number for entry in entries()] == [1, 2]


@pytest.mark.parametrize("damage", [b"nonsense\n", b'{"number":7,"at":1,"workspace":1,"request":"x","persons":[],"tags":[]}\n'])
def test_a_damaged_ledger_stops_everything(dana: Subject, data_dir: Path, damage: bytes) -> None:
    erase_person(dana, now=now_ms(), source="cli")
    with ledger(data_dir).open("ab") as file:
        file.write(damage)

    with pytest.raises(LedgerBroken, match="restore"):
        replay_if_behind()


def test_a_ledger_that_another_database_has_not_seen_is_followed_from_the_start(dana: Subject) -> None:
    erase_person(dana, now=now_ms(), source="cli")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM privacy_ledgerposition")
        cursor.execute("DELETE FROM consent_suppression")

    assert replay_if_behind() == 1
    assert is_suppressed(dana.workspace_id, DANA["email"])


@settings(max_examples=30, deadline=None)
@given(lines=st.lists(st.integers(0, 3_000), min_size=1, max_size=6), torn=st.binary(max_size=200).filter(lambda raw: b"\n" not in raw))
def test_the_last_number_is_found_whatever_the_lengths_of_the_lines(
    tmp_path_factory: pytest.TempPathFactory, lines: list[int], torn: bytes
) -> None:
    from django.test import override_settings

    with override_settings(TROTH_DATA=tmp_path_factory.mktemp("ledger")):
        from troth.privacy.storage.places import ledger_path

        for number, tags in enumerate(lines, 1):
            append([make_entry(number, workspace_id=1, request_id="r", persons=[], tags=[b"x" * 32] * tags, at=1)])
        with ledger_path().open("ab") as file:
            file.write(torn)

        assert last_number() == len(lines)
        assert [len(entry.tags) for entry in entries()] == lines
        append([make_entry(len(lines) + 1, workspace_id=1, request_id="r", persons=[], tags=[], at=1)])
        assert last_number() == len(lines) + 1


def test_entries_about_persons_who_are_not_here_are_recorded_together_and_certified_afterwards(dana: Subject) -> None:
    from uuid import uuid4

    from troth.privacy.erasure.strangers import certify_replayed

    ids = [str(uuid4()) for _ in range(3)]
    for number, request_id in enumerate(ids, 1):
        about: dict[str, Any] = {"workspace_id": dana.workspace_id, "request_id": request_id, "at": now_ms()}
        append([make_entry(number, persons=[bytes([number] * 32)], tags=[bytes([number + 9] * 32)], **about)])

    assert replay_if_behind() == 3

    requests = PrivacyRequest.objects.filter(pk__in=ids)
    assert {request.state for request in requests} == {RequestState.DONE} and not any(request.certificate for request in requests)
    assert certify_replayed(now_ms()) and not certify_replayed(now_ms())
    for request in requests.all():
        assert verify_certificate(request.certificate)["state"] == "done"
        assert [step.act for step in request.history.all()] == ["delete"]
    assert find_people(dana.workspace_id, DANA["email"]) == [dana]
