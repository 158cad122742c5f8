from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0011_medium"),
    ]

    operations = [
        migrations.AddField(
            model_name="newsletter",
            name="fresh_minutes",
            field=models.IntegerField(null=True),
        ),
        migrations.AddField(
            model_name="newsletter",
            name="trouble",
            field=models.TextField(blank=True, default=""),
        ),
    ]
