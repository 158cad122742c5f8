"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.glass import views

urlpatterns = [path("glass", views.break_glass, name="console-glass")]
