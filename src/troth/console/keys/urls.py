"""Mounted below /console/<workspace>/."""

from __future__ import annotations

from django.urls import path

from troth.console.keys import certificates, views

urlpatterns = [
    path("settings/keys", views.keys, name="console-keys"),
    path("settings/keys/new", views.new, name="console-key-new"),
    path("settings/keys/<int:key_id>/certificate", certificates.certificate, name="console-key-certificate"),
    path("settings/keys/<int:key_id>/revoke", views.revoke, name="console-key-revoke"),
]
