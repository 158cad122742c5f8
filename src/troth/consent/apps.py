from __future__ import annotations

from django.apps import AppConfig


class ConsentConfig(AppConfig):
    """See the package's own docstring."""

    name = "troth.consent"
    default_auto_field = "django.db.models.BigAutoField"
