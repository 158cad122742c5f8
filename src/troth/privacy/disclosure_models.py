"""The tables of who got whose data (`disclosures`)."""

from __future__ import annotations

from django.db import models


class Disclosure(models.Model):
    """That data of a person went to a recipient: one row for each kind of data and purpose, with the first and the last time. No value is kept."""

    pk = models.CompositePrimaryKey("bucket", "person_id", "kind", "recipient_id", "what", "basis")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    kind = models.CharField(max_length=10)
    """`channel`, `webhook`, or `controller` for data that was handed over at the person's wish."""
    recipient_id = models.BigIntegerField()
    """Of the channel or webhook; channel 0: the installation's mail server."""
    what = models.CharField(max_length=30)
    """The medium of messages, the type of what a webhook told, or `export`."""
    basis = models.CharField(max_length=64)
    """The purpose for which it went; its legal basis stands with the purpose."""
    workspace_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    """What the recipient was called the last time, for when it is removed."""
    first_at = models.BigIntegerField()
    last_at = models.BigIntegerField()
    times = models.BigIntegerField()
