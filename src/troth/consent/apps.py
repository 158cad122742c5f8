from __future__ import annotations

from django.apps import AppConfig


class ConsentConfig(AppConfig):
    """See the package's own docstring."""

    name = "troth.consent"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the worker what to append and to sign."""
        from troth.kernel.worker import ONLY_ROWS, register_duty

        register_duty("seal_audit_logs", "troth.consent.ledger.audit_seals.seal_audit_logs", every_ms=60_000)
        register_duty("append_to_ledger", "troth.consent.ledger.log.append_pending", every_ms=250, rest_ms=ONLY_ROWS)
        register_duty("sign_checkpoints", "troth.consent.ledger.checkpoints.make_checkpoints", every_ms=60_000)
