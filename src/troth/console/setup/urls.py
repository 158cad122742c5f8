"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.setup import views

urlpatterns = [
    path("settings/setup", views.setup, name="console-setup"),
    path("settings/setup/steps", views.steps, name="console-setup-steps"),
]
