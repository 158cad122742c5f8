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
        from troth.messages.checks import check_messages
        from troth.messages.feedback.keeping import forget_old_feedback, settle_early
        from troth.messages.fetches import forget_old_engagement
        from troth.messages.governor import govern
        from troth.messages.segment_conditions import MessageKind
        from troth.messages.sending import forget_old_bodies, recover, resume, send_due
        from troth.segments.kinds import register_kind

        register_kind(MessageKind())
        register_check("messages", check_messages)
        register_duty("recover_messages", recover, every_ms=1_000, role=SENDER)
        register_duty("resume_messages", resume, every_ms=1_000, role=SENDER)
        register_duty("send_messages", send_due, role=SENDER)
        register_duty("govern_sending", govern, every_ms=60_000)
        register_duty("forget_message_bodies", forget_old_bodies, every_ms=3_600_000)
        register_duty("settle_early_feedback", settle_early, every_ms=30_000)
        register_duty("read_return_mailboxes", _read_return_mailboxes, every_ms=15_000)
        register_duty("forget_feedback", forget_old_feedback, every_ms=3_600_000)
        register_duty("forget_engagement", forget_old_engagement, every_ms=3_600_000)


def _read_return_mailboxes(now: int) -> bool:
    """What reads mailboxes is loaded by the process that does, and not by each that starts."""
    from troth.messages.feedback.mailbox import read_mailboxes

    return read_mailboxes(now)
