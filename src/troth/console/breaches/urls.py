"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.breaches import acts, views

urlpatterns = [
    path("breaches", views.breaches, name="console-breaches"),
    path("breaches/new", acts.new, name="console-breach-new"),
    path("breaches/<int:breach_id>", views.breach, name="console-breach"),
    path("breaches/<int:breach_id>/edit", acts.edit, name="console-breach-edit"),
    path("breaches/<int:breach_id>/decide", acts.decide, name="console-breach-decide"),
    path("breaches/<int:breach_id>/told", acts.told, name="console-breach-told"),
    path("breaches/<int:breach_id>/close", acts.close, name="console-breach-close"),
    path("breaches/<int:breach_id>/notification.pdf", views.notification, name="console-breach-notification"),
    path("breaches/<int:breach_id>/persons.csv", views.persons, name="console-breach-persons"),
    path("breaches/<int:breach_id>/letter", views.letter, name="console-breach-letter"),
]
