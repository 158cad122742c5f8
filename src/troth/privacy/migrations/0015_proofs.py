import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("privacy", "0014_recipients"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProofRun",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[("running", "Running"), ("passed", "Passed"), ("failed", "Failed"), ("broken", "Broken")],
                        default="running",
                        max_length=10,
                    ),
                ),
                ("begun_at", models.BigIntegerField()),
                ("seen_at", models.BigIntegerField()),
                ("ended_at", models.BigIntegerField(null=True)),
                ("step", models.CharField(blank=True, max_length=20)),
                ("done", models.BigIntegerField(default=0)),
                ("total", models.BigIntegerField(default=0)),
                ("files", models.IntegerField(default=0)),
                ("took_ms", models.IntegerField(default=0)),
                ("reasons", models.JSONField(default=list)),
                ("certificate", models.TextField(blank=True)),
                ("sealed", models.BinaryField(null=True)),
                ("told_at", models.BigIntegerField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["begun_at"], name="proof_by_age")],
                "constraints": [models.UniqueConstraint(fields=["state"], condition=models.Q(state="running"), name="one_proof_at_a_time")],
            },
        ),
    ]
