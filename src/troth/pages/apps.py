"""Hosted pages for the persons themselves."""

from __future__ import annotations

from django.apps import AppConfig


class PagesConfig(AppConfig):
    """Hosted pages: unsubscribe and preferences."""

    name = "troth.pages"

    def ready(self) -> None:
        """Tell the worker what to forget, and by which way the made-up persons of the daily proof go."""
        from troth.kernel.worker import register_duty
        from troth.privacy.proofs.ways import KNOWN, PREPARE, register_way

        register_duty("forget_used_confirmations", "troth.pages.opt_in.forget_used", every_ms=3_600_000)
        register_way("the consent form", "troth.pages.proof_way.prepare", stage=PREPARE)
        register_way("a form that is filled in and confirmed", "troth.pages.proof_way.opt_in", stage=KNOWN)
