"""What the register of processors said, version by version."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class ProcessorVersion(models.Model):
    """An entry of the register as it was from a moment on; appended, never changed."""

    workspace_id = models.BigIntegerField()
    processor_id = models.BigIntegerField()
    at = models.BigIntegerField()
    what = models.CharField(max_length=20)
    """`registered`, `proposed`, `changed`, `objected`, `settled` or `ended`."""
    entry = models.JSONField()
    """What everybody may know of it (`processors.history`)."""
    note = models.TextField(blank=True)
    """Why somebody objected, or how that was settled; for members alone."""

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "id"], name="processor_version")]
