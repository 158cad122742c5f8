"""Mounted at /console/<workspace>/record."""

from __future__ import annotations

from django.urls import path

from troth.console.record import views

urlpatterns = [
    path("record", views.overview, name="console-record"),
    path("record/parties", views.parties, name="console-record-parties"),
    path("record/record.json", views.as_json, name="console-record-json"),
    path("record/record.csv", views.as_csv, name="console-record-csv"),
    path("record/record.pdf", views.as_pdf, name="console-record-pdf"),
]
