"""The mailbox of the actors, the memory against duplicates, and accepted deletions that wait for the privacy worker."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class InboxItem(models.Model):
    """An event that was accepted and is durable, but not yet folded into its person's history.

    The door only appends here; the person's actor reads, numbers, reacts and deletes, all in one transaction. On SQLite `item_id`
    alone is the key (migration 0001): appending costs a fifth of clustering (docs/decisions/001).
    """

    pk = models.CompositePrimaryKey("bucket", "item_id")
    bucket = models.SmallIntegerField()
    item_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    name = models.CharField(max_length=255)
    ts = models.BigIntegerField()
    received_at = models.BigIntegerField()
    source = models.CharField(max_length=20)
    purpose = models.CharField(max_length=64)
    properties = models.TextField()
    """JSON text; checked by the decoder already, so the database need not parse it again."""
    dedupe = models.BinaryField(max_length=16, null=True)
    dedupe_until = models.BigIntegerField(default=0)

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["item_id"], name="inbox_by_arrival")]


class Seen(models.Model):
    """The keyed hash of a de-duplication key, until it may be used again; in the bucket of the hash, so exact per workspace."""

    pk = models.CompositePrimaryKey("bucket", "tag")
    bucket = models.SmallIntegerField()
    tag = models.BinaryField(max_length=16)
    item_id = models.BigIntegerField()
    """Which inbox item took it: taking it again for the same item is no duplicate."""
    until = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["until"], name="seen_by_expiry")]


class DeletionOrder(models.Model):
    """A deletion that came through a machine's door. Confirmed ones are executed at once by the privacy worker."""

    pk = models.CompositePrimaryKey("bucket", "person_id")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    confirmed = models.BooleanField()
    source = models.CharField(max_length=20)
    at = models.BigIntegerField()


class Minute(models.Model):
    """How much came in within a minute, per workspace: numbers, nobody's data. `lane` keeps processes from waiting for each other's row."""

    pk = models.CompositePrimaryKey("workspace_id", "minute", "lane")
    workspace_id = models.BigIntegerField()
    minute = models.IntegerField()
    """Minutes since 1970-01-01 UTC."""
    lane = models.SmallIntegerField()
    accepted = models.IntegerField(default=0)
    dropped = models.IntegerField(default=0)
    refused = models.IntegerField(default=0)
