from __future__ import annotations

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """A surface."""

    name = "troth.console"
