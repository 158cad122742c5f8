"""Break-glass (Art. 25, 32 GDPR): whether a member sees persons in clear, or first has to say why. Pure; each workspace chooses the roles.

It is off at first: roles already let most members see no person at all, and who answers persons all day would type the same reason again and again.
For roles that need persons rarely it is the better default, and the readiness of a workspace is not held up by it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from troth.kernel.clock import MINUTE
from troth.workspaces.roles import Permission

OPEN_FOR = 15 * MINUTE
EVERYBODY = 0
SHORTEST_REASON, LONGEST_REASON = 8, 500
LOOKS = frozenset(
    {
        *("people.list", "people.search", "person.read", "consent.list", "consent.read", "message.list", "message.read"),
        *("live.opened", "live.read", "live.watched", "requests.list", "request.read", "segment.members", "segment.why"),
        *("webhook.deliveries", "why.asked", "workspace.takeaway_downloaded", "breach.listed"),
    }
)
"""Acts of the audit log that show persons."""
OF_LOGS = frozenset({Permission.SEE_AUDIT, Permission.EXPORT_AUDIT})

Opened = tuple[int, int, int]
"""Workspace, person (`EVERYBODY`: all of them) and until when (ms)."""


def is_sensitive(*, audit: str, permission: Permission, person_id: int) -> bool:
    """Whether a page shows persons in clear: it is about one, is written down as a look at them, or is the audit log, which names them."""
    return bool(person_id) or audit in LOOKS or permission in OF_LOGS


def is_closed(roles: Collection[str], role: str, opened: Iterable[Opened], *, workspace_id: int, person_id: int, now: int) -> bool:
    """Whether a member of a role has to say why before such a page is shown. `roles`: those that the workspace chose."""
    if role not in roles:
        return False
    return not any(place == workspace_id and whom in (EVERYBODY, person_id or -1) and now < until for place, whom, until in opened)


def pseudonym(person_id: int) -> str:
    """How somebody is called while the glass is whole."""
    return f"P-{person_id % 0xFFFFFF:06X}"
