"""Recording a decision from the command line, through the one door."""

from __future__ import annotations

from collections.abc import Mapping

from django.core.management.base import CommandError, CommandParser

from troth.consent.catalog import load_catalog
from troth.consent.claims import in_words
from troth.intake.addressing import identity_of
from troth.intake.commands import ACCEPTED, VOID_CLAIM, Decide, Decision
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.people.lookup import find_person
from troth.workspaces.registry import find_workspace


def add_arguments(parser: CommandParser) -> None:
    """WS, IDENTIFIER, PURPOSE, --evidence."""
    parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
    parser.add_argument("identifier", metavar="IDENTIFIER", help="any identifier of the person")
    parser.add_argument("purpose", metavar="PURPOSE", help="the key of a purpose, e.g. marketing_email")
    parser.add_argument("--evidence", default="", metavar="TEXT", help="how the person expressed it, e.g. where the signed form lies")


def decide(
    workspace_name: str, identifier: str, purpose: str, decision: Decision, evidence: str, proof: Mapping[str, str] | None = None
) -> str:
    """Apply a decision and return what became of it. Raises CommandError where it was not recorded, PersonNotFound, WorkspaceNotFound, PurposeUnknown."""
    workspace = find_workspace(workspace_name)
    load_catalog(workspace.pk).require(purpose)
    subject = find_person(workspace.pk, identifier)
    command = Decide(
        workspace_id=workspace.pk,
        identity=identity_of(subject),
        source="cli",
        received_at=(now := now_ms()),
        decision=decision,
        purpose=purpose,
        method="cli",
        evidence={"stated_by": "operator at the command line", **({"note": evidence} if evidence else {}), **(proof or {})},
    )
    outcome = apply([command], now=now)[0]
    if outcome.status == VOID_CLAIM:
        raise CommandError(f"Void, and not recorded. {in_words(outcome.findings)}")
    if outcome.status != ACCEPTED:
        raise CommandError(
            f"The decision was not recorded ({outcome.status}): the person is being erased, or their identifier is suppressed."
        )
    told = f" It permits nothing. {in_words(outcome.findings)}" if outcome.findings else ""
    return f"Recorded: person {subject.person_id}, {purpose}, {decision.value}.{told}"
