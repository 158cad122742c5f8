"""Mounted at /console/<workspace>/newsletters."""

from __future__ import annotations

from django.urls import path

from troth.console.newsletters import acts, editing, previewing, rehearsing, versions, views

urlpatterns = [
    path("newsletters", views.newsletters, name="console-newsletters"),
    path("newsletters/new", editing.new, name="console-newsletter-new"),
    path("newsletters/preview", previewing.preview, name="console-newsletter-preview"),
    path("newsletters/about", previewing.about, name="console-newsletter-about"),
    path("newsletters/<int:newsletter_id>", views.newsletter, name="console-newsletter"),
    path("newsletters/<int:newsletter_id>/edit", editing.edit, name="console-newsletter-edit"),
    path("newsletters/<int:newsletter_id>/rehearsal", rehearsing.rehearsal, name="console-newsletter-rehearsal"),
    path("newsletters/<int:newsletter_id>/versions/<int:version>", versions.version, name="console-newsletter-version"),
    path("newsletters/<int:newsletter_id>/versions/<int:version>/restore", versions.restore, name="console-newsletter-restore"),
    path("newsletters/<int:newsletter_id>/start", acts.start, name="console-newsletter-start"),
    path("newsletters/<int:newsletter_id>/pause", acts.pause, name="console-newsletter-pause"),
    path("newsletters/<int:newsletter_id>/resume", acts.resume, name="console-newsletter-resume"),
    path("newsletters/<int:newsletter_id>/cancel", acts.cancel, name="console-newsletter-cancel"),
    path("newsletters/<int:newsletter_id>/copy", acts.copy, name="console-newsletter-copy"),
    path("newsletters/<int:newsletter_id>/delete", acts.delete, name="console-newsletter-delete"),
    path("newsletters/<int:newsletter_id>/winner/<slug:variant>", acts.winner, name="console-newsletter-winner"),
]
