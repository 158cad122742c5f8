"""The tables of retention: schedules, their runs, and the legal holds that keep something from them."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models


class RetentionRule(models.Model):
    """A schedule: which data goes, and when (`retention.rules`)."""

    workspace_id = models.BigIntegerField()
    title = models.CharField(max_length=200)
    target = models.CharField(max_length=10)
    """`category`, `attribute`, `event`, `property`, `person` or `store`."""
    category = models.CharField(max_length=20, blank=True)
    event = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=255, blank=True)
    purpose = models.CharField(max_length=64, blank=True)
    """For which the data is collected, or whose consent ended; empty: any."""
    trigger = models.CharField(max_length=20)
    """`age`, `last_activity`, `consent_end` or `year_end`."""
    period = models.CharField(max_length=32)
    """An ISO 8601 duration from the trigger on."""
    is_active = models.BooleanField(default=False)
    created_at = models.BigIntegerField()
    due_at = models.BigIntegerField(default=0)
    """When it runs next."""

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "id"], name="retention_by_workspace")]


class RetentionRun(models.Model):
    """One carrying out of a schedule: what it covered, how far it is, and what went, in numbers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace_id = models.BigIntegerField()
    rule_id = models.BigIntegerField()
    rule = models.JSONField()
    """The schedule as it was."""
    data = models.JSONField(default=list)
    """What it covered by name: kind, event, name."""
    cutoff = models.BigIntegerField()
    bucket = models.SmallIntegerField(default=0)
    counts = models.JSONField(default=dict)
    started_at = models.BigIntegerField()
    ended_at = models.BigIntegerField(null=True)
    certificate = models.TextField(blank=True)
    """JSON text, signed."""

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["workspace_id", "started_at"], name="retention_run_by_age"),
            models.Index(fields=["started_at"], name="retention_run_under_way", condition=models.Q(ended_at=None)),
        ]


class LegalHold(models.Model):
    """What must not go, of a person or (person 0) of everybody; retention leaves it, and an erasure sets it aside."""

    pk = models.CompositePrimaryKey("bucket", "person_id", "hold_id")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    hold_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, blank=True)
    """`attribute`, `event` or `property`; empty: everything."""
    event = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=255, blank=True)
    exception = models.CharField(max_length=20, default="claims")
    """Of Art. 17(3), see `kept.EXCEPTIONS`."""
    ground = models.TextField()
    until = models.BigIntegerField()
    placed_at = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "hold_id"], name="hold_by_workspace")]
