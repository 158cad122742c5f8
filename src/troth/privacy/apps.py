from __future__ import annotations

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """See the package's own docstring."""

    name = "troth.privacy"
    default_auto_field = "django.db.models.BigAutoField"
