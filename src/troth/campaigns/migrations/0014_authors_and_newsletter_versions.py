"""Who published a version of a campaign; and what newsletters' drafts were."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0013_saved_funnels")]

    operations = [
        migrations.AddField("Version", "author", models.BigIntegerField(default=0)),
        migrations.CreateModel(
            name="NewsletterVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("newsletter_id", models.BigIntegerField()),
                ("workspace_id", models.BigIntegerField()),
                ("number", models.IntegerField()),
                ("written", models.JSONField()),
                ("author", models.BigIntegerField(default=0)),
                ("saved_at", models.BigIntegerField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("newsletter_id", "number"), name="one_newsletter_version_per_number")]
            },
        ),
    ]
