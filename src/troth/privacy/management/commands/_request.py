"""The request that a command names."""

from __future__ import annotations

import uuid

from django.core.management.base import CommandError

from troth.privacy.models import PrivacyRequest


def find_any(text: str) -> PrivacyRequest:
    """The request of an id, in whatever workspace: who may use the command line may see all. Raises CommandError."""
    try:
        return PrivacyRequest.objects.get(pk=uuid.UUID(text))
    except (ValueError, PrivacyRequest.DoesNotExist):
        raise CommandError("There is no such request: `troth privacy requests` shows them.") from None
