"""A reason holds the key of a purpose, of up to 64 characters, and what the gate said of it. SQLite holds text to no length, so its table stays as it is."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models


def widen(apps: Any, schema_editor: Any) -> None:
    """On PostgreSQL, where this changes the catalog only and reads no row."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE messages_message ALTER COLUMN reason TYPE varchar(100)")


class Migration(migrations.Migration):
    dependencies = [("troth_messages", "0004_by_id")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(model_name="message", name="reason", field=models.CharField(blank=True, max_length=100))
            ],
            database_operations=[migrations.RunPython(widen, migrations.RunPython.noop)],
        )
    ]
