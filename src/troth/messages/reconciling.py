"""Sends that reconcile (row D10): of a source's audience it is known of each what became of it, and the parts are the whole."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import connection

from troth.messages.models import State

WAITING = (State.QUEUED, State.SENDING, State.HELD)
OVER_UNSENT = (State.SKIPPED, State.CANCELLED, State.FAILED)


@dataclass(frozen=True)
class Reconciled:
    """The messages of a source by what became of them; a person who was erased since is in none of these numbers."""

    audience: int
    """All messages that the source made, sent or not."""
    by_state: dict[str, int] = field(default_factory=dict)
    """Every state that any of them is in."""
    reasons: dict[str, dict[str, int]] = field(default_factory=dict)
    """For each state that has reasons, how many have which."""

    def number(self, *states: str) -> int:
        """How many are in one of the states."""
        return sum(self.by_state.get(state, 0) for state in states)

    @property
    def queued(self) -> int:
        """To be sent when they are due."""
        return self.number(State.QUEUED)

    @property
    def sending(self) -> int:
        """In the hands of a sender at this moment."""
        return self.number(State.SENDING)

    @property
    def held(self) -> int:
        """Due, but sending is off or stopped."""
        return self.number(State.HELD)

    @property
    def handed_over(self) -> int:
        """Taken by the provider, whatever it told of them since."""
        return self.audience - self.number(*WAITING, *OVER_UNSENT, State.UNKNOWN)

    @property
    def unknown(self) -> int:
        """Perhaps handed over: the answer is lost, and they are never sent again by themselves."""
        return self.number(State.UNKNOWN)

    @property
    def is_over(self) -> bool:
        """Whether nothing of it waits any more."""
        return not self.number(*WAITING)


def reconcile(workspace_id: int, source: str) -> Reconciled:
    """Count a source's messages in one statement, so that the parts add up at any moment. From the index of sources, over all buckets."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state, reason, COUNT(*) FROM messages_message WHERE workspace_id = %s AND source = %s GROUP BY state, reason",
            [workspace_id, source],
        )
        rows = cursor.fetchall()
    by_state: dict[str, int] = {}
    reasons: dict[str, dict[str, int]] = {}
    for state, reason, number in rows:
        by_state[state] = by_state.get(state, 0) + number
        if reason:
            reasons.setdefault(state, {})[reason] = number
    return Reconciled(audience=sum(by_state.values()), by_state=by_state, reasons=reasons)
