"""What people are hoped to do after a campaign's message."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0009_date_plans")]

    operations = [migrations.AddField(model_name="campaign", name="goal", field=models.JSONField(null=True))]
