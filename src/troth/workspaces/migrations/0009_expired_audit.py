from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workspaces", "0008_transparency"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExpiredAudit",
            fields=[
                ("workspace_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("until", models.BigIntegerField()),
            ],
        ),
    ]
