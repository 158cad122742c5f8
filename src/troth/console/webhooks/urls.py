"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.webhooks import acts, views

urlpatterns = [
    path("webhooks", views.webhooks, name="console-webhooks"),
    path("webhooks/new", views.new, name="console-webhook-new"),
    path("webhooks/<int:webhook_id>", views.webhook, name="console-webhook"),
    path("webhooks/<int:webhook_id>/deliveries", views.deliveries, name="console-webhook-deliveries"),
    path("webhooks/<int:webhook_id>/edit", views.edit, name="console-webhook-edit"),
    path("webhooks/<int:webhook_id>/state", acts.switch, name="console-webhook-state"),
    path("webhooks/<int:webhook_id>/test", acts.test, name="console-webhook-test"),
    path("webhooks/<int:webhook_id>/replay", acts.replay_some, name="console-webhook-replay"),
    path("webhooks/<int:webhook_id>/secret", acts.renew, name="console-webhook-secret"),
    path("webhooks/<int:webhook_id>/remove", acts.remove, name="console-webhook-remove"),
]
