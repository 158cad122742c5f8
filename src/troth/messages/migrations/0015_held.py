from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("troth_messages", "0014_delivery_words")]

    operations = [
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                fields=["workspace_id", "state"],
                name="message_held",
                condition=models.Q(("state", "held"), models.Q(("reason", "paused"), _negated=True)),
            ),
        ),
    ]
