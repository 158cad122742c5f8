"""Mounted at /console/<workspace>/segments."""

from __future__ import annotations

from django.urls import path

from troth.console.segments import editing, versions, views

urlpatterns = [
    path("segments", views.segments, name="console-segments"),
    path("segments/new", editing.new, name="console-segment-new"),
    path("segments/count", editing.count, name="console-segment-count"),
    path("segments/<int:segment_id>", views.segment, name="console-segment"),
    path("segments/<int:segment_id>/edit", editing.edit, name="console-segment-edit"),
    path("segments/<int:segment_id>/members", views.members, name="console-segment-members"),
    path("segments/<int:segment_id>/why", views.why, name="console-segment-why"),
    path("segments/<int:segment_id>/versions/<int:version>", versions.version, name="console-segment-version"),
    path("segments/<int:segment_id>/versions/<int:version>/restore", versions.restore, name="console-segment-restore"),
    path("segments/<int:segment_id>/archive", editing.archive, name="console-segment-archive"),
]
