from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("consent", "0014_audit_seals")]

    operations = [migrations.AddField(model_name="purpose", name="archived_at", field=models.BigIntegerField(default=0))]
