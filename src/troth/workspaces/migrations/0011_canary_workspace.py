from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workspaces", "0010_dpo"),
    ]

    operations = [
        migrations.AddField(
            model_name="workspace",
            name="is_canary",
            field=models.BooleanField(default=False),
        ),
    ]
