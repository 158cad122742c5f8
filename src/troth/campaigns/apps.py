from __future__ import annotations

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """Campaigns; reacts to events."""

    name = "troth.campaigns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to the actors."""
        from troth.campaigns.triggers import react
        from troth.intake.actor import register_reaction

        register_reaction(react)
