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


class RequesterFile(models.Model):
    """The file of a request whose person is not on file (Art. 11(2), 12(2)): where they can be told so, and what was written. Nothing else has it."""

    request_id = models.UUIDField(primary_key=True)
    workspace_id = models.BigIntegerField()
    address = models.TextField(blank=True)
    """The e-mail address that the request came from; empty: it came otherwise."""
    tag = models.BinaryField()
    """The keyed hash of the address: who is erased under it has the file erased as well."""
    words = models.JSONField(default=dict)
    """What was written: `{step: [subject, text]}`."""
    tries = models.SmallIntegerField(default=0)
    """How often somebody was looked for by what was told."""
    until = models.BigIntegerField(null=True)
    """When it is deleted, once the request is closed."""

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["workspace_id", "tag"], name="requester_by_tag"),
            models.Index(fields=["until"], name="requester_to_forget", condition=models.Q(until__isnull=False)),
        ]
