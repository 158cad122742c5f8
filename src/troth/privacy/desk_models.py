"""What the desk keeps beside requests: letters of a workspace's own."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class LetterTemplate(models.Model):
    """A version of a letter that a workspace wrote itself; appended, never changed. An empty text puts the built-in letter back."""

    workspace_id = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    """Of `desk.letters.KINDS`."""
    language = models.CharField(max_length=10)
    version = models.IntegerField()
    subject = models.TextField(blank=True)
    text = models.TextField(blank=True)
    user_id = models.BigIntegerField(default=0)
    """The member; 0: through the API or the command line."""
    at = models.BigIntegerField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["workspace_id", "kind", "language", "version"], name="letter_by_version"),
        ]
