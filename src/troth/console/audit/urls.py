"""Mounted at /console/<workspace>/audit."""

from __future__ import annotations

from django.urls import path

from troth.console.audit import views

urlpatterns = [
    path("audit", views.audit, name="console-audit"),
    path("audit/export.csv", views.export_csv, name="console-audit-csv"),
    path("audit/export.ndjson", views.export_ndjson, name="console-audit-ndjson"),
]
