"""What is over of members' sessions and attempts is deleted: session data hold addresses, and the list of sessions IP addresses."""

from __future__ import annotations

from datetime import UTC, datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from troth.console.models import CacheEntry


def forget_old_sessions(now: int) -> bool:
    """Worker duty: delete expired sessions, what was noted about ended ones, and counts of attempts that are over. `now` in milliseconds."""
    moment = datetime.fromtimestamp(now / 1000, UTC)
    Session.objects.filter(expire_date__lte=moment).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    CacheEntry.objects.filter(expires__lte=moment).delete()
    return False
