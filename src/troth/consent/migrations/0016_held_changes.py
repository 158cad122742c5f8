from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("consent", "0015_purposes_given_up")]

    operations = [
        migrations.AddField(model_name="purposeversion", name="restores", field=models.IntegerField(default=0)),
        migrations.CreateModel(
            name="HeldChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("workspace_id", models.BigIntegerField()),
                ("what", models.CharField(max_length=600)),
                ("wanted", models.JSONField(default=dict)),
            ],
            options={"constraints": [models.UniqueConstraint(fields=["workspace_id", "what"], name="one_held_change_of_a_thing")]},
        ),
    ]
