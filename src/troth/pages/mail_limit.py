"""A page that writes to an address somebody typed is no means to flood a mailbox."""

from __future__ import annotations

from django.db import connection

from troth.consent.suppression import is_suppressed
from troth.kernel.clock import DAY, MINUTE
from troth.kernel.crypto import derive, keyed_tag

BETWEEN_MAILS = 2 * MINUTE
"""Before the same address is written to again."""
MOST_A_DAY = 5


def may_write(label: bytes, workspace_id: int, email: str, now: int) -> bool:
    """Whether an address may be written to once more; counts it. Kept under a keyed hash, in one statement, so that it holds across processes.

    `label` tells kinds of mail apart. Never where somebody was erased.
    """
    if is_suppressed(workspace_id, email):
        return False
    tag = keyed_tag(derive(label), f"{workspace_id}:{email}".encode())
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO consent_askedaddress (tag, since, latest, mails) VALUES (%s, %s, %s, 1) ON CONFLICT (tag) DO UPDATE SET latest = EXCLUDED.latest,"
            " mails = CASE WHEN consent_askedaddress.since <= %s THEN 1 ELSE consent_askedaddress.mails + 1 END,"
            " since = CASE WHEN consent_askedaddress.since <= %s THEN EXCLUDED.since ELSE consent_askedaddress.since END"
            " WHERE consent_askedaddress.latest <= %s AND (consent_askedaddress.mails < %s OR consent_askedaddress.since <= %s)",
            [tag, now, now, now - DAY, now - DAY, now - BETWEEN_MAILS, MOST_A_DAY, now - DAY],
        )
        return bool(cursor.rowcount == 1)
