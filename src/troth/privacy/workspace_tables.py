"""Every table with something of a workspace in it, found by walking the models: what is counted, handed out and deleted is the same list.

A table is read in slices along its primary key. So each statement is short, whatever else lies in the table, and what is done is done for good:
whoever begins anew passes quickly over what is gone. These statements go over all buckets, which is their purpose.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from graphlib import TopologicalSorter
from typing import Any

from django.apps import apps
from django.db import connection, models

from troth.kernel.errors import TrothError
from troth.kernel.tenancy import belonging_of, is_of_installation
from troth.workspaces.models import Workspace

SLICE = 5_000
WORKSPACE = "workspace_id"


class TableOfNobody(TrothError):
    """A model that says neither to which workspace its rows belong nor that they belong to none."""


class WorkspaceTable:
    """One table, and which of its rows are a workspace's."""

    def __init__(self, model: type[models.Model], condition: str) -> None:
        self.model = model
        self.label = model._meta.label
        self.condition = condition
        """On the alias `own`, with one parameter: the workspace."""
        self.name = connection.ops.quote_name(model._meta.db_table)
        self.keys = [field.column for field in model._meta.pk_fields]

    @property
    def is_part(self) -> bool:
        """Whether its rows are parts of rows of another table, through which they belong to the workspace."""
        return WORKSPACE not in {field.attname for field in self.model._meta.concrete_fields}

    @property
    def title(self) -> str:
        """Its name in words."""
        return str(self.model._meta.verbose_name_plural)

    def count(self, workspace_id: int, most: int) -> int:
        """How many rows it has of a workspace; counts no further than `most`."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT COUNT(*) FROM (SELECT 1 FROM {self.name} AS own WHERE {self.condition} LIMIT %s) AS found", [workspace_id, most]
            )
            return int(cursor.fetchone()[0])

    def slices(self) -> Iterator[tuple[str, list[Any]]]:
        """Conditions that each choose some thousand rows of the whole table, together all."""
        keys = ", ".join(f"own.{key}" for key in self.keys)
        marks = ", ".join(["%s"] * len(self.keys))
        after: Sequence[Any] = ()
        while True:
            begins = f"({keys}) > ({marks})" if after else "1 = 1"
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT {keys} FROM {self.name} AS own WHERE {begins} ORDER BY {keys} LIMIT 1 OFFSET {SLICE - 1}", list(after)
                )
                last = cursor.fetchone()
            if last is None:
                yield begins, list(after)
                return
            yield f"{begins} AND ({keys}) <= ({marks})", [*after, *last]
            after = last

    def delete_slice(self, workspace_id: int, begins: str, values: list[Any]) -> int:
        """Delete what a slice has of a workspace; returns how many rows."""
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {self.name} AS own WHERE {begins} AND {self.condition}", [*values, workspace_id])
            return int(cursor.rowcount)


@lru_cache(maxsize=1)
def tables_of_workspace() -> tuple[WorkspaceTable, ...]:
    """All of them but the workspace's own row, each after those that point to it: so they can be deleted in this order. Raises TableOfNobody."""
    own = {model: table for model in _own_models() if model is not Workspace and (table := _find(model))}
    order: TopologicalSorter[type[models.Model]] = TopologicalSorter(dict.fromkeys(own, ()))
    for model in own:
        for above, _on in _joins(model):
            if above in own and above is not model:
                order.add(above, model)
    return tuple(own[model] for model in order.static_order())


def _own_models() -> list[type[models.Model]]:
    """In an order of their own, so that it does not depend on chance."""
    return sorted(
        (one for one in apps.get_models() if one.__module__.startswith("troth.") and one._meta.managed), key=lambda one: one._meta.label
    )


def _find(model: type[models.Model]) -> WorkspaceTable | None:
    label = model._meta.label
    if is_of_installation(label):
        return None
    if _has_workspace(model):
        return WorkspaceTable(model, f"own.{WORKSPACE} = %s")
    for above, on in _joins(model):
        if _has_workspace(above):
            name = connection.ops.quote_name(above._meta.db_table)
            return WorkspaceTable(model, f"EXISTS (SELECT 1 FROM {name} AS parent WHERE {on} AND parent.{WORKSPACE} = %s)")
    raise TableOfNobody(f"{label} has no workspace and no declaration: say in personal_data.py what its rows belong to (kernel.tenancy).")


def _has_workspace(model: type[models.Model]) -> bool:
    return WORKSPACE in {field.attname for field in model._meta.concrete_fields}


def _joins(model: type[models.Model]) -> Iterator[tuple[type[models.Model], str]]:
    """To which models' rows its own belong, and how."""
    if told := belonging_of(model._meta.label):
        yield apps.get_model(told.parent), told.on
    for field in model._meta.concrete_fields:
        above = field.related_model
        if isinstance(above, type) and above.__module__.startswith("troth."):
            yield above, f"parent.{above._meta.pk.column} = own.{field.column}"
