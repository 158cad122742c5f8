"""A message, with its state and the decisions that led there; and that a mail of it was opened or followed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class State(models.TextChoices):
    """Where a message is.

    `sending` is claimed by a worker; `held` was due while sending was off; `unknown` was handed over but the answer is lost, and is never
    resent by itself. `sent` is handed over; `delivered`, `bounced` and `complained` are what the provider told of it since.
    """

    QUEUED = "queued"
    SENDING = "sending"
    HELD = "held"
    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNKNOWN = "unknown"


HANDED_OVER = (State.SENT, State.DELIVERED, State.BOUNCED, State.COMPLAINED)
"""The states of a message that a provider has taken: it counts as sent, whatever was told of it since."""
PAUSED = "paused"
"""The reason of what is held because a member paused its source."""
HAD = ", ".join(f"'{state.value}'" for state in (*HANDED_OVER, State.UNKNOWN))
"""In SQL: the states of what a person had, or may have had."""


class Engaged(models.TextChoices):
    """What a person did with a mail."""

    OPEN = "open"
    CLICK = "click"


UNDECIDED = 250_000_000_000_000
"""Due times from here on (the year 9892) are no moments: when the message goes is decided by whoever made it, such as a newsletter that looks for its better
variant. A number is added, which tells them apart."""


class Message(models.Model):
    """One delivery to one person; `(source, occurrence)` makes enqueuing idempotent."""

    pk = models.CompositePrimaryKey("bucket", "person_id", "message_id")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    message_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    source = models.CharField(max_length=40)
    """What caused it, e.g. `campaign:7`."""
    occurrence = models.BigIntegerField()
    """Which time: the id of the triggering event."""
    channel = models.CharField(max_length=20)
    purpose = models.CharField(max_length=64)
    is_marketing = models.BooleanField()
    template_id = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State)
    reason = models.CharField(max_length=100, blank=True)
    """Why it is in this state, e.g. `marketing_email:no_consent`."""
    due_at = models.BigIntegerField()
    expires_at = models.BigIntegerField(null=True)
    """From then on it is not sent any more; null: it is never too late."""
    priority = models.SmallIntegerField(default=50, db_default=50)
    """Of several that compete for the room that a cap leaves, the greatest goes, from 0 to 100."""
    entry = models.BigIntegerField(null=True)
    """A keyed hash of what it may be had once for, e.g. an order."""
    created_at = models.BigIntegerField()
    claimed_at = models.BigIntegerField(null=True)
    claimed_by = models.BigIntegerField(null=True)
    """The sender that took it last, see `senders.py`."""
    settled_at = models.BigIntegerField(null=True)
    attempts = models.SmallIntegerField(default=0)
    recipient = models.TextField(blank=True)
    context = models.JSONField(default=dict)
    """The triggering event, for rendering."""
    rendered = models.JSONField(null=True)
    """Subject, HTML, text and headers as handed over, until the retention of bodies is over."""
    decisions = models.JSONField(default=list)
    """The gate's verdicts, in order."""
    provider_id = models.CharField(max_length=200, blank=True)

    @property
    def due(self) -> int | None:
        """When it is due, in milliseconds; None: that is not decided yet."""
        return None if self.due_at >= UNDECIDED else self.due_at

    class Meta:
        db_table = "messages_message"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["bucket", "person_id", "source", "occurrence"], name="one_message_per_occurrence")
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["state", "is_marketing", "due_at"], name="message_due", condition=models.Q(state__in=["queued", "sending"])
            ),
            models.Index(
                fields=["workspace_id", "state"], name="message_held", condition=models.Q(state="held") & ~models.Q(reason=PAUSED)
            ),
            models.Index(fields=["workspace_id", "created_at", "message_id"], name="message_by_age"),
            models.Index(fields=["workspace_id", "message_id"], name="message_by_id"),
            models.Index(fields=["workspace_id", "state", "created_at"], name="message_by_state"),
            models.Index(fields=["workspace_id", "source", "state", "created_at"], name="message_by_source"),
        ]


class Engagement(models.Model):
    """That a mail was opened or a link of it followed, of who agreed to that being noted.

    The row with an empty link is made at the hand-over and says that the mail was measured; an open is counted in it, a click beside it.
    """

    pk = models.CompositePrimaryKey("bucket", "person_id", "message_id", "kind", "link")
    bucket = models.SmallIntegerField()
    person_id = models.BigIntegerField()
    message_id = models.BigIntegerField()
    kind = models.CharField(max_length=5, choices=Engaged)
    link = models.TextField(blank=True)
    """The address that the link leads to."""
    workspace_id = models.BigIntegerField()
    source = models.CharField(max_length=40)
    """As the message's."""
    measured_at = models.BigIntegerField()
    times = models.IntegerField(default=0)
    """By the person; what machines fetched is counted apart, and never in a figure, a segment or a goal."""
    first_at = models.BigIntegerField(null=True)
    last_at = models.BigIntegerField(null=True)
    machine_times = models.IntegerField(default=0)
    machine = models.CharField(max_length=20, blank=True)
    """The machine that fetched last, see `machines.py`."""
    machine_at = models.BigIntegerField(null=True)

    class Meta:
        db_table = "messages_engagement"
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["workspace_id", "source", "kind", "message_id"], name="engagement_by_source"),
            models.Index(fields=["measured_at"], name="engagement_by_age"),
        ]
