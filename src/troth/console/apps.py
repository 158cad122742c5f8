"""What members of a workspace see after they log in."""

from __future__ import annotations

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The console."""

    name = "troth.console"

    def ready(self) -> None:
        """Tell the worker what to forget."""
        from troth.kernel.worker import register_duty

        register_duty("forget_sessions", "troth.console.account.forgetting.forget_old_sessions", every_ms=3_600_000)
        register_duty("forget_invitations", "troth.workspaces.invitations.forget_old_invitations", every_ms=3_600_000)
