from __future__ import annotations

from django.apps import AppConfig


class SegmentsConfig(AppConfig):
    """Segments; registers the kinds of conditions, and with the worker what keeps memberships up to date."""

    name = "troth.segments"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Know the conditions; tell the worker what to do."""
        from troth.kernel.checks import register_check
        from troth.kernel.worker import ONLY_ROWS, register_duty
        from troth.segments.attributes import AttributeKind, TagKind
        from troth.segments.decisions import ConsentKind, TopicKind
        from troth.segments.events import EventKind
        from troth.segments.kinds import register_kind
        from troth.segments.nested import SegmentKind
        from troth.segments.registry import look_up
        from troth.segments.sequences import SequenceKind

        for kind in (AttributeKind(), TagKind(), EventKind(), SequenceKind(), ConsentKind(), TopicKind(), SegmentKind(look_up)):
            register_kind(kind)
        register_check("segments", "troth.segments.checks.check_segments")
        # After the fold of the inbox, whose events they look at: the order of INSTALLED_APPS.
        register_duty("notice_changed_rules", "troth.segments.computing.notice_changed_rules", every_ms=1_000, rest_ms=60_000)
        register_duty("compute_segments", "troth.segments.computing.compute_due", every_ms=100, rest_ms=1_000)
        register_duty("wake_members", "troth.segments.computing.wake_due", every_ms=100, rest_ms=500)
        register_duty("evaluate_members", "troth.segments.computing.evaluate_marked", rest_ms=ONLY_ROWS)
