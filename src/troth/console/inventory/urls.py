"""Mounted at /console/<workspace>/inventory."""

from __future__ import annotations

from django.urls import path

from troth.console.inventory import views

urlpatterns = [
    path("inventory", views.overview, name="console-inventory"),
    path("inventory/drift", views.drift, name="console-inventory-drift"),
    path("inventory/item", views.item, name="console-inventory-item"),
]
