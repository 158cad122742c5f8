"""Mounted at /console/<workspace>/inventory."""

from __future__ import annotations

from django.urls import path

from troth.console.inventory import minimising, views

urlpatterns = [
    path("inventory", views.overview, name="console-inventory"),
    path("inventory/drift", views.drift, name="console-inventory-drift"),
    path("inventory/unused", minimising.unused, name="console-inventory-unused"),
    path("inventory/unused/stop", minimising.stop, name="console-inventory-stop"),
    path("inventory/unused/resume", minimising.resume, name="console-inventory-resume"),
    path("inventory/unused/clear", minimising.clear, name="console-inventory-clear"),
    path("inventory/item", views.item, name="console-inventory-item"),
]
