"""Mounted at /console/<workspace>/processors."""

from __future__ import annotations

from django.urls import path

from troth.console.processors import views

urlpatterns = [
    path("processors", views.overview, name="console-processors"),
    path("processors/entry", views.entry, name="console-processor"),
    path("processors/way", views.way, name="console-processor-way"),
    path("processors/act", views.act, name="console-processor-act"),
]
