from __future__ import annotations

from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    """See the package's own docstring."""

    name = "troth.campaigns"
    default_auto_field = "django.db.models.BigAutoField"
