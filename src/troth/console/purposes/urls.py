"""Mounted at /console/<workspace>/purposes. The key of a purpose never begins with `_`."""

from __future__ import annotations

from django.urls import path

from troth.console.purposes import assigning, deciding, editing, views

urlpatterns = [
    path("purposes", views.purposes, name="console-purposes"),
    path("purposes/_new", editing.new, name="console-purpose-new"),
    path("purposes/_assignments", assigning.assignments, name="console-assignments"),
    path("purposes/_assignments/assign", assigning.assign, name="console-assign"),
    path("purposes/<str:purpose_key>", views.purpose, name="console-purpose"),
    path("purposes/<str:purpose_key>/edit", editing.edit, name="console-purpose-edit"),
    path("purposes/<str:purpose_key>/archive", deciding.archive, name="console-purpose-archive"),
    path("purposes/<str:purpose_key>/restore", deciding.restore, name="console-purpose-restore"),
]
