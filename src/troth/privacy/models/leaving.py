"""One leaving: what was asked, how far it is, and what proves it."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models


class LeavingState(models.TextChoices):
    """`waiting`: nothing is taken in or sent, and it can be called off. From `deleting` on there is no way back."""

    WAITING = "waiting"
    CALLED_OFF = "called_off"
    DELETING = "deleting"
    SEARCHING = "searching"
    DONE = "done"


class Leaving(models.Model):
    """A workspace, or an account with all its workspaces, that is to be deleted for good. It outlives them and names nobody."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    account_id = models.BigIntegerField()
    is_whole_account = models.BooleanField()
    """Whether the account goes; else one of its workspaces."""
    workspace_ids = models.JSONField()
    send_modes = models.JSONField(default=dict)
    """What became of mail before, by workspace, for when it is called off."""
    state = models.CharField(max_length=12, choices=LeavingState)
    asked_by = models.CharField(max_length=40)
    """`member 7`, `key 3` or `operator`: numbers, no names."""
    asked_at = models.BigIntegerField()
    due_at = models.BigIntegerField()
    """When it begins, unless it is called off before."""
    called_off_at = models.BigIntegerField(null=True)
    begun_at = models.BigIntegerField(null=True)
    deleted_at = models.BigIntegerField(null=True)
    done_at = models.BigIntegerField(null=True)
    records = models.JSONField(default=dict)
    """Rows deleted, by table."""
    members = models.IntegerField(default=0)
    """Users deleted because they belonged nowhere else."""
    facts = models.JSONField(default=dict)
    """What the certificate says beside: ledger entries, agreements, what was searched for."""
    sealed = models.BinaryField(null=True)
    """Encrypted, until it is done: the values to search for, and the owners' addresses to which the certificate goes."""
    attempts = models.IntegerField(default=0)
    next_at = models.BigIntegerField(null=True)
    """When the worker looks at it again; also its lease while somebody works on it."""
    certificate = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["next_at"], name="leaving_by_next")]
