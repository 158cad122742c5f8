from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """See the package's own docstring."""

    name = "troth.people"
    default_auto_field = "django.db.models.BigAutoField"
