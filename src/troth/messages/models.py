"""Messages: one delivery to one person each, with its state and the decisions that led there."""

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


class ConfiguredChannel(models.Model):
    """A channel of one workspace: which provider, with what settings, and before which others it is tried."""

    workspace_id = models.BigIntegerField()
    medium = models.CharField(max_length=10)
    adapter = models.CharField(max_length=30)
    label = models.CharField(max_length=100)
    priority = models.PositiveSmallIntegerField(default=10)
    """The lowest is tried first; the others when it fails."""
    is_active = models.BooleanField(default=True)
    settings = models.JSONField(default=dict)
    """What is no secret."""
    sealed = models.BinaryField()
    """The secrets, encrypted with a key of the master key's."""
    hears_engagement = models.BooleanField(default=False)
    """Whether opens and clicks that the provider tells are asked about at the gate; else they are ignored."""
    hook_version = models.PositiveIntegerField(default=1)
    """Stands in the address of its door; a new number makes the old address void."""
    created_at = models.BigIntegerField()
    changed_at = models.BigIntegerField()
    heard_at = models.BigIntegerField(null=True)
    """When its provider last told something."""

    class Meta:
        db_table = "messages_channel"
        indexes: ClassVar[list[Any]] = [models.Index(fields=["workspace_id", "medium", "priority"], name="channel_by_medium")]


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


class SendingDomain(models.Model):
    """A domain that a workspace sends from."""

    workspace_id = models.BigIntegerField()
    domain = models.CharField(max_length=253)
    """In ASCII and small letters."""
    selector = models.CharField(max_length=63)
    sealed_key = models.BinaryField()
    """The private key for DKIM, encrypted with a key of the master key's."""
    signs = models.BooleanField(default=False)
    return_address = models.CharField(max_length=320, blank=True)
    """Where mail that cannot be delivered comes back to, each with a token of its own; empty: to the sender."""
    findings = models.JSONField(default=list)
    """What the DNS had when it was last asked (`dns_records.Finding`)."""
    checked_at = models.BigIntegerField(null=True)
    created_at = models.BigIntegerField()

    class Meta:
        db_table = "messages_sendingdomain"
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=["workspace_id", "domain"], name="one_domain_of_a_name")]


class ReturnMailbox(models.Model):
    """The mailbox in which a workspace's bounces and complaints arrive, read over IMAP."""

    workspace_id = models.BigIntegerField(unique=True)
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField()
    security = models.CharField(max_length=10)
    user = models.CharField(max_length=320)
    sealed_password = models.BinaryField()
    folder = models.CharField(max_length=200)
    read_at = models.BigIntegerField(null=True)
    fault = models.TextField(blank=True)
    """Why it could not be read the last time."""

    class Meta:
        db_table = "messages_returnmailbox"


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
