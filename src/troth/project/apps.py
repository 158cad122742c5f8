from __future__ import annotations

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    """The commands that concern the whole installation."""

    name = "troth.project"
    label = "troth_project"
