"""Limits on attempts, counted in the database, so that all processes and machines share them."""

from __future__ import annotations

from django.http import HttpRequest

from troth.kernel.crypto import derive, keyed_tag

LABEL = b"shared-cache-key/v1"
LIMITS = {"invitation": "30/m/ip"}


def hide_key(key: str, key_prefix: str, version: int) -> str:
    """Django's KEY_FUNCTION: allauth's keys hold IP addresses and user ids in clear, and addresses under a hash anybody could recompute."""
    return keyed_tag(derive(LABEL), f"{key_prefix}:{version}:{key}".encode()).hex()


def may_try(request: HttpRequest, action: str) -> bool:
    """Whether this address may do it once more now; counts the attempt. `action` is one of LIMITS."""
    from allauth.core.internal.ratelimit import consume

    return bool(consume(request, app="troth", action=action, config=LIMITS, limit_get=True))
