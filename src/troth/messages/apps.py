from __future__ import annotations

from django.apps import AppConfig


class MessagesConfig(AppConfig):
    """Messages; registers sending with the worker."""

    name = "troth.messages"
    label = "troth_messages"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the worker what to do."""
        from troth.kernel.checks import register_check
        from troth.kernel.worker import SENDER, register_duty
        from troth.messages.limit_settings import load_limits
        from troth.messages.segment_conditions import MessageKind
        from troth.segments.clocks import register_clock
        from troth.segments.kinds import register_kind

        register_kind(MessageKind())
        register_clock(lambda workspace_id: load_limits(workspace_id).zone)
        register_check("messages", "troth.messages.checks.check_messages")
        register_duty("recover_messages", "troth.messages.sending.recover", every_ms=1_000, role=SENDER)
        register_duty("resume_messages", "troth.messages.sending.resume", every_ms=1_000, role=SENDER)
        register_duty("send_messages", "troth.messages.sending.send_due", role=SENDER, rest_ms=250)
        register_duty("govern_sending", "troth.messages.governor.govern", every_ms=60_000)
        register_duty("forget_message_bodies", "troth.messages.sending.forget_old_bodies", every_ms=3_600_000)
        register_duty("settle_early_feedback", "troth.messages.feedback.keeping.settle_early", every_ms=30_000)
        register_duty("read_return_mailboxes", "troth.messages.feedback.mailbox.read_mailboxes", every_ms=15_000)
        register_duty("forget_feedback", "troth.messages.feedback.keeping.forget_old_feedback", every_ms=3_600_000)
        register_duty("forget_engagement", "troth.messages.fetches.forget_old_engagement", every_ms=3_600_000)
