from __future__ import annotations

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """A surface."""

    name = "troth.pages"
