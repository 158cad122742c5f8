"""Over whom a statement goes: the people who changed, or everybody in a range of buckets. The condition beside it is the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from troth.kernel.ids import bucket_of
from troth.kernel.json_text import encode
from troth.kernel.sql import is_sqlite
from troth.segments.sql import Sql


@dataclass(frozen=True)
class Some:
    """These people."""

    person_ids: Sequence[int]

    @property
    def _keys(self) -> Sql:
        # One value however many people, so that the database sees one statement.
        if is_sqlite():
            return Sql("json_each(%s) k", (encode(list(self.person_ids)),))
        return Sql("unnest(CAST(%s AS BIGINT[])) AS k(value)", (list(self.person_ids),))

    def rows(self, table: str, alias: str) -> Sql:
        """`FROM` and `WHERE`, open for more conditions, over their rows of a personal table."""
        bucket = "k.value & 4095" if is_sqlite() else "CAST(k.value & 4095 AS SMALLINT)"
        keys = self._keys
        text = f"FROM {keys.text} CROSS JOIN {table} {alias} WHERE {alias}.bucket = {bucket} AND {alias}.person_id = k.value"
        return Sql(text, keys.values)

    def rows_by_person(self, table: str, alias: str) -> Sql:
        """The same, found person by person."""
        return self.rows(table, alias)


@dataclass(frozen=True)
class Range:
    """Everybody in buckets from `start` up to, and not with, `end`."""

    start: int
    end: int

    def rows(self, table: str, alias: str) -> Sql:
        """`FROM` and `WHERE`, open for more conditions, over their rows of a personal table."""
        return Sql(f"FROM {table} {alias} WHERE {alias}.bucket >= %s AND {alias}.bucket < %s", (self.start, self.end))

    def rows_by_person(self, table: str, alias: str) -> Sql:
        """The same, found person by person: for a table of which each has many rows and few are wanted."""
        own = f"{alias}.bucket = p.bucket AND {alias}.person_id = p.person_id"
        return Sql(
            f"FROM people_person p CROSS JOIN {table} {alias} WHERE p.bucket >= %s AND p.bucket < %s AND {own}", (self.start, self.end)
        )


Scope = Some | Range


def some(person_ids: Iterable[int]) -> Some:
    """People, in the order of their keys."""
    return Some(sorted(set(person_ids), key=lambda person_id: (bucket_of(person_id), person_id)))
