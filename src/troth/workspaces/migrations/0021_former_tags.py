from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0020_language")]

    operations = [
        migrations.CreateModel(
            name="FormerTag",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey("bucket", "person_id", "tag", blank=True, editable=False, primary_key=True, serialize=False),
                ),
                ("bucket", models.SmallIntegerField()),
                ("person_id", models.BigIntegerField()),
                ("tag", models.BinaryField(max_length=8)),
                ("workspace_id", models.BigIntegerField()),
            ],
        ),
    ]
