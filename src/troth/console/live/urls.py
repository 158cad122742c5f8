"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.live import views

urlpatterns = [
    path("live", views.live, name="console-live"),
    path("live/stream", views.stream, name="console-live-stream"),
    path("live/<int:capture_id>", views.capture, name="console-live-capture"),
]
