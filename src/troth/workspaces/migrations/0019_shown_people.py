from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workspaces", "0018_key_certificates")]

    operations = [
        migrations.CreateModel(
            name="ShownPeople",
            fields=[
                ("entry_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("workspace_id", models.BigIntegerField()),
                ("number", models.IntegerField()),
                ("tags", models.BinaryField()),
            ],
            options={"indexes": [models.Index(fields=["workspace_id", "entry_id"], name="shown_by_age")]},
        ),
    ]
