"""The purposes that a campaign serves beside its own; until now none."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0002_published")]

    operations = [migrations.AddField(model_name="campaign", name="also_for", field=models.JSONField(default=list))]
