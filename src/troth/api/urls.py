"""Mounted below /api/troth/v1/."""

from __future__ import annotations

from django.urls import path

from troth.api.control import control_api

urlpatterns = [path("", control_api.urls)]
