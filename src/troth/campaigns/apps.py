from __future__ import annotations

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Campaigns; reacts to events, and asks for consent that is lacking."""

    name = "troth.campaigns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to the actors; tell the worker what to do."""
        from troth.campaigns.belonging import react_to_changes
        from troth.campaigns.due import ASKED
        from troth.campaigns.editing import mark_behind
        from troth.campaigns.entering import KIND
        from troth.campaigns.newsletters.due import ASKED as ASKED_OF_NEWSLETTERS
        from troth.campaigns.newsletters.running import KIND as NEWSLETTER
        from troth.campaigns.reaching import tell_reached
        from troth.campaigns.triggers import react
        from troth.campaigns.uses import find_sendings, find_uses
        from troth.campaigns.why import tell_decisions
        from troth.content.publishing import register_publication
        from troth.intake.actor import register_reaction
        from troth.kernel.worker import ONLY_ROWS, register_duty
        from troth.messages.sources import register_source
        from troth.privacy.exporting.answer import register_decisions
        from troth.privacy.inventory.beside import register_sendings
        from troth.privacy.inventory.uses import register_uses
        from troth.privacy.proofs.ways import KNOWN, PREPARE, register_way
        from troth.segments.membership import register_reaction as register_change_reaction

        register_reaction(react)
        register_reaction(tell_reached)
        register_change_reaction(react_to_changes)
        register_duty("plan_dates", "troth.campaigns.date_planning.plan_dates", every_ms=1_000)
        register_source(KIND, ASKED)
        register_uses(find_uses)
        register_sendings(find_sendings)
        register_decisions(tell_decisions)
        register_publication(mark_behind)
        register_way("a campaign and its mail", "troth.campaigns.proof_way.prepare", stage=PREPARE)
        register_way("a newsletter", "troth.campaigns.proof_way.write_to_all", stage=KNOWN)
        register_source(NEWSLETTER, ASKED_OF_NEWSLETTERS)
        register_duty("ask_for_consent", "troth.campaigns.repermission_asking.ask_next", every_ms=1_000, rest_ms=ONLY_ROWS)
        register_duty("begin_newsletters", "troth.campaigns.newsletters.running.begin_due", every_ms=500, rest_ms=1_000)
        register_duty("gather_newsletters", "troth.campaigns.newsletters.gathering.gather_next", every_ms=500, rest_ms=ONLY_ROWS)
        register_duty("hold_paused", "troth.campaigns.newsletters.running.keep_paused", every_ms=1_000, rest_ms=ONLY_ROWS)
        register_duty("decide_newsletters", "troth.campaigns.newsletters.deciding.decide_next", every_ms=5_000)
        register_duty("finish_newsletters", "troth.campaigns.newsletters.deciding.finish_done", every_ms=5_000)
