from __future__ import annotations

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """The rights of the person; registers deletion orders, searches for residue and the expiry of backups with the worker."""

    name = "troth.privacy"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to what happens below; tell the worker what to do and the doctor what to ask."""
        from troth.intake.actor import register_reaction
        from troth.messages.configured import register_hold
        from troth.messages.news import handed_over
        from troth.privacy import news
        from troth.privacy.disclosures.log import hear_handed_over
        from troth.privacy.downstream.ways import register_carrier
        from troth.privacy.inventory.storing import count_folded
        from troth.privacy.processors.register import hold_channel
        from troth.privacy.readiness.impact import find_unassessed
        from troth.segments.registry import register_refusal

        handed_over.register_reaction(hear_handed_over, listens=lambda: True)
        register_reaction(count_folded)
        register_refusal(find_unassessed)
        register_hold(hold_channel)
        register_carrier("mail", "troth.privacy.downstream.by_mail")
        register_carrier("opendsr", "troth.privacy.opendsr.client")
        news.erasures.register_reaction("troth.privacy.takeaways.asking.forget_in_files", listens=lambda: True)
        news.moves.register_reaction("troth.privacy.opendsr.following.note_moves", listens=lambda: True)
        news.answers.register_reaction("troth.privacy.erasure.outcomes.certify_after_answers", listens=lambda: True)
        self._register_checks()
        self._register_duties()
        self._register_ways()

    def _register_checks(self) -> None:
        """What `troth doctor` asks."""
        from troth.kernel.checks import register_check

        register_check("impact assessments", "troth.privacy.readiness.impact.check_assessments")
        register_check("privacy requests", "troth.privacy.checks.check_requests")
        register_check("recipients", "troth.privacy.downstream.chasing.check_recipients")
        register_check("erasure ledger", "troth.privacy.checks.check_ledger")
        register_check("backups", "troth.privacy.backups.renewing.check_backups")
        register_check("compaction", "troth.privacy.compaction.running.check_compaction")
        register_check("data inventory", "troth.privacy.inventory.drift.check_inventory")
        register_check("breaches", "troth.privacy.breaches.checks.check_breaches")
        register_check("opendsr", "troth.privacy.opendsr.checks.check_opendsr")
        register_check("proof of erasure", "troth.privacy.proofs.telling.check_proofs")

    def _register_duties(self) -> None:
        """What the worker does by itself."""
        from troth.kernel.worker import ONLY_ROWS, register_duty

        register_duty("tell_recipients", "troth.privacy.downstream.telling.tell_due", every_ms=500, rest_ms=2_000)
        register_duty("chase_recipients", "troth.privacy.downstream.chasing.chase_silent", every_ms=60_000)
        register_duty("forget_told_identifiers", "troth.privacy.downstream.chasing.forget_sealed", every_ms=600_000)
        register_duty("tell_of_agreements", "troth.privacy.renewed_agreements.tell_of_agreements", every_ms=10_000)
        register_duty("tell_of_breaches", "troth.privacy.breaches.telling.tell_of_breaches", every_ms=60_000)
        register_duty("tell_of_contests", "troth.privacy.contests.telling.tell_due", every_ms=5_000)
        register_duty("tell_of_processors", "troth.privacy.processors.telling.tell_next", every_ms=10_000)
        register_duty("count_earlier_events", "troth.privacy.inventory.storing.count_earlier", every_ms=5_000)
        register_duty("count_attributes", "troth.privacy.inventory.storing.count_attributes", every_ms=5_000)
        register_duty("clear_not_collected", "troth.privacy.inventory.clearing.clear_next", every_ms=1_000, rest_ms=ONLY_ROWS)
        register_duty("forget_not_collected", "troth.consent.collecting.forget_old_counts", every_ms=3_600_000)
        register_duty("keep_schedules", "troth.privacy.retention.running.run_next", every_ms=30_000)
        register_duty("schedule_evidence", "troth.privacy.retention.evidence.make_evidence_schedules", every_ms=3_600_000, is_awaited=False)
        register_duty("watch_drift", "troth.privacy.inventory.drift.watch_drift", every_ms=60_000)
        register_duty("take_away_due", "troth.privacy.takeaways.asking.take_away_due", every_ms=1_000, rest_ms=5_000)
        register_duty("hand_over_due", "troth.privacy.handovers.queue.hand_over_due", every_ms=1_000, rest_ms=5_000)
        register_duty("leave_due", "troth.privacy.leaving.carrying_out.leave_due", every_ms=1_000, rest_ms=5_000)
        register_duty("carry_out_deletion_orders", "troth.privacy.erasure.orders.carry_out_orders", every_ms=250, rest_ms=ONLY_ROWS)
        register_duty("forget_requesters", "troth.privacy.desk.requesters.forget_files", every_ms=3_600_000)
        register_duty("forward_to_controllers", "troth.privacy.desk.forwarding.forward_due", every_ms=5_000)
        register_duty("tell_of_terms", "troth.privacy.desk.reminding.tell_of_terms", every_ms=60_000)
        register_duty("tell_over_opendsr", "troth.privacy.opendsr.callback_courier.tell_due", every_ms=1_000, rest_ms=2_000)
        register_duty("carry_out_instructions", "troth.privacy.opendsr.instructions.carry_out_due", every_ms=5_000)
        register_duty("raise_undelivered", "troth.privacy.opendsr.raising.raise_undelivered", every_ms=60_000)
        register_duty("forget_opendsr_callbacks", "troth.privacy.opendsr.callback_queue.forget_old", every_ms=3_600_000)
        register_duty("verify_erasures", "troth.privacy.searching.verification.verify_due", every_ms=250, rest_ms=1_000)
        register_duty("compact_nightly", "troth.privacy.compaction.running.compact_nightly", every_ms=60_000)
        register_duty("end_holds", "troth.privacy.erasure.kept_ending.end_due", every_ms=30_000)
        register_duty("certify_replayed", "troth.privacy.erasure.strangers.certify_replayed", every_ms=600_000)
        register_duty("renew_backups", "troth.privacy.backups.renewing.renew_due", every_ms=60_000)
        register_duty("prove_erasure", "troth.privacy.proofs.starting.start_when_due", every_ms=60_000, is_awaited=False)
        register_duty("tell_of_proofs", "troth.privacy.proofs.telling.tell_of_proofs", every_ms=60_000, is_awaited=False)
        register_duty("remove_expired_backups", "troth.privacy.backups.taking.remove_expired", every_ms=3_600_000)

    def _register_ways(self) -> None:
        """By which ways the made-up persons of the daily proof go."""
        from troth.privacy.proofs.ways import AFTER, ARRIVE, KNOWN, PREPARE, register_way

        register_way("the segment", "troth.privacy.proofs.own_ways.prepare", stage=PREPARE)
        register_way("a request of somebody not on file", "troth.privacy.proofs.rights_ways.knock", stage=ARRIVE)
        register_way("the door", "troth.privacy.proofs.own_ways.arrive", stage=ARRIVE)
        register_way("push, SMS and calls of a webhook", "troth.privacy.proofs.own_ways.be_reached", stage=KNOWN)
        register_way("a hand-over, recipients", "troth.privacy.proofs.rights_ways.be_handed_over", stage=KNOWN)
        register_way("self-service", "troth.privacy.proofs.rights_ways.help_themselves", stage=KNOWN)
        register_way("a request over OpenDSR", "troth.privacy.proofs.rights_ways.be_asked_for", stage=KNOWN)
        register_way("messages, what comes back of them", "troth.privacy.proofs.own_ways.come_back", stage=AFTER)
        register_way("requests, holds, an export, the audit log", "troth.privacy.proofs.rights_ways.ask", stage=AFTER)
        register_way("what came in while somebody watches", "troth.privacy.proofs.own_ways.watch", stage=AFTER)
        register_way("the inbox", "troth.privacy.proofs.own_ways.linger", stage=AFTER)
