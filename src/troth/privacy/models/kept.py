"""What a legal hold keeps of erased persons (`kept`)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class KeptItem(models.Model):
    """One item of one erased person, sealed, until its hold ends. Nothing leads from a person to it; only the request and the hold do."""

    id = models.BigIntegerField(primary_key=True)
    workspace_id = models.BigIntegerField()
    request_id = models.UUIDField()
    hold_id = models.BigIntegerField()
    kind = models.CharField(max_length=10, blank=True)
    """`attribute`, `event` or `property`; empty: everything."""
    event = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=255, blank=True)
    exception = models.CharField(max_length=20)
    """Of Art. 17(3), see `kept.EXCEPTIONS`."""
    since = models.BigIntegerField()
    until = models.BigIntegerField()
    sealed = models.BinaryField()
    """Whose it was, the data, and the ground in words: compressed JSON, encrypted."""

    class Meta:
        app_label = "privacy"
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["workspace_id", "id"], name="kept_by_workspace"),
            models.Index(fields=["until"], name="kept_until"),
        ]
