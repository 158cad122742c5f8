from __future__ import annotations

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """The door; registers the folding of the inbox with the worker."""

    name = "troth.intake"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the worker what to do."""
        from troth.intake.actor import fold_inbox, forget_expired_duplicates
        from troth.intake.captures import forget_old_captures
        from troth.intake.checks import check_inbox
        from troth.intake.tallies import forget_old_minutes
        from troth.kernel.checks import register_check
        from troth.kernel.worker import register_duty

        register_check("inbox", check_inbox)
        register_duty("fold_inbox", fold_inbox)
        register_duty("forget_expired_duplicates", forget_expired_duplicates, every_ms=10_000)
        register_duty("forget_old_minutes", forget_old_minutes, every_ms=3_600_000)
        register_duty("forget_old_captures", forget_old_captures, every_ms=10_000)
