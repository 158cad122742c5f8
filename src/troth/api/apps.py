"""The control API: what machines of the customer read and do beyond sending data."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    """The control API."""

    name = "troth.api"
