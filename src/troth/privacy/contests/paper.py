"""The register of instructions as a document to keep and to show: what is contested first, then what was instructed, the latest first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from troth.kernel.clock import to_minute
from troth.kernel.pdf import Document
from troth.kernel.speech import ENGLISH
from troth.privacy.contests.contesting import list_contests
from troth.privacy.contests.telling import name_instruction
from troth.privacy.models.contests import ContestedInstruction, Outcome
from troth.workspaces.agreements.instructions import list_instructions
from troth.workspaces.audit import ACTIONS
from troth.workspaces.models import AuditEntry, User, Workspace

MOST = 1_000
"""Instructions that it lists; the audit log has all that is kept."""
PAGE = 500


def write_register(workspace_id: int, now: int) -> Document:
    """The document. `now` in milliseconds."""
    workspace = Workspace.objects.select_related("account").get(pk=workspace_id)
    document = Document("Register of instructions", under=f"Art. 28(3) GDPR · {workspace.name} · as of {_when(now)}", foot=workspace.name)
    document.facts([("Processor", workspace.account.name if workspace.processes_for else "whoever runs this installation")])
    document.facts([("Controller", workspace.processes_for or workspace.account.name)])
    contests, entries = list_contests(workspace_id), list(islice(_entries(workspace_id), MOST))
    names = _name_users({one.by for one in contests} | {one.settled_by for one in contests} | {entry.user_id for entry in entries})
    document.heading("Contested as infringing the law")
    if not contests:
        document.text("None.")
    for own in contests:
        document.facts(_facts(own, names))
    document.heading("Instructions")
    rows = [
        [_when(entry.at), names.get(entry.user_id, "a key"), str(entry.detail.get("call") or ACTIONS.get(entry.action, entry.action))]
        for entry in entries
    ]
    if rows:
        document.table(["When", "Who", "Instruction"], rows)
    else:
        document.text("None.")
    return document


def _entries(workspace_id: int) -> Iterator[AuditEntry]:
    before = None
    while page := list_instructions(workspace_id, before=before, limit=PAGE):
        yield from page
        before = page[-1].entry_id


def _facts(own: ContestedInstruction, names: dict[int, str]) -> list[tuple[str, str]]:
    facts = [
        ("Instruction", f"{name_instruction(own, ENGLISH)}, given {_when(own.given_at)}"),
        ("Contested", f"{_when(own.at)} by {names.get(own.by, 'whoever runs the installation, or a key')}"),
        ("Reasons", own.reason),
        ("Controller told", _when(own.told_at) if own.told_at else "not yet"),
        ("Carrying out", "waited for the controller" if own.waits else "was carried out when it was given"),
    ]
    if own.outcome == Outcome.OPEN:
        return [*facts, ("The controller said", "nothing yet")]
    settled = f"{_when(own.settled_at or 0)}, written down by {names.get(own.settled_by, 'whoever runs the installation, or a key')}"
    return [*facts, ("The controller said", f"{own.outcome}: {own.said} ({settled})")]


def _name_users(ids: set[int]) -> dict[int, str]:
    return dict(User.objects.filter(pk__in=ids).values_list("pk", "email"))


def _when(at: int) -> str:
    return f"{to_minute(at)} UTC"
