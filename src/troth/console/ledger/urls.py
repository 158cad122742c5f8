"""Mounted at /console/<workspace>/ledger."""

from __future__ import annotations

from django.urls import path

from troth.console.ledger import views

urlpatterns = [
    path("ledger", views.ledger, name="console-ledger"),
    path("ledger/check", views.check, name="console-ledger-check"),
    path("ledger/checkpoint", views.sign, name="console-ledger-sign"),
]
