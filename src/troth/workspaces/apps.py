from __future__ import annotations

from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    """Accounts, workspaces, members, roles and keys."""

    name = "troth.workspaces"
    default_auto_field = "django.db.models.BigAutoField"
