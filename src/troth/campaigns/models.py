"""Campaigns: configuration."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class CampaignState(models.TextChoices):
    """Whether a campaign reacts to events."""

    DRAFT = "draft"
    PUBLISHED = "published"
    PAUSED = "paused"


class Campaign(models.Model):
    """A message triggered by behaviour: an event, optionally with conditions on its properties, leads to an e-mail."""

    workspace_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=CampaignState, default=CampaignState.DRAFT)
    trigger_event = models.CharField(max_length=255)
    """Folded; empty where something else triggers."""
    conditions = models.JSONField(null=True)
    trigger = models.JSONField(null=True)
    """What triggers it where no event does, see `rules.Trigger`; then `trigger_event` is empty."""
    rules = models.JSONField(default=dict)
    """When and how often it goes out, see `rules.Rules`."""
    purpose = models.CharField(max_length=64)
    also_for = models.JSONField(default=list)
    """Further purposes that it serves (decision 006): each person is asked about each of which the mail uses data."""
    topic = models.CharField(max_length=50, blank=True)
    """What it is about: who left that topic does not get it; empty: none."""
    goal = models.JSONField(null=True)
    """The event that is hoped for, within how many days, and the properties with its revenue; it takes effect at once, as reports are read."""
    template_key = models.CharField(max_length=64, blank=True)
    """The stored template that it sends; empty: what is written in the fields below."""
    subject = models.TextField()
    html = models.TextField()
    text = models.TextField(blank=True)
    template_id = models.BigIntegerField(null=True)
    """The mail as published; the fields above are the draft."""
    published = models.JSONField(null=True)
    """Trigger, conditions and purposes as published: what events are held against. None: never published."""
    has_changes = models.BooleanField(default=False)
    """Whether the draft differs from what was published."""
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["state", "workspace_id", "trigger_event"], name="campaign_by_trigger")]


class Version(models.Model):
    """A campaign as it was published once: kept for as long as its messages are, and never changed."""

    template_id = models.BigIntegerField(primary_key=True)
    """Each publishing makes a template of its own."""
    workspace_id = models.BigIntegerField()
    campaign_id = models.BigIntegerField()
    rule = models.JSONField()
    """As `Campaign.published`."""
    published_at = models.BigIntegerField()
    author = models.BigIntegerField(default=0)
    """The number of the member who published it; 0: a key of the API, or the command line. It stays, as in the audit log, when the member goes."""

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["campaign_id", "published_at"], name="version_by_campaign")]


class DatePlan(models.Model):
    """How far the dates that a campaign waits for are looked for, see `date_planning.py`."""

    campaign_id = models.BigIntegerField(primary_key=True)
    workspace_id = models.BigIntegerField()
    begun_at = models.BigIntegerField()
    """What was due before is not made up for."""
    planned_until = models.BigIntegerField()
    due_at = models.BigIntegerField(db_index=True)
    """When the next step is."""
    bucket = models.SmallIntegerField(default=0)
    """The next one of the walk that is under way."""
    walk_until = models.BigIntegerField(null=True)
    """Until when that walk looks."""


class AskingState(models.TextChoices):
    """How far an asking is."""

    DRAFT = "draft"
    ASKING = "asking"
    STOPPED = "stopped"
    DONE = "done"


class Repermission(models.Model):
    """Asking those who lack a valid consent to a purpose for it, once, by e-mail."""

    workspace_id = models.BigIntegerField()
    purpose = models.CharField(max_length=64)
    """What consent is asked for."""
    notice = models.CharField(max_length=64)
    """The key of the published notice that the page shows."""
    ground = models.CharField(max_length=64)
    """The purpose under which the mail itself may be sent: asking for consent to marketing is marketing, too."""
    subject = models.TextField()
    html = models.TextField()
    template_id = models.BigIntegerField(null=True)
    """The mail as it is sent; None while it is a draft."""
    state = models.CharField(max_length=10, choices=AskingState, default=AskingState.DRAFT)
    after = models.JSONField(default=list)
    """Who was looked at last: created_at, bucket, person_id."""
    counts = models.JSONField(default=dict)
    """How many were looked at, by what was found."""
    created_at = models.BigIntegerField()
    started_at = models.BigIntegerField(null=True)
    ended_at = models.BigIntegerField(null=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["state"], name="repermission_under_way", condition=models.Q(state="asking")),
            models.Index(fields=["workspace_id", "purpose"], name="repermission_by_purpose"),
        ]


class NewsletterState(models.TextChoices):
    """How far a newsletter is."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    """It goes out at its time, or at the next of its times."""
    SENDING = "sending"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class Audience(models.TextChoices):
    """Who of a segment gets a newsletter that takes hours to send."""

    FROZEN = "frozen"
    """Who was in it when it began."""
    LIVE = "live"
    """Who was in it when it began, and still is when their own mail is due."""


class Newsletter(models.Model):
    """One mail to a segment: now, at a time, at a local time in each person's zone, or again and again."""

    workspace_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=NewsletterState, default=NewsletterState.DRAFT)
    segment_id = models.BigIntegerField(null=True)
    """None: everybody."""
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.FROZEN)
    purpose = models.CharField(max_length=64)
    also_for = models.JSONField(default=list)
    topic = models.CharField(max_length=50, blank=True)
    medium = models.CharField(max_length=10, default="email")
    """By what it goes out; what is no e-mail is made of stored short messages."""
    schedule = models.JSONField(default=dict)
    """See `newsletters.schedule`."""
    per_hour = models.IntegerField(null=True)
    """At most so many an hour; None: as fast as it goes."""
    variants = models.JSONField(default=list)
    """The mails that are tried against each other, or the one: key, share, subject, html, text."""
    test = models.JSONField(null=True)
    """How the better variant is found: share of people, metric, hours, and who decides; None: each variant goes to its share."""
    holdout = models.SmallIntegerField(default=0)
    """Per cent of people who get nothing, to see what the mail does."""
    goal = models.JSONField(null=True)
    """The event that is hoped for, within how many days, and the property with its revenue."""
    hold_minutes = models.IntegerField(default=0)
    """How long everything waits after the start, so that it can be taken back."""
    expires_hours = models.IntegerField(default=24)
    """Who could not be sent theirs within so many hours after it was due gets none."""
    fresh_minutes = models.IntegerField(null=True)
    """How far its segment may lag behind when it begins; None: however far."""
    next_at = models.BigIntegerField(null=True)
    """When it begins next, in milliseconds; None: not by itself."""
    trouble = models.TextField(blank=True, default="")
    """Why it was paused by itself, in words; empty: it was not."""
    created_at = models.BigIntegerField()
    updated_at = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["next_at"], name="newsletter_due", condition=models.Q(state="scheduled")),
            models.Index(fields=["workspace_id", "id"], name="newsletter_by_workspace"),
        ]


class RunState(models.TextChoices):
    """How far one sending of a newsletter is."""

    GATHERING = "gathering"
    """People are gone through, and their mails queued."""
    TESTING = "testing"
    """The variants are out, and the others wait for the better one."""
    SENDING = "sending"
    """Everybody is queued with what they get."""
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class NewsletterVersion(models.Model):
    """A newsletter's draft as it was saved once; never changed, and gone with the newsletter."""

    newsletter_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    number = models.IntegerField()
    """From 1."""
    written = models.JSONField()
    """The fields that can be edited (`newsletters.editing.FIELDS`)."""
    author = models.BigIntegerField(default=0)
    """As `Version.author`."""
    saved_at = models.BigIntegerField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["newsletter_id", "number"], name="one_newsletter_version_per_number")
        ]


class NewsletterRun(models.Model):
    """One sending of a newsletter: what it was then, and how far it is. Its messages hold who got what."""

    newsletter_id = models.BigIntegerField()
    workspace_id = models.BigIntegerField()
    number = models.IntegerField()
    state = models.CharField(max_length=10, choices=RunState, default=RunState.GATHERING)
    resume_to = models.CharField(max_length=10, blank=True)
    """The state that pausing interrupted."""
    plan = models.JSONField()
    """The newsletter as it was when it began, with the templates of its variants."""
    after = models.JSONField(default=list)
    """Who was looked at last: created_at, bucket, person_id."""
    counts = models.JSONField(default=dict)
    """How many were looked at, and how many queued at each local hour."""
    winner = models.CharField(max_length=20, blank=True)
    decided_by = models.CharField(max_length=20, blank=True)
    """`significance`, `highest`, `hand`, or `nothing`: there was no telling, and the first variant went out."""
    starts_at = models.BigIntegerField()
    decide_at = models.BigIntegerField(null=True)
    begun_at = models.BigIntegerField()
    gathered_at = models.BigIntegerField(null=True)
    ended_at = models.BigIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=["newsletter_id", "number"], name="one_run_per_number")]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["state"], name="run_under_way", condition=models.Q(state__in=["gathering", "testing", "sending"]))
        ]


class SavedFunnel(models.Model):
    """A question of the reports under a name, for everybody of the workspace: which events in order, how soon, of whom. No figures and nobody are in it."""

    workspace_id = models.BigIntegerField()
    name = models.CharField(max_length=200)
    asked = models.JSONField()
    """See `messages.reports.funnels.Funnel`."""
    created_at = models.BigIntegerField()
    updated_at = models.BigIntegerField()

    class Meta:
        constraints: ClassVar[list[Any]] = [models.UniqueConstraint(fields=["workspace_id", "name"], name="one_funnel_per_name")]
