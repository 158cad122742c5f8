from __future__ import annotations

from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    """Accounts, workspaces, members, roles and keys."""

    name = "troth.workspaces"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the worker what to forget."""
        from troth.kernel.worker import register_duty

        register_duty("forget_audit_entries", "troth.workspaces.audit.forget_old_entries", every_ms=3_600_000)
