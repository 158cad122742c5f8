"""Published templates: immutable, so that what a message was rendered from can be told for as long as the message is kept."""

from __future__ import annotations

from django.db import models


class Template(models.Model):
    """What a campaign sends, as published."""

    workspace_id = models.BigIntegerField()
    subject = models.TextField()
    html = models.TextField()
    text = models.TextField(blank=True)
    also_for = models.JSONField(default=list)
    """The purposes that it was declared to serve beside its own: data collected for them may be used, and each person is asked about them."""
    topic = models.CharField(max_length=50, blank=True)
    """What it is about: who left that topic does not get it; empty: none."""
    short = models.JSONField(default=dict)
    """The parts of a short message (`content.short_text`), for what is no e-mail; then subject and HTML are empty."""
    created_at = models.DateTimeField(auto_now_add=True)
