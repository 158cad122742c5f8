"""Webhooks, how their addresses answer, and what is on its way to them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class WebhookState(models.TextChoices):
    """Whether news is taken in and delivered."""

    ON = "on"
    PAUSED = "paused"
    """News is taken in and waits."""
    OFF = "off"
    """No news is taken in; what waits, waits."""


class Format(models.TextChoices):
    """In whose shape news is told."""

    VERO = "vero"
    TROTH = "troth"


class DeliveryState(models.TextChoices):
    """Where a delivery is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    """Tried until its time was over: a dead letter, until somebody replays it."""


class Webhook(models.Model):
    """An address of the customer's that is told of some types of news, for a purpose."""

    workspace_id = models.BigIntegerField()
    name = models.CharField(max_length=100)
    url = models.TextField()
    types = models.JSONField(default=list)
    purpose = models.CharField(max_length=64)
    """Why data is handed on: the gate is asked about it for each person."""
    format = models.CharField(max_length=10, choices=Format, default=Format.TROTH)
    state = models.CharField(max_length=10, choices=WebhookState, default=WebhookState.ON)
    off_because = models.CharField(max_length=20, blank=True)
    """`gone` where the address answered 410."""
    sealed = models.BinaryField()
    """The secret it is signed with, encrypted with a key of the master key's."""
    sealed_before = models.BinaryField(null=True)
    """The secret before that one, with which it is signed as well until `before_until`."""
    before_until = models.BigIntegerField(null=True)
    created_at = models.BigIntegerField()
    changed_at = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "id"], name="webhook_by_workspace")]


class Health(models.Model):
    """How an address answered lately; apart from the webhook, because it changes all the time."""

    webhook = models.OneToOneField(Webhook, on_delete=models.CASCADE, primary_key=True)
    failures = models.IntegerField(default=0)
    """In a row."""
    open_until = models.BigIntegerField(default=0)
    """Until then nothing is tried there."""
    status = models.SmallIntegerField(default=0)
    """The last answer's HTTP code; 0: there was none."""
    trouble = models.CharField(max_length=40, blank=True)
    at = models.BigIntegerField(null=True)
    taken_at = models.BigIntegerField(null=True)
    """When it last took something."""


class Withheld(models.Model):
    """How much the gate kept back on a day (UTC): a number without persons."""

    pk = models.CompositePrimaryKey("webhook_id", "day", "type", "reason")
    webhook_id = models.BigIntegerField()
    day = models.IntegerField()
    """Days since 1970."""
    type = models.CharField(max_length=30)
    reason = models.CharField(max_length=100)
    """`PURPOSE:REASON` of the gate."""
    times = models.BigIntegerField()


class Queued(models.Model):
    """What both kinds of deliveries share. Whom it is about, by address or name, is read when it goes, and kept nowhere here."""

    pk = models.CompositePrimaryKey("bucket", "person_id", "delivery_id")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    delivery_id = models.BigIntegerField()
    """Grows with time, and stays whatever happens: `webhook-id` is made of it."""
    workspace_id = models.BigIntegerField()
    webhook_id = models.BigIntegerField()
    type = models.CharField(max_length=30)
    at = models.BigIntegerField()
    """When it happened."""
    facts = models.JSONField(null=True)
    """What happened; None once its retention is over."""
    ungated = models.BooleanField()
    """Passed on whatever the gate says: a withdrawal, a complaint, an erasure (Art. 19)."""
    state = models.CharField(max_length=10, choices=DeliveryState)
    attempts = models.SmallIntegerField(default=0)
    due_at = models.BigIntegerField()
    """Also how long whoever has it in hand may take."""
    retry_until = models.BigIntegerField()
    created_at = models.BigIntegerField()
    settled_at = models.BigIntegerField(null=True)
    status = models.SmallIntegerField(default=0)
    """The last answer's HTTP code; 0: there was none."""
    trouble = models.CharField(max_length=40, blank=True)

    class Meta:
        abstract = True


class Delivery(Queued):
    """One piece of news about one person on its way to one webhook."""

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["webhook_id", "due_at"], name="delivery_due", condition=models.Q(state="waiting")),
            models.Index(fields=["workspace_id", "webhook_id", "state", "delivery_id"], name="delivery_by_state"),
            models.Index(fields=["workspace_id", "webhook_id", "delivery_id"], name="delivery_by_webhook"),
            models.Index(fields=["created_at"], name="delivery_by_time"),
        ]


class ErasureNotice(Queued):
    """What is about nobody that is there, on its way to one webhook: that somebody was erased, by the random number they had in Troth, or an instruction."""

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["webhook_id", "due_at"], name="notice_due", condition=models.Q(state="waiting")),
            models.Index(fields=["workspace_id", "webhook_id", "state", "delivery_id"], name="erasure_by_state"),
            models.Index(fields=["workspace_id", "webhook_id", "delivery_id"], name="erasure_by_webhook"),
            models.Index(fields=["created_at"], name="erasure_by_time"),
        ]
