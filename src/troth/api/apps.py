from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """A surface."""

    name = "troth.api"
