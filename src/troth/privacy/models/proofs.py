"""The table of the history of proofs of erasure: facts and a signed statement each, about nobody."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models


class ProofState(models.TextChoices):
    """What became of a proof."""

    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    """The search found what should be gone, or did not find what is there."""
    BROKEN = "broken"
    """It did not come to its end."""


class ProofRun(models.Model):
    """One proof, of the whole installation."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=10, choices=ProofState, default=ProofState.RUNNING)
    begun_at = models.BigIntegerField()
    seen_at = models.BigIntegerField()
    """When whoever carries it out last gave a sign of life."""
    ended_at = models.BigIntegerField(null=True)
    step = models.CharField(max_length=20, blank=True)
    done = models.BigIntegerField(default=0)
    """Bytes read so far, of `total`."""
    total = models.BigIntegerField(default=0)
    files = models.IntegerField(default=0)
    took_ms = models.IntegerField(default=0)
    """The search alone."""
    reasons = models.JSONField(default=list)
    """Why it did not pass, in words."""
    certificate = models.TextField(blank=True)
    """The statement: JSON text, signed."""
    sealed = models.BinaryField(null=True)
    """The control's made-up values, encrypted: the next proof searches for them, too."""
    told_at = models.BigIntegerField(null=True)
    """When somebody was told that it failed, or that none has passed since."""

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["begun_at"], name="proof_by_age")]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["state"], name="one_proof_at_a_time", condition=models.Q(state="running"))
        ]
