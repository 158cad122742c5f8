"""Tables with a composite key are clustered by it: WITHOUT ROWID, one B-tree instead of two."""

from __future__ import annotations

from typing import Any

from django.db.backends.sqlite3 import schema
from django.db.models import CompositePrimaryKey


class DatabaseSchemaEditor(schema.DatabaseSchemaEditor):
    """Adds WITHOUT ROWID where the primary key is composite."""

    def table_sql(self, model: Any) -> tuple[str, list[Any]]:
        """The CREATE TABLE statement of a model."""
        sql, params = super().table_sql(model)
        if isinstance(model._meta.pk, CompositePrimaryKey):
            sql += " WITHOUT ROWID"
        return sql, params
