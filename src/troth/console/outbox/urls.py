"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.outbox import views

urlpatterns = [
    path("outbox", views.outbox, name="console-outbox"),
    path("outbox/<int:message_id>", views.message, name="console-message"),
    path("outbox/<int:message_id>/body", views.body, name="console-message-body"),
]
