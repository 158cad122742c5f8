"""The tables of what a company says of itself: the record of processing, and the assessments that it signed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class RecordSetting(models.Model):
    """What the record of processing says beside what can be derived (`record.parties`)."""

    workspace_id = models.BigIntegerField(primary_key=True)
    parties = models.JSONField(default=dict)
    changed_at = models.BigIntegerField()


class ImpactAssessment(models.Model):
    """An assessment of impact (Art. 35), or a declaration of its criteria on the way to one; appended, never changed."""

    workspace_id = models.BigIntegerField()
    declared = models.JSONField(default=list)
    """The criteria met that only people know of."""
    criteria = models.JSONField(default=list)
    """All that were met when it was signed."""
    text = models.TextField(blank=True)
    name = models.CharField(max_length=200, blank=True)
    function = models.CharField(max_length=100, blank=True)
    user_id = models.BigIntegerField()
    at = models.BigIntegerField()
    signed_at = models.BigIntegerField(null=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "id"], name="assessment_by_workspace")]
