"""Set-based SQL for SQLite and PostgreSQL: multi-row inserts, look-ups and updates by lists of keys.

Statements come in sizes of powers of two, so that the database's statement cache sees few texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from django.db import connection

LARGEST = 256


def is_sqlite() -> bool:
    """Whether the installation runs on the embedded database."""
    return connection.vendor == "sqlite"


def has_rows(statement: str, params: Sequence[Any] = ()) -> bool:
    """Whether a SELECT finds anything. Duties ask it outside a transaction: who has nothing to do takes no turn to write from others."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchone() is not None


@lru_cache(maxsize=512)
def _insert_statement(head: str, width: int, count: int, tail: str) -> str:
    row = "(" + ",".join(["%s"] * width) + ")"
    return f"{head} VALUES {','.join([row] * count)} {tail}"


def insert_rows(head: str, rows: Sequence[Sequence[Any]], tail: str = "") -> int:
    """Run `head VALUES (...) tail` over all rows; `head` is `INSERT INTO table (columns)`. Returns the rows written.

    PostgreSQL gets many rows a statement; SQLite, which is asked over no line, is quicker with one prepared statement row by row.
    """
    written, start = 0, 0
    with connection.cursor() as cursor:
        if is_sqlite() and rows:
            cursor.executemany(_insert_statement(head, len(rows[0]), 1, tail), rows)
            return int(cursor.rowcount)
        while start < len(rows):
            size = min(LARGEST, 1 << ((len(rows) - start).bit_length() - 1))
            chunk = rows[start : start + size]
            cursor.execute(_insert_statement(head, len(chunk[0]), size, tail), [value for row in chunk for value in row])
            written += cursor.rowcount
            start += size
    return written


@lru_cache(maxsize=512)
def _keys(types: tuple[str, ...], count: int, vendor: str) -> str:
    plain = "(" + ",".join(["%s"] * len(types)) + ")"
    first = "(" + ",".join(f"%s::{kind}" for kind in types) + ")" if vendor == "postgresql" else plain
    return "(VALUES " + ",".join([first] + [plain] * (count - 1)) + ")"


def select_by_keys(
    select: str, join: str, keys: Sequence[Sequence[Any]], types: tuple[str, ...], more: Sequence[Any] = ()
) -> Iterator[tuple[Any, ...]]:
    """Rows of `select FROM (VALUES keys) AS k join`; the key columns are `k.column1`, `k.column2`, …

    `types` are PostgreSQL type names, e.g. `("smallint", "bigint")`. Chunks are padded by repeating the last key, so a row may come twice.
    `more` are the values of `join` itself.
    """
    for listed, values in portions(keys, types):
        with connection.cursor() as cursor:
            cursor.execute(f"{select} FROM {listed} AS k {join}", [*values, *more])
            yield from cursor.fetchall()


def update_by_keys(update: str, where: str, keys: Sequence[Sequence[Any]], types: tuple[str, ...]) -> None:
    """Run `update FROM (VALUES keys) AS k WHERE where`, with keys and new values as the columns of `k`, as for `select_by_keys`.

    Give large numbers of keys in the order of the table's primary key: each page is then changed once.
    """
    with connection.cursor() as cursor:
        for listed, values in portions(keys, types):
            cursor.execute(f"{update} FROM {listed} AS k WHERE {where}", values)


def portions(keys: Sequence[Sequence[Any]], types: tuple[str, ...]) -> Iterator[tuple[str, list[Any]]]:
    """Lists of keys as SQL, `(VALUES …)`, with their values; padded by repeating the last key."""
    for start in range(0, len(keys), LARGEST):
        chunk = list(keys[start : start + LARGEST])
        size = 1 << (len(chunk) - 1).bit_length()
        chunk += [chunk[-1]] * (size - len(chunk))
        yield _keys(types, size, connection.vendor), [value for key in chunk for value in key]


PERSON_KEY = ("smallint", "bigint")
TAG_KEY = ("smallint", "bytea")
