"""Searching people by what somebody types."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from troth.intake.commands import Delete, Device, Identify, Identity
from troth.intake.door import apply
from troth.kernel.sql import is_sqlite
from troth.people.lookup import search_people
from troth.workspaces.registry import create_workspace

NOW = 1_700_000_000_000


def make(workspace: Any, **identity: Any) -> int:
    command = Identify(identity=Identity(**identity), workspace_id=workspace.pk, source="api", received_at=NOW)
    return apply([command], now=NOW)[0].person_id


def search(workspace: Any, text: str, limit: int = 10) -> list[tuple[int, str, str]]:
    return [(subject.person_id, kind, value) for subject, kind, value in search_people(workspace.pk, text, limit)]


def test_an_exact_identifier_of_any_kind_comes_first_then_what_begins_so(workspace: Any) -> None:
    tablet = Device(token="ann", platform="ios")
    make(workspace, external_id="annabel")
    anonymous = make(workspace, anonymous_id="ann")
    by_device = make(workspace, external_id="zoe", devices=(tablet,))
    exact = make(workspace, external_id="ann", email="ann@example.com")

    found = search(workspace, " ann ")
    assert found[:3] == [(exact, "external_id", "ann"), (anonymous, "anonymous_id", "ann"), (by_device, "device", "ann")]
    assert [value for _, _, value in found[3:]] == ["annabel"]
    assert search(workspace, f"person:{exact}") == search(workspace, str(exact)) == [(exact, "person", str(exact))]


def test_addresses_are_found_whatever_their_capitals_and_numbers_however_written(workspace: Any) -> None:
    dana = make(workspace, email="Dana.Roe@Example.com", phone="+33 6 12 34 56 78")
    assert search(workspace, "DANA.R") == [(dana, "email", "dana.roe@example.com")]
    assert search(workspace, "+33 (6) 12-34") == search(workspace, "0033 6 12 34 56 78") == [(dana, "phone", "+33612345678")]


@pytest.mark.parametrize("text", ["", "  ", "\0", "%", "_", "dana_", "ana", "\ud83d\ude00", "'; --", "\U0010ffff", "9" * 19, "9" * 500])
def test_nothing_is_found_for_what_no_identifier_begins_with(workspace: Any, text: str) -> None:
    make(workspace, external_id="dana%x", email="dana@example.com")
    assert search(workspace, text.encode("utf-16", "surrogatepass").decode("utf-16")) == []


def test_one_person_comes_once_and_the_list_is_bounded(workspace: Any) -> None:
    everybody = [make(workspace, external_id=f"u{n:02}@example.com", email=f"u{n:02}@example.com") for n in range(12)]
    found = search(workspace, "u", limit=5)
    assert [person_id for person_id, _, _ in found] == everybody[:5]
    assert len(search(workspace, "u0", limit=20)) == 10
    assert search(workspace, "u03@example.com", limit=1) == [(everybody[3], "external_id", "u03@example.com")]


def test_neither_strangers_nor_the_erased_are_found(workspace: Any) -> None:
    make(create_workspace("Another").workspace, external_id="dana")
    make(workspace, external_id="dan")
    apply([Delete(identity=Identity(external_id="dan"), workspace_id=workspace.pk, source="api", received_at=NOW)], now=NOW)
    assert search(workspace, "da") == search(workspace, "dan") == search(workspace, "dana") == []


def test_the_search_by_beginning_reads_a_range_of_its_index(workspace: Any) -> None:
    statements: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        search(workspace, "dana")
    sql, params = next((sql, params) for sql, params in statements if "i.value" in sql)
    with connection.cursor() as cursor:
        if not is_sqlite():
            # Whatever the statistics of a nearly empty table suggest: can the index alone do it?
            for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
                cursor.execute(f"SET enable_{way} = off")
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if is_sqlite() else ''}{sql}", params)
        plan = " ".join(str(row) for row in cursor.fetchall())
        if not is_sqlite():
            cursor.execute("RESET ALL")
    assert "identifier_by_value" in plan
    assert ("value>" in plan) if is_sqlite() else ("~>=~" in plan and "Sort" not in plan)
