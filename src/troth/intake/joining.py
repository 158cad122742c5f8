"""Joining identities: an anonymous history becomes a known person's, a re-identified person keeps theirs, two persons merge."""

from __future__ import annotations

from troth.intake.commands import ACCEPTED, UNKNOWN_PERSON, Alias, Command, Outcome
from troth.intake.identities import find_all_known
from troth.intake.news import Merged, merges
from troth.intake.plan import Plan
from troth.kernel.personal_data import Subject, move_everywhere
from troth.people.identifiers import ANONYMOUS_ID, EXTERNAL_ID, Handle
from troth.people.queries import load_identifiers


def apply_alias(plan: Plan, command: Alias, handles: list[Handle], previous: list[Handle]) -> Outcome:
    """`previous` and `identity` are one person. Known both: they merge, the new identity's values win. Known none: nothing to do."""
    old = find_all_known(plan, command.workspace_id, command.previous, previous)
    new = find_all_known(plan, command.workspace_id, command.identity, handles)
    nobody_there = (command.previous.person_id is not None and not old) or (command.identity.person_id is not None and not new)
    if nobody_there or not (old or new):
        return Outcome(status=UNKNOWN_PERSON)
    if old and new and old[0] != new[0]:
        merge_persons(plan, command, old[0], new[0])
    kept = new[0] if new else old[0]
    # Of two addresses the one said last counts, so the new identity's come last.
    plan.give_identifiers(command.workspace_id, kept, [*previous, *handles], command.source)
    return Outcome(status=ACCEPTED, person_id=kept)


def join_anonymous(plan: Plan, command: Command, handles: list[Handle]) -> None:
    """Somebody anonymous turns out to be known: their history joins, unless the anonymous id belongs to another known person (a shared device)."""
    by_kind = {handle.kind: handle for handle in handles}
    anonymous = plan.holders.get(by_kind[ANONYMOUS_ID].tag) if ANONYMOUS_ID in by_kind else None
    known = plan.holders.get(by_kind[EXTERNAL_ID].tag) if EXTERNAL_ID in by_kind else None
    if not anonymous or (known and known[0] == anonymous[0]):
        return
    if any(handle.kind == EXTERNAL_ID for handle in load_identifiers(anonymous).get(anonymous[0], [])):
        return
    if known:
        merge_persons(plan, command, anonymous[0], known[0])
    else:
        plan.give_identifiers(command.workspace_id, anonymous[0], [by_kind[EXTERNAL_ID]], command.source)


def merge_persons(plan: Plan, command: Command, source_id: int, target_id: int) -> None:
    """Carry everything of one person over to another, in every store; a refusal beats a grant."""
    move_everywhere(Subject(command.workspace_id, source_id), Subject(command.workspace_id, target_id))
    plan.read_again()
    merges.tell([Merged(Subject(command.workspace_id, target_id), source_id)], plan.now)
