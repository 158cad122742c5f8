"""What members of a workspace see after they log in."""

from __future__ import annotations

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The console."""

    name = "troth.console"
