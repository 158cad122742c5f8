"""Which of several goes first, what it may be had once for; and the limits of workspaces."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("troth_messages", "0008_channels")]

    operations = [
        migrations.AddField(model_name="message", name="priority", field=models.SmallIntegerField(default=50, db_default=50)),
        migrations.AddField(model_name="message", name="entry", field=models.BigIntegerField(null=True)),
        migrations.CreateModel(
            name="LimitSetting",
            fields=[
                ("workspace_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("limits", models.JSONField(default=dict)),
            ],
        ),
    ]
