"""The rows of the test database, all at once: emptied after a test, taken, and put back.

Django's own flush empties every table and then makes each content type and permission anew, which with a hundred tables takes longer than
most tests do. Here only tables that hold something are emptied, found in one question; those two never change and are left alone. And what
takes long to make is made once, and its rows put back for each test.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission"}


@cache
def _tables() -> list[str]:
    return sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT)


Rows = dict[str, list[tuple[Any, ...]]]


def empty_database(_case: Any = None) -> None:
    """Delete every row that a test left."""
    with _free_of_order() as cursor:
        for name in _filled(cursor):
            cursor.execute(f"DELETE FROM {_quoted(name)}")


def take_rows() -> Rows:
    """Every row that there is, by table."""
    taken = {}
    with connection.cursor() as cursor:
        for name in _filled(cursor):
            cursor.execute(f"SELECT * FROM {_quoted(name)}")
            taken[name] = cursor.fetchall()
    return taken


def put_rows(rows: Rows) -> None:
    """Put rows into an empty database as they were taken."""
    with _free_of_order() as cursor:
        for name, lines in rows.items():
            cursor.executemany(f"INSERT INTO {_quoted(name)} VALUES ({', '.join(['%s'] * len(lines[0]))})", lines)


def _filled(cursor: Any) -> list[str]:
    tables = _tables()
    cursor.execute(
        " UNION ALL ".join(f"SELECT {number} WHERE EXISTS (SELECT 1 FROM {_quoted(name)})" for number, name in enumerate(tables))
    )
    return [tables[number] for (number,) in cursor.fetchall()]


@contextmanager
def _free_of_order() -> Iterator[Any]:
    """A cursor for rows that refer to each other, in any order."""
    on_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica" if on_postgresql else "PRAGMA foreign_keys = OFF")
        try:
            with transaction.atomic():
                yield cursor
        finally:
            cursor.execute("SET session_replication_role = DEFAULT" if on_postgresql else "PRAGMA foreign_keys = ON")


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def empty_quickly() -> None:
    """From now on, tests with real transactions are cleaned up after in this way."""
    TransactionTestCase._fixture_teardown = empty_database  # type: ignore[method-assign]
