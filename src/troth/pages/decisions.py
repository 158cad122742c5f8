"""What a person decides on a page, handed to the one door. Plain functions, so that any server can answer a one-click unsubscribe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from troth.intake.addressing import identity_of
from troth.intake.commands import Decide, Decision
from troth.intake.door import apply
from troth.kernel.personal_data import Subject
from troth.pages.links import Visit, read_visit

ONE_CLICK = "one_click"
BUTTON = "unsubscribe_link"
Said = tuple[str, Decision, Mapping[str, Any]]
"""A purpose, what was decided on it, and the evidence."""


def unsubscribe(token: str, *, method: str, now: int) -> Visit | None:
    """Withdraw the purpose a token names, at once (RFC 8058, Art. 7(3)); None when the token is not one of ours. Safe to repeat.

    With nobody left to withdraw for there is nothing to do: whoever is erased is not written to.
    """
    visit = read_visit(token)
    if visit is None or visit.subject is None:
        return visit
    evidence = {"message_id": str(visit.link.message_id)} if visit.link.message_id else {}
    decide(visit.subject, [(visit.link.purpose, Decision.WITHDRAW, evidence)], method=method, now=now)
    return visit


def decide(subject: Subject, said: Sequence[Said], *, method: str, now: int) -> None:
    """Through the door, all in one transaction, named by Troth's own id, so that a grant can never count for somebody else."""
    if not said:
        return
    apply(
        [
            Decide(
                workspace_id=subject.workspace_id,
                identity=identity_of(subject),
                source="page",
                received_at=now,
                decision=decision,
                purpose=purpose,
                method=method,
                evidence=dict(evidence),
            )
            for purpose, decision, evidence in said
        ],
        now=now,
    )
