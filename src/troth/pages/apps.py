"""Hosted pages for the persons themselves."""

from __future__ import annotations

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """Hosted pages: unsubscribe and preferences."""

    name = "troth.pages"

    def ready(self) -> None:
        """Tell the worker what to forget."""
        from troth.kernel.worker import register_duty

        register_duty("forget_used_confirmations", "troth.pages.opt_in.forget_used", every_ms=3_600_000)
