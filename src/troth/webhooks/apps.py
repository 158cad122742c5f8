from __future__ import annotations

from functools import partial

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Webhooks; hears the bulletins of the packages below, and registers delivering with the worker."""

    name = "troth.webhooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen; tell the worker what to do."""
        from troth.consent.decisions import decided
        from troth.intake.news import merges, persons
        from troth.kernel.worker import register_duty
        from troth.messages.news import outcomes
        from troth.privacy.downstream.ways import register_carrier
        from troth.privacy.inventory.recipients import register_recipients
        from troth.privacy.news import asked, contests, erasures
        from troth.privacy.proofs.ways import PREPARE, register_way
        from troth.segments.membership import register_reaction
        from troth.webhooks import hearing, kinds
        from troth.webhooks.editing import find_recipients
        from troth.webhooks.listening import is_asked_for

        def asked_for(*types: str) -> partial[bool]:
            return partial(is_asked_for, frozenset(types))

        persons.register_reaction(hearing.hear_persons, listens=asked_for(kinds.USER_CREATED, kinds.USER_UPDATED))
        merges.register_reaction(hearing.hear_merges, listens=asked_for(kinds.PERSON_MERGED))
        decided.register_reaction(hearing.hear_decisions, listens=asked_for(kinds.CONSENT_CHANGED, kinds.UNSUBSCRIBED, kinds.RESUBSCRIBED))
        outcomes.register_reaction(hearing.hear_outcomes, listens=asked_for(*kinds.MESSAGES))
        erasures.register_reaction(hearing.hear_erasures, listens=asked_for(kinds.PERSON_ERASED))
        asked.register_reaction(hearing.hear_requests, listens=asked_for(kinds.REQUEST_RECEIVED))
        contests.register_reaction(hearing.hear_contests, listens=asked_for(*kinds.ABOUT_NOBODY))
        contests.register_reaction(hearing.stop_contested, listens=lambda: True)
        register_reaction(hearing.hear_memberships)
        register_recipients(find_recipients)
        register_carrier("webhook", "troth.webhooks.notices")
        register_way("what webhooks are told", "troth.webhooks.proof_way.prepare", stage=PREPARE)
        register_duty("deliver_webhooks", "troth.webhooks.courier.deliver_due", rest_ms=2_000)
        register_duty("bury_dead_letters", "troth.webhooks.queue.bury_overdue", every_ms=60_000)
        register_duty("forget_deliveries", "troth.webhooks.queue.forget_old", every_ms=3_600_000)
