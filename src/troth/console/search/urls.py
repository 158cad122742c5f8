"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.search import views

urlpatterns = [path("search", views.search, name="console-search")]
