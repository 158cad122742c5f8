"""Funnels that a workspace keeps under a name."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0012_freshness")]

    operations = [
        migrations.CreateModel(
            name="SavedFunnel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("workspace_id", models.BigIntegerField()),
                ("name", models.CharField(max_length=200)),
                ("asked", models.JSONField()),
                ("created_at", models.BigIntegerField()),
                ("updated_at", models.BigIntegerField()),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("workspace_id", "name"), name="one_funnel_per_name")]},
        ),
    ]
