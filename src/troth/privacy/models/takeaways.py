"""The tables of what account owners take away (`takeaways`) and of what is handed over to others for somebody (`handovers`)."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models


class TakeawayState(models.TextChoices):
    """`waiting` and `writing`, then `ready` until it expires; the file is gone with `expired` and `failed`."""

    WAITING = "waiting"
    WRITING = "writing"
    READY = "ready"
    EXPIRED = "expired"
    FAILED = "failed"


class Takeaway(models.Model):
    """A file with everything of one workspace, or of all of an account, that an owner asked for."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    workspace_id = models.BigIntegerField()
    """Where it was asked for."""
    workspace_ids = models.JSONField()
    """What is in it."""
    state = models.CharField(max_length=8, choices=TakeawayState)
    asked_by = models.CharField(max_length=40)
    asked_at = models.BigIntegerField()
    attempt = models.IntegerField(default=0)
    """Grows whenever it is begun anew: who wrote the one before notices, and stops."""
    rows = models.BigIntegerField(default=0)
    """Written so far."""
    bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    ready_at = models.BigIntegerField(null=True)
    expires_at = models.BigIntegerField(null=True)
    next_at = models.BigIntegerField(null=True)
    """When the worker looks at it: to begin, to go on where a process died, or to remove the file."""

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["next_at"], name="takeaway_by_next")]


class HandoverState(models.TextChoices):
    """`waiting` for the next try; then `done` with a receipt, or `failed` with the reason."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class Handover(models.Model):
    """That a file went, or is to go, to a recipient whom somebody named. Of a person it knows only the request."""

    workspace_id = models.BigIntegerField()
    """0: of a member, whose data is no workspace's."""
    what = models.CharField(max_length=12)
    """`takeaway`, `access`, `portability` or `member`."""
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="handovers")
    """The member whose own data goes."""
    takeaway_id = models.UUIDField(null=True)
    request_id = models.UUIDField(null=True)
    """Of a person: the privacy request, which leads to them while they are there."""
    recipient = models.CharField(max_length=200)
    host = models.CharField(max_length=255)
    """Where it goes; the whole address may hold a secret, and is encrypted."""
    target = models.BinaryField(null=True)
    """Encrypted, and gone when it is over."""
    asked_by = models.CharField(max_length=40)
    asked_at = models.BigIntegerField()
    state = models.CharField(max_length=7, choices=HandoverState)
    attempts = models.IntegerField(default=0)
    next_at = models.BigIntegerField(null=True)
    status = models.IntegerField(default=0)
    """What was answered: an HTTP code."""
    trouble = models.CharField(max_length=40, blank=True)
    answer = models.CharField(max_length=200, blank=True)
    """The ETag or the id that the recipient gave it."""
    bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    ended_at = models.BigIntegerField(null=True)
    receipt = models.TextField(blank=True)
    """Signed."""

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["next_at"], name="handover_by_next"),
            models.Index(fields=["workspace_id", "id"], name="handover_by_workspace"),
        ]
