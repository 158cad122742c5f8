"""The personal-data contract: one declaration per store, and export, erasure, merging, inventory and retention follow from it.

Each package declares its stores in `personal_data.py`; nobody imports those modules by name, they are discovered as Django discovers
`admin.py`. A test walks all models and fails on one that has a person key and no declaration (PRODUCT, row D1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models
from django.utils.module_loading import autodiscover_modules

from troth.kernel.clock import iso
from troth.kernel.ids import bucket_of
from troth.kernel.json_text import decode
from troth.kernel.sql import PERSON_KEY, portions


@dataclass(frozen=True)
class Subject:
    """One person of one workspace, as every store knows them."""

    workspace_id: int
    person_id: int

    @property
    def bucket(self) -> int:
        """The person's bucket."""
        return bucket_of(self.person_id)


@dataclass(frozen=True, kw_only=True)
class Store:
    """One kind of personal data: what it is, why it is held, and what can be done with it.

    `export` yields plain values, one dict a record, streaming. `erase` deletes what it holds of many persons at once, each of them once, and
    returns the number of records of each by person id. `move` carries the records of one person over to another (a merge) and returns the
    number. All run inside the caller's transaction.
    """

    name: str
    title: str
    category: str
    purpose: str
    origin: str
    retention: str
    export: Callable[[Subject], Iterator[dict[str, Any]]]
    erase: Callable[[Sequence[Subject]], Counter[int]]
    move: Callable[[Subject, Subject], int]
    models: tuple[str, ...] = ()
    """Labels of the models it covers, e.g. `people.Event`."""
    columns: tuple[str, ...] = ()
    """What of it is personal data, for the inventory."""
    provided: bool = False
    """Whether the person provided it, data observed while they used the service included: what they may take along (Art. 20)."""
    erase_order: int = 50
    """Stores are erased in this order; the person's own row (100) is last."""


_stores: dict[str, Store] = {}
_not_personal: dict[str, str] = {}
_discovered = False


def declare(store: Store) -> Store:
    """Register a store; its name is unique."""
    if _stores.setdefault(store.name, store) is not store:
        raise ValueError(f"The store {store.name} is declared twice.")
    return store


def declare_not_personal(model_label: str, reason: str) -> None:
    """State that a model with a person-like key holds no personal data, and why."""
    _not_personal[model_label] = reason


def stores() -> tuple[Store, ...]:
    """All declared stores in the order of erasure."""
    global _discovered
    if not _discovered:
        autodiscover_modules("personal_data")
        _discovered = True
    return tuple(sorted(_stores.values(), key=lambda store: (store.erase_order, store.name)))


def not_personal() -> Mapping[str, str]:
    """Models that hold no personal data although they look like it, with the reason."""
    stores()
    return dict(_not_personal)


def erase_everywhere(subjects: Sequence[Subject]) -> dict[int, dict[str, int]]:
    """Delete persons from every store, their own rows last; by person id the records deleted per store, if any. Run it in one transaction."""
    deleted: dict[int, dict[str, int]] = {subject.person_id: {} for subject in subjects}
    for store in stores():
        for person_id, number in store.erase(subjects).items():
            deleted[person_id][store.name] = number
    return deleted


def keys_of(subjects: Sequence[Subject]) -> Iterator[tuple[str, list[Any]]]:
    """The keys of persons as SQL with its values, to stand after `(bucket, person_id) IN`; in portions.

    SQLite goes by the index only where the list is a SELECT: by a list of VALUES alone it would read the whole table.
    """
    for listed, values in portions([(subject.bucket, subject.person_id) for subject in subjects], PERSON_KEY):
        yield f"(SELECT * FROM {listed} AS k)", values


def delete_rows(table: str, subjects: Sequence[Subject], returning: str) -> Iterator[tuple[Any, ...]]:
    """Delete the rows of persons from a table keyed by `(bucket, person_id, …)`; of each row what `returning` names. To be read to its end."""
    with connection.cursor() as cursor:
        for listed, values in keys_of(subjects):
            cursor.execute(f"DELETE FROM {table} WHERE (bucket, person_id) IN {listed} RETURNING {returning}", values)
            while rows := cursor.fetchmany(2_000):
                yield from rows


def move_everywhere(source: Subject, target: Subject) -> dict[str, int]:
    """Carry everything of one person over to another (a merge); the source's own row goes last."""
    return {store.name: store.move(source, target) for store in stores()}


@dataclass(frozen=True, kw_only=True)
class Table:
    """A plain table keyed by `(bucket, person_id, …)`: export, erasure and merging need no code of their own."""

    model: type[models.Model]
    times: tuple[str, ...] = ()
    """Columns in milliseconds, exported as RFC 3339."""
    json: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    """Columns that say nothing about the person (keys, hashes) and are left out of an export."""
    renumber: str | None = None
    """A per-person number that continues after the target's own when two persons merge."""
    order_by: str = ""
    fields: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        names = tuple(f.column for f in self.model._meta.local_concrete_fields)
        object.__setattr__(self, "fields", names)

    @property
    def name(self) -> str:
        """The table's name, quoted for SQL."""
        return connection.ops.quote_name(self.model._meta.db_table)

    def export(self, subject: Subject) -> Iterator[dict[str, Any]]:
        """The person's rows, as plain values."""
        shown = [name for name in self.fields if name not in (*self.hidden, "bucket", "person_id", "workspace_id")]
        order = f" ORDER BY {self.order_by}" if self.order_by else ""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {', '.join(shown)} FROM {self.name} WHERE bucket = %s AND person_id = %s{order}",
                [subject.bucket, subject.person_id],
            )
            while rows := cursor.fetchmany(500):
                for row in rows:
                    yield {name: self._plain(name, value) for name, value in zip(shown, row, strict=True)}

    def _plain(self, name: str, value: Any) -> Any:
        if value is None:
            return None
        if name in self.times:
            return iso(value)
        if name in self.json:
            return decode(value) if isinstance(value, str | bytes) else value
        return bytes(value).hex() if isinstance(value, bytes | memoryview) else value

    def erase(self, subjects: Sequence[Subject]) -> Counter[int]:
        """Delete the rows of persons; how many each had."""
        return Counter(person_id for (person_id,) in delete_rows(self.name, subjects, "person_id"))

    def move(self, source: Subject, target: Subject) -> int:
        """Copy the person's rows to the target's key and delete them: a bucket is never updated in place."""
        with connection.cursor() as cursor:
            offset = 0
            if self.renumber:
                cursor.execute(
                    f"SELECT COALESCE(MAX({self.renumber}), 0) FROM {self.name} WHERE bucket = %s AND person_id = %s",
                    [target.bucket, target.person_id],
                )
                offset = cursor.fetchone()[0]
            rest = [name for name in self.fields if name not in ("bucket", "person_id")]
            picked = [f"{name} + {int(offset)}" if name == self.renumber else name for name in rest]
            cursor.execute(
                f"INSERT INTO {self.name} (bucket, person_id, {', '.join(rest)}) SELECT %s, %s, {', '.join(picked)} FROM {self.name} "
                "WHERE bucket = %s AND person_id = %s ON CONFLICT DO NOTHING",
                [target.bucket, target.person_id, source.bucket, source.person_id],
            )
        return self.erase([source]).total()
