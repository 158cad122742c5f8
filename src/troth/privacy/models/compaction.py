"""How far a compaction of PostgreSQL is (`compaction`)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class Compaction(models.Model):
    """One compaction: what is still to be done of it, and what it could not do. It knows no person."""

    started_at = models.BigIntegerField()
    ended_at = models.BigIntegerField(null=True)
    ledger = models.BigIntegerField()
    """Erasures up to this number of the erasure ledger were committed when it began."""
    horizon = models.BigIntegerField()
    """A transaction number after all of them: nobody may still look at what was before."""
    steps = models.JSONField(default=list)
    """What is still to be done, in order."""
    tables = models.JSONField(default=dict)
    """By table: how often its rows had been changed when it was last rebuilt."""
    rebuilt = models.IntegerField(default=0)
    segments = models.IntegerField(default=0)
    """Of the write-ahead log, overwritten or removed."""
    lacks = models.JSONField(default=dict)
    """What could not be done: `tables`, `statistics`, `log`, each with the reason."""
    held_until = models.BigIntegerField(default=0)
    """Until when it belongs to whoever does a step of it."""

    class Meta:
        app_label = "privacy"
        indexes: ClassVar[list[Any]] = [models.Index(fields=["started_at"], name="compaction_by_age")]
