"""Recording a decision from the command line, through the one door."""

from __future__ import annotations

from django.core.management.base import CommandError, CommandParser

from troth.consent.catalog import load_catalog
from troth.intake.addressing import identity_of
from troth.intake.commands import ACCEPTED, Decide, Decision
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


def decide(workspace_name: str, identifier: str, purpose: str, decision: Decision, evidence: str) -> str:
    """Apply a decision and return a line about it. Raises PersonNotFound, WorkspaceNotFound, PurposeUnknown."""
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
        evidence={"stated_by": "operator at the command line", **({"note": evidence} if evidence else {})},
    )
    outcome = apply([command], now=now)[0]
    if outcome.status != ACCEPTED:
        raise CommandError(
            f"The decision was not recorded ({outcome.status}): the person is being erased, or their identifier is suppressed."
        )
    return f"Recorded: person {subject.person_id}, {purpose}, {decision.value}."
