"""When and how often a campaign goes out, what else may trigger it, and each version as it was published."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models


def keep_versions(apps: Any, schema_editor: Any) -> None:
    """What is published now is the first version that is kept."""
    campaign, version, template = (
        apps.get_model(*name) for name in (("campaigns", "Campaign"), ("campaigns", "Version"), ("content", "Template"))
    )
    for row in campaign.objects.filter(template_id__isnull=False, published__isnull=False):
        made = template.objects.filter(pk=row.template_id).values_list("created_at", flat=True).first()
        version.objects.create(
            template_id=row.template_id,
            workspace_id=row.workspace_id,
            campaign_id=row.pk,
            rule={**row.published, "trigger": None, "rules": {}},
            published_at=int(made.timestamp() * 1000) if made else 0,
        )
        row.published = {**row.published, "trigger": None, "rules": {}}
        row.save(update_fields=["published"])


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0005_topic"), ("content", "__first__")]

    operations = [
        migrations.AddField(model_name="campaign", name="trigger", field=models.JSONField(null=True)),
        migrations.AddField(model_name="campaign", name="rules", field=models.JSONField(default=dict)),
        migrations.CreateModel(
            name="Version",
            fields=[
                ("template_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("workspace_id", models.BigIntegerField()),
                ("campaign_id", models.BigIntegerField()),
                ("rule", models.JSONField()),
                ("published_at", models.BigIntegerField()),
            ],
            options={"indexes": [models.Index(fields=["campaign_id", "published_at"], name="version_by_campaign")]},
        ),
        migrations.RunPython(keep_versions, migrations.RunPython.noop),
    ]
