"""How far the dates that campaigns wait for are looked for."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0008_newsletters")]

    operations = [
        migrations.CreateModel(
            name="DatePlan",
            fields=[
                ("campaign_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("workspace_id", models.BigIntegerField()),
                ("begun_at", models.BigIntegerField()),
                ("planned_until", models.BigIntegerField()),
                ("due_at", models.BigIntegerField(db_index=True)),
                ("bucket", models.SmallIntegerField(default=0)),
                ("walk_until", models.BigIntegerField(null=True)),
            ],
        ),
    ]
