"""`soft_opt_in` has eleven characters. SQLite holds text to no length, so its table stays as it is."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models


def widen(apps: Any, schema_editor: Any) -> None:
    """On PostgreSQL, where this changes the catalog only and reads no row."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE consent_record ALTER COLUMN decision TYPE varchar(20)")


class Migration(migrations.Migration):
    dependencies = [("consent", "0007_records_by_time")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.AlterField(model_name="record", name="decision", field=models.CharField(max_length=20))],
            database_operations=[migrations.RunPython(widen, migrations.RunPython.noop)],
        )
    ]
