"""The tables of the register of breaches."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class Breach(models.Model):
    """An entry of the register of breaches (Art. 33(5)). It names no person: whom it touched is told in numbers and kinds."""

    workspace_id = models.BigIntegerField()
    title = models.CharField(max_length=200)
    kinds = models.JSONField(default=list)
    """Of `confidentiality`, `integrity`, `availability`."""
    facts = models.TextField(blank=True)
    effects = models.TextField(blank=True)
    remedy = models.TextField(blank=True)
    categories = models.TextField(blank=True)
    """Of persons and of data, in words."""
    people = models.BigIntegerField(null=True)
    records = models.BigIntegerField(null=True)
    began_at = models.BigIntegerField(null=True)
    ended_at = models.BigIntegerField(null=True)
    aware_at = models.BigIntegerField()
    """When the 72 hours began."""
    decision = models.CharField(max_length=10, blank=True)
    """Empty, `tell` or `no_risk`."""
    decision_reason = models.TextField(blank=True)
    is_high_risk = models.BooleanField(default=False)
    authority_told_at = models.BigIntegerField(null=True)
    persons_told_at = models.BigIntegerField(null=True)
    controllers_told_at = models.BigIntegerField(null=True)
    told = models.CharField(max_length=10, blank=True)
    """What its keepers were told of last (`breaches.telling`)."""
    created_at = models.BigIntegerField()
    closed_at = models.BigIntegerField(null=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["workspace_id", "aware_at"], name="breach_by_age"),
            models.Index(
                fields=["aware_at"],
                name="breach_running",
                condition=models.Q(closed_at=None, authority_told_at=None) & ~models.Q(decision="no_risk"),
            ),
        ]


class BreachStep(models.Model):
    """What was said or done about a breach, by whom and when; never changed."""

    breach = models.ForeignKey(Breach, on_delete=models.CASCADE)
    at = models.BigIntegerField()
    user_id = models.BigIntegerField()
    """The member; 0: through the API or the command line."""
    what = models.CharField(max_length=30)
    detail = models.JSONField(default=list)
    before = models.JSONField(default=dict)
    """What the changed fields said before."""
    note = models.TextField(blank=True)
