from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("workspaces", "0019_shown_people"),
    ]

    operations = [
        migrations.AddField(
            model_name="workspace",
            name="language",
            field=models.CharField(blank=True, max_length=16),
        ),
    ]
