"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.channels import stopped, views

urlpatterns = [
    path("channels", views.channels, name="console-channels"),
    path("channels/new", views.choose, name="console-channel-choose"),
    path("channels/new/<str:adapter>", views.new, name="console-channel-new"),
    path("channels/stopped", stopped.stopped, name="console-stopped"),
    path("channels/stopped/lift", stopped.lift, name="console-stopped-lift"),
    path("channels/<int:channel_id>", views.channel, name="console-channel"),
    path("channels/<int:channel_id>/edit", views.edit, name="console-channel-edit"),
    path("channels/<int:channel_id>/check", views.check, name="console-channel-check"),
    path("channels/<int:channel_id>/test", views.send_test, name="console-channel-test"),
    path("channels/<int:channel_id>/hook", views.renew, name="console-channel-hook"),
    path("channels/<int:channel_id>/remove", views.remove, name="console-channel-remove"),
]
