"""Mounted at /console/_design where `TROTH_DEBUG` is on."""

from __future__ import annotations

from django.conf import settings
from django.urls import path

from troth.console.design import views

urlpatterns = (
    [
        path("_design", views.design, name="console-design"),
        path("_design/dialog", views.dialog, name="console-design-dialog"),
        path("_design/options", views.options, name="console-design-options"),
    ]
    if settings.DEBUG
    else []
)
