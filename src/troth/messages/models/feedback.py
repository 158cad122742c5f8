"""What providers and mailboxes told, the addresses that get nothing any more, and fetches counted without persons."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class DeliveryEvent(models.Model):
    """One thing that a provider, a mail server or a mailbox told of a message; `message_id` 0: of mail to the person that is none of ours."""

    pk = models.CompositePrimaryKey("bucket", "person_id", "message_id", "event_tag")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    message_id = models.BigIntegerField()
    event_tag = models.BinaryField(max_length=16)
    """A keyed hash of the provider's name for the news, so that it counts once."""
    workspace_id = models.BigIntegerField()
    told = models.CharField(max_length=12)
    """One of `channels.port.Told`."""
    at = models.BigIntegerField()
    """When it happened; `noted_at`: when we heard of it."""
    noted_at = models.BigIntegerField()
    medium = models.CharField(max_length=10)
    provider = models.CharField(max_length=30)
    status = models.CharField(max_length=40, blank=True)
    diagnostic = models.TextField(blank=True)
    """What the receiving side said, shortened, without addresses, until the retention of diagnostics is over."""
    address_tag = models.BinaryField(max_length=16)
    """The keyed hash of the address it went to."""

    class Meta:
        db_table = "messages_deliveryevent"
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["noted_at"], name="delivery_by_age"),
            models.Index(fields=["noted_at"], name="delivery_with_words", condition=~models.Q(diagnostic="")),
            models.Index(fields=["workspace_id", "told", "at"], name="delivery_by_told"),
        ]


class StopReason(models.TextChoices):
    """Why nothing is sent to an address any more."""

    HARD_BOUNCE = "hard_bounce"
    SOFT_BOUNCES = "soft_bounces"
    COMPLAINT = "complaint"


class StoppedAddress(models.Model):
    """An address to which nothing is sent: only its keyed hash is kept. The row stays when the stop is lifted, with who did and why."""

    pk = models.CompositePrimaryKey("bucket", "tag")
    bucket = models.SmallIntegerField()
    tag = models.BinaryField(max_length=16)
    workspace_id = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    """`email` or `phone`."""
    reason = models.CharField(max_length=20, choices=StopReason)
    stopped_at = models.BigIntegerField()
    lifted_at = models.BigIntegerField(null=True)
    lifted_by = models.BigIntegerField(null=True)
    """The user who lifted it."""
    lift_reason = models.TextField(blank=True)

    class Meta:
        db_table = "messages_stoppedaddress"
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "reason"], name="stop_by_reason")]


class FetchCount(models.Model):
    """How often the picture that all recipients of a source share was fetched on a day (UTC): a number without persons."""

    pk = models.CompositePrimaryKey("workspace_id", "source", "day", "is_machine")
    workspace_id = models.BigIntegerField()
    source = models.CharField(max_length=40)
    day = models.IntegerField()
    """Days since 1970."""
    is_machine = models.BooleanField()
    times = models.BigIntegerField()

    class Meta:
        db_table = "messages_fetchcount"
