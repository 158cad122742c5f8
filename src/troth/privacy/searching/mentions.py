"""Living rows that contain a value: what somebody else said, or is called, which an erasure must not touch (report, do not guess).

Asked only when a search found something: every text column of every table is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from django.apps import apps
from django.db import connection, models

TEXT = (models.CharField, models.TextField, models.JSONField)


def find_mentions(values: Sequence[str], buckets: Sequence[int] = ()) -> dict[str, int]:
    """`table.column` → number of rows that contain one of the values, in any letter case; columns without are absent.

    With `buckets` only those are read of the tables that lie in buckets.
    """
    forms = sorted({form for value in values for form in _forms(value)})
    found: dict[str, int] = {}
    if not forms:
        return found
    position = "INSTR(LOWER({0}), %s)" if connection.vendor == "sqlite" else "POSITION(%s IN LOWER({0}::text))"
    for table, columns, is_in_buckets in _text_columns():
        conditions = [" OR ".join([f"{position.format(connection.ops.quote_name(column))} > 0"] * len(forms)) for column in columns]
        sums = ", ".join(f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)" for condition in conditions)
        with connection.cursor() as cursor:
            where = f" WHERE bucket IN ({', '.join(['%s'] * len(buckets))})" if buckets and is_in_buckets else ""
            cursor.execute(
                f"SELECT {sums} FROM {connection.ops.quote_name(table)}{where}", [*forms * len(columns), *(buckets if where else ())]
            )
            row = cursor.fetchone()
        found |= {f"{table}.{column}": int(number) for column, number in zip(columns, row, strict=True) if number}
    return found


def _text_columns() -> Iterator[tuple[str, list[str], bool]]:
    for model in apps.get_models(include_auto_created=True):
        columns = [field.column for field in model._meta.local_concrete_fields if isinstance(field, TEXT) and field.column]
        if columns and model._meta.managed and not model._meta.proxy:
            yield model._meta.db_table, columns, any(field.column == "bucket" for field in model._meta.local_concrete_fields)


def _forms(value: str) -> set[str]:
    """A value as text may carry it; the databases fold ASCII letters, so this does too."""
    lower = "".join(letter.lower() if letter.isascii() else letter for letter in value)
    return {lower, quote(lower, safe="").lower(), quote(lower).lower(), json.dumps(lower)[1:-1]}
