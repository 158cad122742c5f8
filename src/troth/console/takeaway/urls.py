"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.takeaway import views

urlpatterns = [
    path("settings/takeaway", views.takeaway, name="console-takeaway"),
    path("settings/takeaway/file", views.download, name="console-takeaway-file"),
    path("settings/takeaway/handover", views.hand_over, name="console-takeaway-handover"),
    path("settings/takeaway/receipt", views.receipt, name="console-takeaway-receipt"),
]
