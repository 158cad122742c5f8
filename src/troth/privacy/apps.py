from __future__ import annotations

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """The rights of the person; registers deletion orders, searches for residue and the expiry of backups with the worker."""

    name = "troth.privacy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the worker what to do."""
        from troth.kernel.checks import register_check
        from troth.kernel.worker import register_duty

        register_check("privacy requests", "troth.privacy.checks.check_requests")
        register_check("erasure ledger", "troth.privacy.checks.check_ledger")
        register_duty("carry_out_deletion_orders", "troth.privacy.orders.carry_out_orders", every_ms=50)
        register_duty("verify_erasures", "troth.privacy.verification.verify_due", every_ms=250)
        register_duty("remove_expired_backups", "troth.privacy.backups.remove_expired", every_ms=3_600_000)
