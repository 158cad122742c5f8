"""The purposes that a published mail serves beside its own; until now none."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("content", "0001_initial")]

    operations = [migrations.AddField(model_name="template", name="also_for", field=models.JSONField(default=list))]
