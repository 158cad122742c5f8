"""Mounted below /hooks/."""

from __future__ import annotations

from django.urls import path

from troth.api.hooks import hooked

urlpatterns = [
    path("<int:channel_id>/<str:tag>", hooked, name="hook"),
    path("<int:channel_id>/<str:tag>/<int:message_id>/<str:message_tag>", hooked, name="hook-of-message"),
]
