"""The table of what a processor has to pass on to the controller: requests of persons that came to it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class Forwarding(models.Model):
    """That a request has to be, or was, passed on to the controller. It knows the request alone; who asks is read when it goes."""

    request_id = models.UUIDField(primary_key=True)
    workspace_id = models.BigIntegerField()
    due_at = models.BigIntegerField()
    next_at = models.BigIntegerField(null=True)
    """When it is tried, and somebody told that it is late; empty once it is passed on."""
    forwarded_at = models.BigIntegerField(null=True)
    how = models.CharField(max_length=10, blank=True)
    """`mail`, or `otherwise`: a member did it themselves."""
    trouble = models.CharField(max_length=40, blank=True)
    chased = models.CharField(max_length=4, blank=True)
    """What somebody was told last: `soon` or `over`."""

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["next_at"], name="forwarding_by_next", condition=models.Q(next_at__isnull=False)),
            models.Index(fields=["workspace_id", "due_at"], name="forwarding_open", condition=models.Q(forwarded_at__isnull=True)),
        ]
