"""The table of instructions that a processor holds to infringe the law (Art. 28(3), last sentence)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class Outcome(models.TextChoices):
    """What the controller said."""

    OPEN = "", "not answered yet"
    CONFIRMED = "confirmed", "confirmed"
    CHANGED = "changed", "changed"
    WITHDRAWN = "withdrawn", "withdrawn"


class ContestedInstruction(models.Model):
    """One instruction that somebody contested: an entry of the audit log, or a request that the controller sent. It holds nothing about persons.

    It keeps what the entry said, for it outlives the log.
    """

    workspace_id = models.BigIntegerField()
    entry_id = models.BigIntegerField(null=True)
    request_id = models.UUIDField(null=True)
    action = models.CharField(max_length=40)
    """What the instruction was, as the audit log calls it."""
    detail = models.JSONField(default=dict)
    given_at = models.BigIntegerField()
    reason = models.TextField()
    by = models.BigIntegerField(default=0)
    """The member; 0: by a key, or whoever runs the installation."""
    at = models.BigIntegerField()
    waits = models.CharField(max_length=600, blank=True)
    """What does not go on meanwhile: `request`, `schedule:4`, `campaign:7`, `newsletter:3`, `channel:2`, `webhook:5`; a change
    that is set back (`consent.held`): `purpose:KEY`, `collecting:KIND NAME`, `assignment:ENTRY`, `measuring:ENTRY`; empty: it was carried out when it was given."""
    has_stopped = models.BooleanField(default=False)
    """Whether sending was stopped for its sake, and by nobody before."""
    next_at = models.BigIntegerField(null=True)
    """When the controller is told; empty once it was."""
    told_at = models.BigIntegerField(null=True)
    trouble = models.CharField(max_length=20, blank=True)
    """Why it could not be told yet: `no_contact`, `no_mail_server` or `not_taken`."""
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    said = models.TextField(blank=True)
    """What the controller said."""
    settled_by = models.BigIntegerField(default=0)
    settled_at = models.BigIntegerField(null=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["workspace_id", "at"], name="contest_by_workspace"),
            models.Index(fields=["next_at"], name="contest_by_next", condition=models.Q(next_at__isnull=False)),
        ]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["workspace_id", "entry_id"], condition=models.Q(outcome=""), name="contest_of_entry"),
            models.UniqueConstraint(fields=["workspace_id", "request_id"], condition=models.Q(outcome=""), name="contest_of_request"),
        ]
