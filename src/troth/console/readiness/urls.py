"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.readiness import views

urlpatterns = [
    path("readiness", views.readiness, name="console-readiness"),
    path("readiness/backup", views.backup, name="console-readiness-backup"),
    path("readiness/impact", views.impact, name="console-impact"),
    path("readiness/impact/declare", views.declare, name="console-impact-declare"),
    path("readiness/impact/sign", views.sign, name="console-impact-sign"),
]
