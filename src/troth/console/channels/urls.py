"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.channels import domains, stopped, views

urlpatterns = [
    path("channels", views.channels, name="console-channels"),
    path("channels/new", views.choose, name="console-channel-choose"),
    path("channels/new/<str:adapter>", views.new, name="console-channel-new"),
    path("channels/stopped", stopped.stopped, name="console-stopped"),
    path("channels/stopped/lift", stopped.lift, name="console-stopped-lift"),
    path("channels/domains", domains.domains, name="console-domains"),
    path("channels/domains/_new", domains.new, name="console-domain-new"),
    path("channels/domains/_mailbox", domains.mailbox, name="console-mailbox"),
    path("channels/domains/_mailbox/forget", domains.forget_mailbox, name="console-mailbox-forget"),
    path("channels/domains/<int:domain_id>", domains.domain, name="console-domain"),
    path("channels/domains/<int:domain_id>/set-up", domains.set_up, name="console-domain-set-up"),
    path("channels/domains/<int:domain_id>/check", domains.check, name="console-domain-check"),
    path("channels/domains/<int:domain_id>/remove", domains.remove, name="console-domain-remove"),
    path("channels/<int:channel_id>", views.channel, name="console-channel"),
    path("channels/<int:channel_id>/edit", views.edit, name="console-channel-edit"),
    path("channels/<int:channel_id>/check", views.check, name="console-channel-check"),
    path("channels/<int:channel_id>/test", views.send_test, name="console-channel-test"),
    path("channels/<int:channel_id>/hook", views.renew, name="console-channel-hook"),
    path("channels/<int:channel_id>/remove", views.remove, name="console-channel-remove"),
]
