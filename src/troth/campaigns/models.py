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

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["campaign_id", "published_at"], name="version_by_campaign")]


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
