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
    """Folded."""
    conditions = models.JSONField(null=True)
    purpose = models.CharField(max_length=64)
    also_for = models.JSONField(default=list)
    """Further purposes that it serves (decision 006): each person is asked about each of which the mail uses data."""
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
