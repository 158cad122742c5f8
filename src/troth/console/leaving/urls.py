"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.leaving import views

urlpatterns = [
    path("settings/leaving", views.leaving, name="console-leaving"),
    path("settings/leaving/call-off", views.call_it_off, name="console-leaving-off"),
]
