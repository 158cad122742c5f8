from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("privacy", "0026_contested_instructions")]

    operations = [
        migrations.AlterField(model_name="contestedinstruction", name="waits", field=models.CharField(blank=True, max_length=600)),
    ]
