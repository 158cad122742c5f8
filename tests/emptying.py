"""Empties the test database after a test: only the tables that hold something, found in one question.

Django's own flush empties every table and then makes each content type and permission anew, which with a hundred tables takes longer than
most tests do. What those two tables hold never changes here, so that they are left alone.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.db import connection
from django.test import TransactionTestCase

KEPT = {"django_content_type", "auth_permission"}


@cache
def _tables() -> list[str]:
    return sorted(set(connection.introspection.django_table_names(only_existing=True, include_views=False)) - KEPT)


def empty_database(_case: Any = None) -> None:
    """Delete every row that a test left."""
    tables = _tables()
    filled = " UNION ALL ".join(f"SELECT {number} WHERE EXISTS (SELECT 1 FROM {_quoted(name)})" for number, name in enumerate(tables))
    with connection.cursor() as cursor:
        cursor.execute(filled)
        names = [_quoted(tables[number]) for (number,) in cursor.fetchall()]
        if not names:
            return
        on_postgresql = connection.vendor == "postgresql"
        # Rows that refer to each other go in any order.
        cursor.execute("SET session_replication_role = replica" if on_postgresql else "PRAGMA foreign_keys = OFF")
        try:
            for name in names:
                cursor.execute(f"DELETE FROM {name}")
        finally:
            cursor.execute("SET session_replication_role = DEFAULT" if on_postgresql else "PRAGMA foreign_keys = ON")


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def empty_quickly() -> None:
    """From now on, tests with real transactions are cleaned up after in this way."""
    TransactionTestCase._fixture_teardown = empty_database  # type: ignore[method-assign]
