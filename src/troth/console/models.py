"""What the console keeps of its own."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class CacheEntry(models.Model):
    """The table of Django's database cache, which counts attempts to log in: columns and types are Django's (`createcachetable`).

    As a model it is made by migrations like every other table. Keys are keyed hashes (`account.limits.hide_key`), and entries last minutes.
    """

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField()

    class Meta:
        db_table = "console_cache"
        indexes: ClassVar[list[Any]] = [models.Index(fields=["expires"], name="console_cache_by_expiry")]
