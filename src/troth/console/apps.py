"""What members of a workspace see after they log in."""

from __future__ import annotations

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The console."""

    name = "troth.console"

    def ready(self) -> None:
        """Tell the worker what to forget."""
        from troth.console.account.forgetting import forget_old_sessions
        from troth.kernel.worker import register_duty
        from troth.workspaces.invitations import forget_old_invitations

        register_duty("forget_sessions", forget_old_sessions, every_ms=3_600_000)
        register_duty("forget_invitations", forget_old_invitations, every_ms=3_600_000)
