"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.sending import views

urlpatterns = [
    path("sending", views.moving, name="console-moving"),
    path("sending/stop", views.stop, name="console-stop"),
    path("sending/go", views.go, name="console-go"),
    path("sending/hold", views.hold, name="console-hold"),
]
