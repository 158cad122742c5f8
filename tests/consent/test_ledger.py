"""No decision can be changed, dropped or reordered unseen; each can be forgotten, and the ledger still holds."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from troth.consent.decisions import DecisionRow, Said, record_decisions
from troth.consent.ledger import log
from troth.consent.ledger.audit import find_faults
from troth.consent.ledger.checkpoints import make_checkpoint, make_checkpoints
from troth.consent.ledger.commitment import COLUMNS, plain_records, plain_value, record_entry
from troth.consent.ledger.log import TileLost, append_for, append_pending, compute, head_of, leaf_of
from troth.consent.ledger.merkle import consistency_holds, inclusion_holds, prove_consistency, prove_inclusion
from troth.consent.ledger.notes import CheckpointInvalid, read_checkpoint
from troth.consent.models import Checkpoint, ErasedRecord, Record
from troth.kernel.clock import HOUR
from troth.kernel.crypto import signing_key
from troth.kernel.personal_data import Subject, erase_everywhere, stores
from troth.kernel.sql import is_sqlite

NOW = 1_790_000_000_000


def decide(workspace: Any, count: int, person: int = 4101) -> None:
    record_decisions(
        [
            DecisionRow(
                subject=Subject(workspace.pk, person + number),
                purpose="marketing_email",
                said=Said.GRANT,
                at=NOW + number,
                method="api",
                source="api",
                state="ConsentGiven",
                evidence={"notice": "May we?", "n": 1.0, "deep": {"b": [1, 2.5, None], "a": True}},
            )
            for number in range(count)
        ],
        now=NOW,
    )


def append_all(workspace: Any) -> None:
    while append_pending(NOW):
        pass


def test_what_is_decided_is_appended_once_and_proven(workspace: Any) -> None:
    decide(workspace, 300)
    append_all(workspace)
    decide(workspace, 5, person=90_001)
    append_all(workspace)
    assert not append_for(workspace.pk)
    size, root = head_of(workspace.pk)
    assert size == 305
    for record in Record.objects.filter(leaf__in=(0, 255, 256, 304)):
        path = compute(workspace.pk, partial(prove_inclusion, record.leaf, size))
        assert inclusion_holds(leaf_of(record), record.leaf, size, path, root)
    assert list(find_faults(workspace.pk)) == []


@pytest.mark.parametrize(
    ("tamper", "told"),
    [
        ("UPDATE consent_record SET valid = NOT valid WHERE leaf = 7", "entry 7: its record was changed"),
        ("UPDATE consent_record SET at = at - 1 WHERE leaf = 7", "entry 7: its record was changed"),
        ("UPDATE consent_record SET subject_ref = 1 WHERE leaf = 7", "entry 7: its record was changed"),
        ("UPDATE consent_record SET evidence = '{}' WHERE leaf = 7", "entry 7: its record was changed"),
        ("DELETE FROM consent_record WHERE leaf = 7", "entry 7: its record is gone"),
        ("UPDATE consent_record SET leaf = CASE leaf WHEN 7 THEN 8 ELSE 7 END WHERE leaf IN (7, 8)", "entry 7: its record was changed"),
        ("UPDATE consent_record SET leaf = 4000 WHERE leaf = 7", "1 records claim places"),
        (
            "INSERT INTO consent_erasedrecord (workspace_id, record_leaf, leaf) SELECT workspace_id, 9, 7 FROM consent_record WHERE leaf = 7; DELETE FROM consent_record WHERE leaf = 9",
            "entry 9: it is said to be erased, but the log's entry 7 does not say so",
        ),
        ("UPDATE consent_ledgerhead SET size = size - 1", "a checkpoint was signed over 600"),
        ("UPDATE consent_tile SET hashes = (SELECT hashes FROM consent_tile WHERE level = 0 AND number = 1) WHERE level = 0 AND number = 0", "entry 0"),
        ("UPDATE consent_checkpoint SET size = 599", "are not those of the checkpoint"),
    ],
)  # fmt: skip
def test_tampering_is_found_and_named(workspace: Any, tamper: str, told: str) -> None:
    decide(workspace, 600)
    append_all(workspace)
    make_checkpoint(workspace.pk, NOW)
    with connection.cursor() as cursor:
        for statement in tamper.split(";"):
            cursor.execute(statement)
    faults = list(find_faults(workspace.pk))
    assert any(told in fault for fault in faults), faults


def test_an_erased_record_leaves_its_commitment_and_a_word_that_it_was_erased(workspace: Any) -> None:
    decide(workspace, 20)
    append_all(workspace)
    before = make_checkpoint(workspace.pk, NOW)
    erase_everywhere([Subject(workspace.pk, 4101 + 7)])
    append_all(workspace)
    assert ErasedRecord.objects.get().record_leaf == 7
    assert list(find_faults(workspace.pk)) == []
    size, root = head_of(workspace.pk)
    assert size == 21
    path = compute(workspace.pk, partial(prove_consistency, 20, 21))
    assert consistency_holds(20, 21, bytes(before.root), root, path)


def test_records_keep_their_place_when_two_persons_become_one(workspace: Any) -> None:
    decide(workspace, 3)
    append_all(workspace)
    records = next(store for store in stores() if store.name == "consent.records")
    assert records.move(Subject(workspace.pk, 4101), Subject(workspace.pk, 4102)) == 1
    assert list(find_faults(workspace.pk)) == []


def test_a_checkpoint_is_signed_hourly_when_the_log_grew(workspace: Any) -> None:
    decide(workspace, 2)
    append_all(workspace)
    make_checkpoints(NOW)
    make_checkpoints(NOW + 2 * HOUR)
    assert Checkpoint.objects.count() == 1
    decide(workspace, 1, person=90_001)
    append_all(workspace)
    make_checkpoints(NOW + HOUR - 1)
    assert Checkpoint.objects.count() == 1
    make_checkpoints(NOW + HOUR)
    assert Checkpoint.objects.count() == 2


def test_a_checkpoint_is_read_with_the_public_key_alone(workspace: Any) -> None:
    decide(workspace, 2)
    append_all(workspace)
    note = make_checkpoint(workspace.pk, NOW).note
    key = signing_key().public_key()
    head = read_checkpoint(note, key)
    assert (head.origin, head.size, head.root) == (f"troth/consent/{workspace.pk}", *head_of(workspace.pk))
    with pytest.raises(CheckpointInvalid, match="does not fit"):
        read_checkpoint(note.replace("\n2\n", "\n3\n"), key)
    with pytest.raises(CheckpointInvalid, match="not a checkpoint"):
        read_checkpoint("nonsense", key)


def test_the_command_line_checks_the_ledger(workspace: Any) -> None:
    decide(workspace, 4)
    out = io.StringIO()
    call_command("consent_ledger", workspace.name, stdout=out)
    assert "holds 4 entries; none was changed" in out.getvalue()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM consent_record WHERE leaf = 1")
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("consent_ledger", workspace.name, stdout=out)
    assert "entry 1: its record is gone, and nothing says that it was erased" in out.getvalue()


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    said: list[tuple[str, Any]] = []

    def collect(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        said.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(collect):
        yield said


FIRST: dict[str, Any] = {
    "record_id": 71,
    "workspace_id": 5,
    "subject_ref": 4101,
    "purpose": "marketing_email",
    "decision": "grant",
    "valid": True,
    "at": NOW,
    "method": "api",
    "source": "api",
    "evidence": {"notice": 'Dürfen wir? 🙂 "ja" </p>', "z": [1.0, 2.5, None, True, {"b": 1e20, "a": -0.0}], "a": {}},
    "schema": 1,
}
LATER: dict[str, Any] = {
    "state": "ConsentGiven",
    "purpose_version": 3,
    "notice": "news",
    "notice_version": "2",
    "notice_hash": "ab" * 32,
    "language": "de-AT",
    "valid_until": None,
    "rules": ["C01", "C07"],
}


def test_what_was_committed_to_once_is_committed_to_for_ever() -> None:
    """Made by the first release of each schema: whatever writes the entries now, old leaves must still fit."""
    second = {**FIRST, "schema": 2, **LATER}
    assert record_entry(plain_value(FIRST), bytes(32)).hex() == "05088c96488be51d1f16dc510096ceb4a09f7c39e32d380b8d24ba2962749903"
    entry = "5eed846d9f2b80cd499cc93b6bfbd1d8f5f6aed3d16663e6b47cb0b321fa5956"
    assert record_entry(plain_value(second), bytes(range(32))).hex() == entry
    row = {**second, "valid": 1, "rules": '["C01","C07"]'}
    row["evidence"] = (
        '{"z": [1, 2.5, null, true, {"b": 100000000000000000000, "a": 0}], "a": {}, "notice": "D\u00fcrfen wir? 🙂 \\"ja\\" </p>"}'
    )
    for read in plain_records(COLUMNS, [[row[name] for name in COLUMNS]] * 2):
        assert record_entry(read, bytes(range(32))).hex() == entry


def test_many_batches_number_each_record_once_in_the_order_it_was_decided(workspace: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(log, "AT_ONCE", 130)
    decide(workspace, 300)
    decide(workspace, 1, person=3)
    append_all(workspace)
    numbered = list(Record.objects.order_by("record_id").values_list("leaf", flat=True))
    assert numbered == list(range(301))
    erase_everywhere([Subject(workspace.pk, 4101 + 299)])
    erase_everywhere([Subject(workspace.pk, 4101)])
    append_all(workspace)
    assert dict(ErasedRecord.objects.values_list("record_leaf", "leaf")) == {0: 301, 299: 302}
    assert list(find_faults(workspace.pk)) == []


def test_a_proof_is_read_in_one_statement_and_a_tile_that_is_gone_is_named(workspace: Any) -> None:
    decide(workspace, 700)
    append_all(workspace)
    with statements() as said:
        compute(workspace.pk, partial(prove_consistency, 300, 700))
    assert len(said) == 1
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM consent_tile WHERE level = 0 AND number = 1")
    with pytest.raises(TileLost, match="Tile 0/1 of the ledger"):
        compute(workspace.pk, partial(prove_consistency, 300, 700))


def test_what_waits_is_read_from_its_own_short_index(workspace: Any) -> None:
    decide(workspace, 3)
    with statements() as said:
        append_for(workspace.pk)
    sql, params = next((sql, params) for sql, params in said if "FROM consent_record" in sql and "leaf IS NULL" in sql)
    if is_sqlite():
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
            assert ["record_to_append" in row[-1] for row in cursor.fetchall()] == [True]
