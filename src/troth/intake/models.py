"""The mailbox of the actors, the memory against duplicates, accepted deletions that wait, counts per minute, and what Live shows."""

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


class Watch(models.Model):
    """A workspace whose Live room somebody looks at, or looked at a while ago: until when its requests are captured."""

    workspace_id = models.BigIntegerField(primary_key=True)
    until = models.BigIntegerField()
    generation = models.BigIntegerField()
    """Random; new whenever somebody of the workspace was erased. What was captured under another is not written any more."""
    skipped = models.BigIntegerField(default=0)
    """How many messages came in while somebody watched and were not captured, for there were too many at once."""


class Capture(models.Model):
    """A message as it came through a machine's door, and what was made of it; kept for minutes, while somebody watches. Person 0: nobody known."""

    pk = models.CompositePrimaryKey("bucket", "person_id", "capture_id")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    capture_id = models.BigIntegerField()
    """Grows with time."""
    workspace_id = models.BigIntegerField()
    at = models.BigIntegerField()
    source = models.CharField(max_length=20)
    kind = models.CharField(max_length=40)
    """What was asked for: `track`, `events/track`, …"""
    name = models.CharField(max_length=255)
    """Of the event, folded."""
    who = models.CharField(max_length=255)
    """The first identifier it gave."""
    status = models.SmallIntegerField()
    """Of the answer."""
    outcome = models.CharField(max_length=20)
    reason = models.CharField(max_length=500)
    raw = models.TextField()
    is_cut = models.BooleanField()
    understood = models.TextField()
    """JSON text; see `troth.intake.capturing`."""

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "capture_id"], name="captures_by_arrival")]
