"""Segments: their definitions and versions (configuration), who is a member, what changed, and when time alone may change it."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from troth.consent.catalog import PROFILING


class Segment(models.Model):
    """The people who satisfy conditions now, among those who may be chosen under its purpose."""

    workspace_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    definition = models.JSONField()
    purpose = models.CharField(max_length=64, default=PROFILING)
    """Why people are chosen: only those whom the gate lets be profiled under it can be members."""
    also_for = models.JSONField(default=list)
    """Further purposes that it serves (decision 006): people are asked about each of which it reads data."""
    version = models.IntegerField(default=1)
    archived = models.BooleanField(default=False)
    created_at = models.BigIntegerField()
    updated_at = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "archived"], name="segment_by_workspace")]


class SegmentVersion(models.Model):
    """A segment as it was saved once."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="versions")
    version = models.IntegerField()
    name = models.CharField(max_length=200)
    definition = models.JSONField()
    purpose = models.CharField(max_length=64)
    also_for = models.JSONField()
    at = models.BigIntegerField()
    """Milliseconds."""
    author = models.CharField(max_length=320, blank=True)
    """Which member or key saved it."""

    class Meta:
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=["segment", "version"], name="one_row_per_segment_version")]


class Progress(models.Model):
    """How far a segment is computed; apart from the segment, because it changes all the time."""

    segment = models.OneToOneField(Segment, on_delete=models.CASCADE, primary_key=True)
    due_at = models.BigIntegerField(null=True)
    """When everybody is to be looked at (again), in milliseconds; None: it is computed, and kept up by what changes."""
    bucket = models.SmallIntegerField(default=0)
    """The next bucket to look at, while everybody is."""
    started_at = models.BigIntegerField(null=True)
    computed_at = models.BigIntegerField(null=True)
    """When everybody had been looked at last."""
    computed_version = models.IntegerField(default=0)
    took_ms = models.IntegerField(default=0)
    gate = models.CharField(max_length=64, blank=True)
    """A digest of the rules of who may be chosen, as of the last computation: when they change, everybody is looked at again."""
    size = models.IntegerField(default=0)
    left_out = models.JSONField(default=dict)
    """How many people may not be chosen, by reason; of the last count."""
    failure = models.CharField(max_length=100, blank=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["due_at"], name="segment_due", condition=models.Q(due_at__isnull=False))]


class Membership(models.Model):
    """That a person is in a segment."""

    pk = models.CompositePrimaryKey("bucket", "person_id", "segment_id")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    segment_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    since = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["segment_id", "bucket", "person_id"], name="membership_by_segment")]


class Mark(models.Model):
    """That something changed about a person which a segment reads. On SQLite `mark_id` alone is the key (migration 0001): marks are only appended."""

    pk = models.CompositePrimaryKey("bucket", "mark_id")
    bucket = models.SmallIntegerField()
    mark_id = models.BigIntegerField()
    """Grows with time."""
    person_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    what = models.CharField(max_length=300)
    """`event:bought`, `attribute:plan`, `tags`, `consent:news`, `segment:7` (by time), …; `*`: anything."""

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["mark_id"], name="mark_by_arrival")]


class Timer(models.Model):
    """When the membership of a person may change by time alone: as soon as the horizon reaches the value."""

    pk = models.CompositePrimaryKey("bucket", "person_id", "segment_id", "horizon")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    segment_id = models.BigIntegerField()
    horizon = models.CharField(max_length=100)
    """See `horizons.Horizon.key`."""
    value = models.BigIntegerField()
    workspace_id = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["horizon", "value"], name="timer_by_value")]


class Hour(models.Model):
    """How large a segment was at the end of an hour, and how many entered and left in it: numbers, nobody's data."""

    pk = models.CompositePrimaryKey("segment_id", "hour")
    segment_id = models.BigIntegerField()
    hour = models.IntegerField()
    """Hours since 1970."""
    size = models.IntegerField()
    entered = models.IntegerField(default=0)
    left = models.IntegerField(default=0)
