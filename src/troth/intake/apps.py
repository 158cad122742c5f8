from __future__ import annotations

from django.apps import AppConfig


class IntakeConfig(AppConfig):
    """The door; registers the folding of the inbox with the worker."""

    name = "troth.intake"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the worker what to do."""
        from troth.kernel.checks import register_check
        from troth.kernel.worker import ONLY_ROWS, register_duty

        register_check("inbox", "troth.intake.checks.check_inbox")
        register_duty("fold_inbox", "troth.intake.actor.fold_inbox", rest_ms=ONLY_ROWS)
        register_duty("forget_expired_duplicates", "troth.intake.actor.forget_expired_duplicates", every_ms=10_000)
        register_duty("forget_old_minutes", "troth.intake.tallies.forget_old_minutes", every_ms=3_600_000)
        register_duty("forget_old_captures", "troth.intake.captures.forget_old_captures", every_ms=10_000)
