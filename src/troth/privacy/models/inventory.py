"""The tables of the inventory: what is stored, how far it is counted, what was corrected by hand, and what is cleared."""

from __future__ import annotations

import uuid

from django.db import models


class InventoryItem(models.Model):
    """What is stored under one name: counts, types, shapes and doors. Never a value, and no name that looks like one."""

    pk = models.CompositePrimaryKey("workspace_id", "kind", "event", "name", "slice")
    workspace_id = models.BigIntegerField()
    kind = models.CharField(max_length=10)
    """`attribute`, `event` or `property`."""
    event = models.CharField(max_length=255)
    """Folded; empty for attributes."""
    name = models.CharField(max_length=255)
    """Empty for events themselves; `address.city` for what lies in an object."""
    slice = models.SmallIntegerField(default=0)
    """Attributes are counted anew slice by slice of all buckets; everything else is counted as it comes, in slice 0."""
    count = models.BigIntegerField()
    first_day = models.IntegerField()
    """Days since 1970-01-01 UTC; 0: not known."""
    last_day = models.IntegerField()
    types = models.JSONField(default=dict)
    doors = models.JSONField(default=dict)
    shapes = models.JSONField(default=dict)
    """The commonest forms of the values that were looked at."""
    votes = models.JSONField(default=dict)
    """Which categories those values spoke for."""
    looked_at = models.IntegerField(default=0)


class InventoryPosition(models.Model):
    """How far the counting is; one row, whose id is 1."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    bucket = models.SmallIntegerField(default=0)
    """Events of the buckets before were counted, and are counted as they come."""
    slice = models.SmallIntegerField(default=0)
    """The next slice whose attributes are counted."""
    counted_at = models.BigIntegerField(default=0)
    """When all attributes had last been counted, in milliseconds."""


class DataCategory(models.Model):
    """A category that a member gave to an attribute, event or property: it stands above what rules say."""

    pk = models.CompositePrimaryKey("workspace_id", "kind", "event", "name")
    workspace_id = models.BigIntegerField()
    kind = models.CharField(max_length=10)
    event = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    category = models.CharField(max_length=20)
    at = models.BigIntegerField()


class InventoryAlarm(models.Model):
    """How much of a workspace was stored or handed on but not declared when that was last looked at."""

    workspace_id = models.BigIntegerField(primary_key=True)
    alarms = models.IntegerField()
    at = models.BigIntegerField()


class Clearing(models.Model):
    """What was collected under a name and is not any more is deleted, step by step; then it stays as proof, in numbers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    workspace_id = models.BigIntegerField()
    kind = models.CharField(max_length=10)
    event = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    bucket = models.SmallIntegerField(default=0)
    """Where it goes on."""
    cleared = models.BigIntegerField(default=0)
    """Persons or events that held it."""
    started_at = models.BigIntegerField()
    ended_at = models.BigIntegerField(null=True)
