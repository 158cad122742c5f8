"""What a person decides on a page, or a mailbox provider passes on for them, as the one door takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from troth.intake.addressing import identity_of
from troth.intake.commands import Decide, Decision
from troth.intake.door import apply
from troth.kernel.personal_data import Subject
from troth.messages.unsubscribe_links import UnsubscribeLink
from troth.pages.links import Visit, read_visit

ONE_CLICK = "one_click"
BUTTON = "unsubscribe_link"
Said = tuple[str, Decision, Mapping[str, Any]]
"""A purpose, what was decided on it, and the evidence."""


def unsubscribe(token: str, *, now: int) -> Visit | None:
    """Withdraw the purpose a token names, by the button of its page, at once (Art. 7(3)); None when the token is not one of ours. Safe to repeat.

    With nobody left to withdraw for there is nothing to do: whoever is erased is not written to.
    """
    visit = read_visit(token)
    if visit and visit.subject:
        apply([withdrawal(visit.link, visit.subject, method=BUTTON, now=now)], now=now)
    return visit


def withdrawal(link: UnsubscribeLink, subject: Subject, *, method: str, now: int) -> Decide:
    """The withdrawal of what a link names, by whom it leads to now; with the mail it stood in."""
    evidence = {"message_id": str(link.message_id)} if link.message_id else {}
    return _command(subject, (link.purpose, Decision.WITHDRAW, evidence), method, now)


def decide(subject: Subject, said: Sequence[Said], *, method: str, now: int) -> None:
    """Through the door, all in one transaction, named by Troth's own id, so that a grant can never count for somebody else."""
    if said:
        apply([_command(subject, one, method, now) for one in said], now=now)


def _command(subject: Subject, said: Said, method: str, now: int) -> Decide:
    purpose, decision, evidence = said
    return Decide(
        workspace_id=subject.workspace_id,
        identity=identity_of(subject),
        source="page",
        received_at=now,
        decision=decision,
        purpose=purpose,
        method=method,
        evidence=dict(evidence),
    )
