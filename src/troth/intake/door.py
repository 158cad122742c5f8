"""The one door: `apply` is the only way in which personal data is written from outside.

A batch of commands is applied in one transaction, in order. Runs of plain commands are applied set by set; what changes identities (aliases,
deletions, identities that join) stands alone. Suppression, consent and the workspace's rules are checked in the same transaction as the write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import transaction

from troth.consent.catalog import SERVICE
from troth.consent.decisions import DecisionRow
from troth.consent.gate import Operation
from troth.intake.commands import (
    ACCEPTED,
    DROPPED,
    UNKNOWN_PERSON,
    Alias,
    Command,
    Decide,
    Decision,
    Delete,
    EditTags,
    Identify,
    Outcome,
    Track,
)
from troth.intake.deletion import order_deletion
from troth.intake.identities import Memo, find_all_known, find_known, handles_of
from troth.intake.joining import apply_alias, join_anonymous
from troth.intake.plan import Plan
from troth.intake.screening import find_suppressed_commands
from troth.kernel.crypto import derive, short_tag
from troth.kernel.json_text import encode
from troth.kernel.personal_data import Subject
from troth.people.event_names import fold_event_name
from troth.people.identifiers import Handle
from troth.workspaces.registry import matches_on_email

DROPPED_OUTCOME = Outcome(status=DROPPED)
UNKNOWN_OUTCOME = Outcome(status=UNKNOWN_PERSON)


def apply(commands: Sequence[Command], *, now: int) -> list[Outcome]:
    """Apply commands in order, in one transaction, and return an outcome for each. When it returns, everything is durable.

    Raises IdentifierTaken when another process was faster: apply the batch again.
    """
    outcomes: list[Outcome] = []
    with transaction.atomic():
        ids = {command.workspace_id for command in commands}
        matching = frozenset(workspace_id for workspace_id in ids if matches_on_email(workspace_id, now))
        for run in _runs(commands):
            outcomes.extend(_apply_run(run, matching, now))
    return outcomes


def _runs(commands: Sequence[Command]) -> Iterator[Sequence[Command]]:
    """Split into runs of plain commands; a command that changes identities is a run of its own."""
    start = 0
    for index, command in enumerate(commands):
        if _changes_identities(command):
            if index > start:
                yield commands[start:index]
            yield commands[index : index + 1]
            start = index + 1
    if start < len(commands):
        yield commands[start:]


def _changes_identities(command: Command) -> bool:
    if isinstance(command, Alias | Delete):
        return True
    return isinstance(command, Identify) and command.identity.external_id is not None and command.identity.anonymous_id is not None


def _apply_run(commands: Sequence[Command], matching: frozenset[int], now: int) -> list[Outcome]:
    plan = Plan(now)
    memo: Memo = {}
    handles = [handles_of(command.workspace_id, command.identity, command.source, memo) for command in commands]
    previous = [_previous_handles(command, memo) for command in commands] if isinstance(commands[0], Alias) else None
    screened = [[*own, *old] for own, old in zip(handles, previous, strict=True)] if previous else handles
    plan.look_up(handle for own in screened for handle in own)
    texts = [_text_of(command) for command in commands]
    suppressed = find_suppressed_commands(plan, commands, screened, texts)
    _load_stances(plan, commands, handles)
    outcomes = []
    for index, (command, own) in enumerate(zip(commands, handles, strict=True)):
        if index in suppressed:
            plan.dropped[command.workspace_id, command.source] += 1
            outcomes.append(DROPPED_OUTCOME)
        elif isinstance(command, Track):
            outcomes.append(_apply_event(plan, command, own, texts[index], matching))
        elif isinstance(command, Alias):
            outcomes.append(apply_alias(plan, command, own, _previous_handles(command, memo)))
        elif isinstance(command, Delete):
            outcomes.append(order_deletion(command, find_all_known(plan, own), now))
        else:
            outcomes.append(_apply_plain(plan, command, own, matching))
    plan.write()
    return outcomes


def _previous_handles(command: Command, memo: Memo) -> list[Handle]:
    """The old identity of an alias."""
    return handles_of(command.workspace_id, command.previous, command.source, memo) if isinstance(command, Alias) else []


def _text_of(command: Command) -> str:
    """The values of a command as JSON text: the properties of an event as they will be stored, else what is said about the person."""
    if isinstance(command, Track):
        return encode(command.properties) if command.properties else "{}"
    return encode(command.attributes) if isinstance(command, Identify) and command.attributes else ""


def _load_stances(plan: Plan, commands: Sequence[Command], handles: Sequence[list[Handle]]) -> None:
    """Read standing decisions once for the run, and only where an event or attribute needs one."""
    wanted: set[int] = set()
    for command, own in zip(commands, handles, strict=True):
        catalog = plan.catalog(command.workspace_id)
        if catalog.events or catalog.attributes:
            wanted.update(person_id for handle in own for person_id in plan.holders.get(handle.tag, ()))
    if wanted:
        plan.load_stances(wanted)


def _apply_plain(plan: Plan, command: Command, handles: list[Handle], matching: frozenset[int]) -> Outcome:
    if isinstance(command, Decide):
        return _apply_decision(plan, command, handles)
    if isinstance(command, Identify) and command.identity.external_id is not None and command.identity.anonymous_id is not None:
        join_anonymous(plan, command, handles)
    person_id = find_known(plan, command, handles, match_on_email=command.workspace_id in matching)
    if person_id is None:
        if not handles or isinstance(command, EditTags) or (isinstance(command, Identify) and not command.create):
            return UNKNOWN_OUTCOME
        person_id = plan.create_person(command.workspace_id, handles, command.source)
    else:
        plan.give_identifiers(command.workspace_id, person_id, handles, command.source)
    if isinstance(command, EditTags):
        plan.change_profile(command.workspace_id, person_id, {}, command.add, command.remove)
    elif isinstance(command, Identify) and command.attributes:
        plan.change_profile(command.workspace_id, person_id, command.attributes)
    return Outcome(status=ACCEPTED, person_id=person_id)


def _apply_event(plan: Plan, command: Track, handles: list[Handle], text: str, matching: frozenset[int]) -> Outcome:
    workspace_id = command.workspace_id
    person_id = find_known(plan, command, handles, match_on_email=workspace_id in matching)
    if person_id is None:
        if not handles:
            return UNKNOWN_OUTCOME
        person_id = plan.create_person(workspace_id, handles, command.source)
    else:
        plan.give_identifiers(workspace_id, person_id, handles, command.source)
    if command.attributes:
        plan.change_profile(workspace_id, person_id, command.attributes)
    name = fold_event_name(command.name)
    purpose = SERVICE
    catalog = plan.catalog(workspace_id)
    if catalog.events:
        purpose = catalog.events.get(name, SERVICE)
        if not plan.permits(catalog, person_id, purpose, Operation.COLLECT):
            plan.dropped[command.workspace_id, command.source] += 1
            return Outcome(status=DROPPED, person_id=person_id, reason="no_basis")
    dedupe = None
    if command.dedupe is not None:
        key = command.dedupe if isinstance(command.dedupe, bytes) else command.dedupe.encode()
        dedupe = short_tag(derive(b"dedupe/v1:%d" % workspace_id), key)
    until = command.received_at + command.dedupe_ms
    plan.add_event((person_id, workspace_id, name, command.ts, command.received_at, command.source, purpose, text, dedupe, until))
    return Outcome(status=ACCEPTED, person_id=person_id)


def _apply_decision(plan: Plan, command: Decide, handles: list[Handle]) -> Outcome:
    """Record a decision for everybody the identifier leads to. An opt-out of somebody unknown creates them, so that it is not forgotten."""
    people = find_all_known(plan, handles)
    withdraws = command.decision is Decision.WITHDRAW
    if not people:
        if not (withdraws and handles):
            return UNKNOWN_OUTCOME
        people = [plan.create_person(command.workspace_id, handles, command.source)]
    catalog = plan.catalog(command.workspace_id)
    purposes = catalog.marketing if command.purpose is None else [command.purpose] if command.purpose in catalog.purposes else []
    for person_id in people:
        for purpose in purposes:
            plan.add_decision(
                DecisionRow(
                    subject=Subject(command.workspace_id, person_id),
                    purpose=purpose,
                    grant=not withdraws,
                    valid=command.valid,
                    at=command.received_at,
                    method=command.method,
                    source=command.source,
                    evidence=command.evidence,
                )
            )
    return Outcome(status=ACCEPTED, person_id=people[0], reason="" if purposes else "unknown_purpose")
