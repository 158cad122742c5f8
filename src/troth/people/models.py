"""Personal tables: keyed by `(bucket, person_id, …)`, times in integer milliseconds, written by the SQL in `queries.py`."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class PersonState(models.IntegerChoices):
    """Whether a person may still be processed."""

    ACTIVE = 0
    BEING_ERASED = 1
    """An erasure was accepted; nobody sees or processes the person any more."""


class Person(models.Model):
    """Somebody whose data a workspace holds. `seq` is the number of their last event."""

    pk = models.CompositePrimaryKey("bucket", "person_id")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    state = models.SmallIntegerField(choices=PersonState, default=PersonState.ACTIVE)
    created_at = models.BigIntegerField()
    updated_at = models.BigIntegerField()
    seq = models.IntegerField(default=0)
    attributes = models.JSONField(default=dict)
    origins = models.JSONField(default=dict)
    """Where each attribute came from (Art. 15(1)(g)): name → [door, milliseconds when its value was first said]; absent where it is not known."""
    tags = models.JSONField(default=list)

    class Meta:
        # By key: a condition on everybody of a workspace is met with the other personal tables in their own order, without reading whole persons.
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["workspace_id", "created_at", "bucket", "person_id"], name="person_by_age"),
            models.Index(fields=["workspace_id", "bucket", "person_id", "state"], name="person_by_key"),
        ]


class Identifier(models.Model):
    """One identifier of a person, in clear, beside the person."""

    pk = models.CompositePrimaryKey("bucket", "person_id", "kind", "tag")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    """`external_id`, `anonymous_id`, `email`, `phone` or `device`."""
    tag = models.BinaryField(max_length=16)
    workspace_id = models.BigIntegerField()
    value = models.TextField()
    detail = models.CharField(max_length=20, blank=True)
    """The platform of a device."""
    source = models.CharField(max_length=20)
    created_at = models.BigIntegerField()

    class Meta:
        # For the search by the beginning of a value. It spares what arrives most and nobody types: anonymous ids and push tokens.
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["workspace_id", "value"],
                name="identifier_by_value",
                opclasses=["int8_ops", "text_pattern_ops"],
                condition=models.Q(kind__in=["external_id", "email", "phone"]),
            )
        ]


class IdentifierIndex(models.Model):
    """From the keyed hash of an identifier to its person, in the bucket of the hash.

    `slot` is 0 where an identifier belongs to one person only (external and anonymous ids), which makes the key enforce it,
    and the person's id where several may share it (an e-mail address in a household).
    """

    pk = models.CompositePrimaryKey("bucket", "tag", "slot")
    bucket = models.SmallIntegerField()
    tag = models.BinaryField(max_length=16)
    slot = models.BigIntegerField()
    person_id = models.BigIntegerField()
    created_at = models.BigIntegerField()


class Event(models.Model):
    """Something a person did, clustered by person; `seq` is its place in the order Troth processed them."""

    pk = models.CompositePrimaryKey("bucket", "person_id", "seq")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    seq = models.IntegerField()
    workspace_id = models.BigIntegerField()
    name = models.CharField(max_length=255)
    ts = models.BigIntegerField()
    received_at = models.BigIntegerField()
    source = models.CharField(max_length=20)
    purpose = models.CharField(max_length=64)
    properties = models.JSONField(default=dict)
    dedupe = models.BinaryField(max_length=16, null=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "name", "bucket", "person_id", "ts"], name="event_by_name")]
