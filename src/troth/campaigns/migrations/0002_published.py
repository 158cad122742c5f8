"""What was published is kept apart from the draft, so that a draft can be edited while the campaign goes on."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models


def keep_published(apps: Any, schema_editor: Any) -> None:
    """Until now the fields of a campaign that was published could not be changed, so they are what was published."""
    campaigns = apps.get_model("campaigns", "Campaign")
    for campaign in campaigns.objects.filter(template_id__isnull=False):
        campaign.published = {
            "trigger_event": campaign.trigger_event,
            "conditions": campaign.conditions,
            "purpose": campaign.purpose,
        }
        campaign.save(update_fields=["published"])


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0001_initial")]

    operations = [
        migrations.AddField(model_name="campaign", name="published", field=models.JSONField(null=True)),
        migrations.AddField(model_name="campaign", name="has_changes", field=models.BooleanField(default=False)),
        migrations.RunPython(keep_published, migrations.RunPython.noop),
    ]
