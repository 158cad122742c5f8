"""Links that log a user in once: made on the server's own command line, for whoever lost every other way in, and for the demonstration."""

from __future__ import annotations

from django.conf import settings

from troth.kernel.clock import MINUTE
from troth.kernel.crypto import open_token, seal_token
from troth.workspaces.models import User

LABEL = b"login-link/v1"
VALID_FOR = 10 * MINUTE


def make_login_link(user: User, now: int) -> str:
    """An address that logs this user in, for ten minutes and until they have logged in by any way. `now` in milliseconds."""
    plain = f"{user.pk}\n{_last_seen(user)}\n{now + VALID_FOR}"
    return f"{settings.TROTH_URL}/console/enter/{seal_token(LABEL, plain.encode())}"


def redeem_login_link(token: str, now: int) -> User | None:
    """Whom a link lets in, or None when it is forged, too old, or was used."""
    plain = open_token(LABEL, token)
    if plain is None:
        return None
    user_id, last_seen, until = plain.decode().split("\n")
    if now >= int(until):
        return None
    user = User.objects.filter(pk=int(user_id), is_active=True).first()
    return user if user and _last_seen(user) == last_seen else None


def _last_seen(user: User) -> str:
    """Changes with every log-in, so that a link works once."""
    return user.last_login.isoformat() if user.last_login else "never"
