"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.why import views

urlpatterns = [path("why", views.why, name="console-why")]
