"""Mounted at /console/<workspace>/campaigns."""

from __future__ import annotations

from django.urls import path

from troth.console.campaigns import deciding, editing, previewing, rehearsing, versions, views
from troth.console.trying import person_options

urlpatterns = [
    path("campaigns", views.campaigns, name="console-campaigns"),
    path("campaigns/new", editing.new, name="console-campaign-new"),
    path("campaigns/events", editing.event_options, name="console-campaign-events"),
    path("campaigns/persons", person_options, name="console-campaign-persons"),
    path("campaigns/preview", previewing.preview, name="console-campaign-preview"),
    path("campaigns/about", previewing.about, name="console-campaign-about"),
    path("campaigns/<int:campaign_id>", views.campaign, name="console-campaign"),
    path("campaigns/<int:campaign_id>/edit", editing.edit, name="console-campaign-edit"),
    path("campaigns/<int:campaign_id>/publish", deciding.publish, name="console-campaign-publish"),
    path("campaigns/<int:campaign_id>/rehearsal", rehearsing.rehearsal, name="console-campaign-rehearsal"),
    path("campaigns/<int:campaign_id>/versions/<int:version>", versions.version, name="console-campaign-version"),
    path("campaigns/<int:campaign_id>/versions/<int:version>/restore", versions.restore, name="console-campaign-restore"),
    path("campaigns/<int:campaign_id>/pause", deciding.pause, name="console-campaign-pause"),
    path("campaigns/<int:campaign_id>/resume", deciding.resume, name="console-campaign-resume"),
    path("campaigns/<int:campaign_id>/delete", deciding.delete, name="console-campaign-delete"),
]
