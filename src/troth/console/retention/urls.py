"""Mounted at /console/<workspace>/retention."""

from __future__ import annotations

from django.urls import path

from troth.console.retention import views

urlpatterns = [
    path("retention", views.overview, name="console-retention"),
    path("retention/schedule", views.schedule, name="console-retention-schedule"),
    path("retention/act", views.act, name="console-retention-act"),
    path("retention/hold", views.hold, name="console-retention-hold"),
    path("retention/kept", views.kept, name="console-retention-kept"),
    path("retention/proof", views.proof, name="console-retention-proof"),
]
