"""What holds sending back: limits, stops, the fence around a copied database, the pace of each way."""

from __future__ import annotations

from django.db import models


class LimitSetting(models.Model):
    """The limits that a workspace keeps for its marketing, see `limit_settings.Limits`."""

    workspace_id = models.BigIntegerField(primary_key=True)
    limits = models.JSONField(default=dict)


class SendControl(models.Model):
    """A stop or a hold for a source, a workspace (empty source) or the installation (workspace 0); see `controls.py`."""

    pk = models.CompositePrimaryKey("workspace_id", "source")
    workspace_id = models.BigIntegerField()
    source = models.CharField(max_length=40, blank=True)
    stopped_at = models.BigIntegerField(null=True)
    """Since when nothing goes; null: it goes."""
    why = models.CharField(max_length=20, blank=True)
    by = models.CharField(max_length=100, blank=True)
    """Who stopped it: `member 7`, `governor`, `command line`."""
    note = models.CharField(max_length=500, blank=True)
    marketing_only = models.BooleanField(default=False)
    hold_ms = models.BigIntegerField(default=0)
    """How long its messages wait from when they are queued, so that they can be taken back."""
    rearmed_at = models.BigIntegerField(default=0)
    """When it was let go last: the governor counts from there."""

    class Meta:
        db_table = "messages_control"


class SendFence(models.Model):
    """Where this database lies when it is the one that sends; one row, see `fencing.py`."""

    id = models.SmallIntegerField(primary_key=True)
    place = models.CharField(max_length=200)
    found_at = models.CharField(max_length=200, blank=True)
    """Where it found itself since, unconfirmed."""
    confirmed_at = models.BigIntegerField()

    class Meta:
        db_table = "messages_fence"


class SendLane(models.Model):
    """One way out, or one way to one mailbox provider: the pace set for it and how it stands; see `lanes.py`. Rows are rare."""

    pk = models.CompositePrimaryKey("way", "mailbox")
    way = models.CharField(max_length=40)
    """`installation` or `channel 7`."""
    mailbox = models.CharField(max_length=100, blank=True)
    """A mailbox provider (`mailboxes.py`); empty: the way as a whole."""
    per_second = models.FloatField(default=0)
    per_day = models.BigIntegerField(default=0)
    growth = models.FloatField(default=1)
    since = models.BigIntegerField(default=0)
    tokens = models.FloatField(default=0)
    filled_at = models.BigIntegerField(default=0)
    day = models.IntegerField(default=0)
    today = models.BigIntegerField(default=0)
    refusals = models.IntegerField(default=0)
    paused_until = models.BigIntegerField(default=0)
    failures = models.IntegerField(default=0)
    open_until = models.BigIntegerField(default=0)
    trial_at = models.BigIntegerField(default=0)

    class Meta:
        db_table = "messages_lane"
