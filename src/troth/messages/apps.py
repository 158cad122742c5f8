from __future__ import annotations

from django.apps import AppConfig


class MessagesConfig(AppConfig):
    """See the package's own docstring."""

    name = "troth.messages"
    default_auto_field = "django.db.models.BigAutoField"
