"""Mounted at /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.home import views

urlpatterns = [
    path("", views.home, name="console-home"),
    path("now", views.just_now, name="console-home-now"),
]
