"""What a person decides on a page, handed to the one door. Plain functions, so that any server can answer a one-click unsubscribe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from troth.consent.catalog import PurposeRule, load_catalog
from troth.consent.decisions import load_stances
from troth.consent.models import LegalBasis, Standing
from troth.intake.addressing import identity_of
from troth.intake.commands import Decide, Decision
from troth.intake.door import apply
from troth.kernel.personal_data import Subject
from troth.pages.links import Visit, read_visit
from troth.pages.wording import AGREE, LANGUAGE, VERSION, explain, notice_of
from troth.workspaces.models import Workspace

ONE_CLICK = "one_click"
BUTTON = "unsubscribe_link"
PREFERENCES = "preference_page"


@dataclass(frozen=True)
class Choice:
    """One row of the preference page: a purpose that needs consent, and whether the person has given it."""

    key: str
    name: str
    explanation: str
    label: str
    granted: bool


def sender_of(workspace_id: int) -> str:
    """The name under which a workspace speaks to its people."""
    return Workspace.objects.values_list("name", flat=True).filter(pk=workspace_id).first() or ""


def unsubscribe(token: str, *, method: str, now: int) -> Visit | None:
    """Withdraw the purpose a token names, at once (RFC 8058, Art. 7(3)); None when the token is not one of ours. Safe to repeat.

    With nobody left to withdraw for there is nothing to do: whoever is erased is not written to.
    """
    visit = read_visit(token)
    if visit is None or visit.subject is None:
        return visit
    evidence = {"message_id": str(visit.link.message_id)} if visit.link.message_id else {}
    _decide(visit.subject, [(visit.link.purpose, Decision.WITHDRAW, evidence)], method=method, now=now)
    return visit


def list_choices(subject: Subject) -> list[Choice]:
    """Where a person stands on each purpose that needs their consent."""
    stances = load_stances([subject.person_id]).get(subject.person_id, {})
    return [
        Choice(rule.key, rule.name, explain(rule), AGREE, stances.get(rule.key, Standing.NONE) == Standing.GRANTED)
        for rule in _consent_purposes(subject.workspace_id)
    ]


def save_choices(subject: Subject, wanted: Iterable[str], *, now: int) -> int:
    """Record what changed: a tick grants, an empty box withdraws what was granted. Returns the number of decisions recorded."""
    chosen = set(wanted)
    rules = {rule.key: rule for rule in _consent_purposes(subject.workspace_id)}
    sender = sender_of(subject.workspace_id)
    said: list[tuple[str, Decision, Mapping[str, Any]]] = []
    for choice in list_choices(subject):
        if choice.key in chosen and not choice.granted:
            said.append((choice.key, Decision.GRANT, _evidence(rules[choice.key], sender)))
        elif choice.granted and choice.key not in chosen:
            said.append((choice.key, Decision.WITHDRAW, {"notice_version": VERSION}))
    _decide(subject, said, method=PREFERENCES, now=now)
    return len(said)


def _consent_purposes(workspace_id: int) -> list[PurposeRule]:
    """What a person can choose, marketing first: it is what most come for."""
    rules = [rule for rule in load_catalog(workspace_id).purposes.values() if rule.basis == LegalBasis.CONSENT]
    return sorted(rules, key=lambda rule: (not rule.is_marketing, rule.name))


def _evidence(rule: PurposeRule, sender: str) -> dict[str, Any]:
    """What was shown, word for word, and how the box stood before (Art. 7(1))."""
    return {"notice": notice_of(rule, sender), "notice_version": VERSION, "language": LANGUAGE, "default_state": "unchecked", "page": "/p/"}


def _decide(subject: Subject, said: list[tuple[str, Decision, Mapping[str, Any]]], *, method: str, now: int) -> None:
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
