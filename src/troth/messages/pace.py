"""How often a person wants marketing: who said at most one in a time does not get the next one before that time is over."""

from __future__ import annotations

from collections.abc import Sequence

from troth.consent.decisions import load_decisions
from troth.consent.gate import Operation, Verdict
from troth.consent.models import Standing
from troth.consent.wishes import PACES
from troth.kernel.sql import PERSON_KEY, select_by_keys
from troth.messages.models import HAD
from troth.messages.queue import Claim

TOO_SOON = "too_soon"


def find_too_soon(claims: Sequence[Claim], now: int) -> dict[int, Verdict]:
    """Verdicts against the claims whose person had marketing more lately than they want, by message; three reads at most.

    What another claim is about to hand over counts as had where its number is lower, so that of several at once one goes out.
    """
    marketing = [claim for claim in claims if claim.is_marketing]
    said = load_decisions({claim.subject.person_id for claim in marketing}) if marketing else {}
    wanted: dict[int, tuple[str, int]] = {}
    for person_id, stood in said.items():
        refused = [(span, key) for key, (_, span) in PACES.items() if key in stood and stood[key].standing == Standing.REFUSED]
        if refused:
            span, key = max(refused)
            wanted[person_id] = (key, span)
    held = [claim for claim in marketing if claim.subject.person_id in wanted]
    had = _load_had(held, now - max(span for _, span in PACES.values()))
    found: dict[int, Verdict] = {}
    for claim in held:
        key, span = wanted[claim.subject.person_id]
        for message_id, at, is_under_way in had.get(claim.subject.person_id, ()):
            if message_id != claim.message_id and at > now - span and (not is_under_way or message_id < claim.message_id):
                found[claim.message_id] = Verdict(allow=False, purpose=key, operation=Operation.HAND_OVER.value, at=now, reason=TOO_SOON)
    return found


def _load_had(claims: Sequence[Claim], since: int) -> dict[int, list[tuple[int, int, bool]]]:
    """The marketing that persons had since a moment, or are about to have: message, moment, and whether it is still under way."""
    keys = [(claim.subject.bucket, claim.subject.person_id) for claim in claims]
    rows = select_by_keys(
        "SELECT m.person_id, m.message_id, COALESCE(m.settled_at, m.claimed_at, 0), m.state",
        "JOIN messages_message m ON m.bucket = k.column1 AND m.person_id = k.column2 AND m.is_marketing"
        f" AND m.state IN ('sending', {HAD}) AND COALESCE(m.settled_at, m.claimed_at, 0) > {since:d}",
        keys,
        PERSON_KEY,
    )
    found: dict[int, list[tuple[int, int, bool]]] = {}
    for person_id, message_id, at, state in rows:
        found.setdefault(person_id, []).append((message_id, at, state == "sending"))
    return found
