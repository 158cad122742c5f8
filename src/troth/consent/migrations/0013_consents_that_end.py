from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("consent", "0012_not_collected")]

    operations = [
        migrations.AddIndex(
            model_name="stance",
            index=models.Index(
                condition=models.Q(("valid_until__isnull", False)),
                fields=["workspace_id", "purpose", "valid_until"],
                name="stance_that_ends",
            ),
        ),
    ]
