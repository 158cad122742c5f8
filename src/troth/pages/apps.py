"""Hosted pages for the persons themselves."""

from __future__ import annotations

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """Hosted pages: unsubscribe and preferences."""

    name = "troth.pages"
