"""The one door: `apply` is the only way in which personal data is written from outside.

A batch of commands is applied in one transaction, in order. Runs of plain commands are applied set by set; what changes identities (aliases,
deletions, identities that join) stands alone. Suppression, consent and the workspace's rules are checked in the same transaction as the write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.db import transaction

from troth.consent.catalog import SERVICE
from troth.consent.gate import Operation
from troth.intake.commands import (
    ACCEPTED,
    CLAIMS,
    DROPPED,
    UNKNOWN_PERSON,
    Alias,
    Command,
    Decide,
    Delete,
    EditTags,
    Identify,
    Outcome,
    Restrict,
    Track,
)
from troth.intake.deciding import SAID_ALONG, apply_decision, apply_restriction
from troth.intake.deletion import order_deletion
from troth.intake.gpc import METHOD as GPC
from troth.intake.gpc import find_heeded, heed
from troth.intake.identities import Memo, find_all_known, find_known, handles_of
from troth.intake.joining import apply_alias, join_anonymous
from troth.intake.plan import Plan
from troth.intake.screening import find_suppressed_commands
from troth.intake.tallies import count_events
from troth.kernel.crypto import derive, short_tag
from troth.kernel.json_text import encode
from troth.people.event_names import fold_event_name
from troth.people.identifiers import Handle
from troth.workspaces.registry import matches_on_email

DROPPED_OUTCOME = Outcome(status=DROPPED)
RESTRICTED = "restricted"
NOT_COLLECTED = "not_collected"
"""The workspace stopped collecting that event."""
UNKNOWN_OUTCOME = Outcome(status=UNKNOWN_PERSON)


class Prepared(NamedTuple):
    """A command with what can be computed before the transaction: the work that need not happen while others wait for their turn."""

    command: Command
    handles: list[Handle]
    previous: list[Handle]
    """The old identity of an alias; identifiers to remove."""
    text: str
    """The values as JSON: the properties of an event as they will be stored, else what is said about the person."""


def apply(commands: Sequence[Command], *, now: int) -> list[Outcome]:
    """Apply commands in order, in one transaction, and return an outcome for each. When it returns, everything is durable.

    Raises IdentifierTaken when another process was faster: apply the batch again.
    """
    prepared = _prepare(commands)
    ids = {command.workspace_id for command in commands}
    matching = frozenset(workspace_id for workspace_id in ids if matches_on_email(workspace_id, now))
    outcomes: list[Outcome] = []
    with transaction.atomic():
        for run in _runs(prepared):
            outcomes.extend(_apply_run(run, matching, now))
        count_events(commands, outcomes)
    return outcomes


def _prepare(commands: Sequence[Command]) -> list[Prepared]:
    memo: Memo = {}
    prepared = []
    for command in commands:
        handles = handles_of(command.workspace_id, command.identity, command.source, memo)
        previous: list[Handle] = []
        text = ""
        if isinstance(command, Track):
            text = encode(command.properties) if command.properties else "{}"
        elif isinstance(command, Identify):
            text = encode(command.attributes) if command.attributes else ""
            if command.remove_identifiers is not None:
                previous = handles_of(command.workspace_id, command.remove_identifiers, "", memo)
        elif isinstance(command, Alias):
            previous = handles_of(command.workspace_id, command.previous, command.source, memo)
        prepared.append(Prepared(command, handles, previous, text))
    return prepared


def _runs(prepared: Sequence[Prepared]) -> Iterator[Sequence[Prepared]]:
    """Split into runs of plain commands; a command that changes identities is a run of its own."""
    start = 0
    for index, item in enumerate(prepared):
        if _changes_identities(item.command):
            if index > start:
                yield prepared[start:index]
            yield prepared[index : index + 1]
            start = index + 1
    if start < len(prepared):
        yield prepared[start:]


def _changes_identities(command: Command) -> bool:
    if isinstance(command, Alias | Delete):
        return True
    return isinstance(command, Identify) and (
        (command.identity.external_id is not None and command.identity.anonymous_id is not None) or command.remove_identifiers is not None
    )


def _apply_run(run: Sequence[Prepared], matching: frozenset[int], now: int) -> list[Outcome]:
    plan = Plan(now)
    commands = [item.command for item in run]
    handles = [item.handles for item in run]
    both = [[*item.handles, *item.previous] for item in run] if run[0].previous else handles
    plan.look_up(handle for own in both for handle in own)
    screened = both if isinstance(run[0].command, Alias) else handles
    if named := _named_persons(commands):
        plan.look_up_persons(named)
    suppressed = find_suppressed_commands(plan, commands, screened, [item.text for item in run])
    _load_stances(plan, commands, handles)
    outcomes = []
    for index, (command, own, previous, text) in enumerate(run):
        if index in suppressed:
            plan.dropped[command.workspace_id, command.source] += 1
            outcomes.append(DROPPED_OUTCOME)
        elif isinstance(command, Track):
            outcomes.append(_apply_event(plan, command, own, text, matching))
        elif isinstance(command, Alias):
            outcomes.append(apply_alias(plan, command, own, previous))
        elif isinstance(command, Delete):
            outcomes.append(order_deletion(command, find_all_known(plan, command.workspace_id, command.identity, own), now))
        else:
            outcomes.append(_apply_plain(plan, command, own, matching))
            if previous and outcomes[-1].status == ACCEPTED:
                plan.take_identifiers(outcomes[-1].person_id, previous)
    plan.write()
    return outcomes


def _named_persons(commands: Sequence[Command]) -> set[int]:
    """The persons whom commands name by Troth's own id."""
    named = {command.identity.person_id for command in commands}
    named.update(command.previous.person_id for command in commands if isinstance(command, Alias))
    return {person_id for person_id in named if person_id is not None}


def _load_stances(plan: Plan, commands: Sequence[Command], handles: Sequence[list[Handle]]) -> None:
    """Read standing decisions once for the run, and only where an event or attribute needs one."""
    wanted: set[int] = set()
    for command, own in zip(commands, handles, strict=True):
        catalog = plan.catalog(command.workspace_id)
        decides = isinstance(command, Decide) and (command.method == SAID_ALONG or command.decision in CLAIMS)
        decides = decides or (isinstance(command, Restrict) and bool(command.purposes))
        signals = command.gpc and bool(catalog.sharing)
        if signals or decides or catalog.has_restricted or catalog.events or catalog.attributes:
            wanted.update(person_id for handle in own for person_id in plan.holders.get(handle.tag, ()))
            named = command.identity.person_id
            if named is not None and plan.is_here(command.workspace_id, named):
                wanted.add(named)
    if wanted:
        plan.load_stances(wanted)
        if any(command.gpc for command in commands):
            plan.heeded = find_heeded(wanted)


def _apply_plain(plan: Plan, command: Command, handles: list[Handle], matching: frozenset[int]) -> Outcome:
    if isinstance(command, Decide):
        return apply_decision(plan, command, handles)
    if isinstance(command, Restrict):
        return apply_restriction(plan, command, handles)
    named = command.identity.person_id is not None
    if (
        isinstance(command, Identify)
        and command.identity.external_id is not None
        and command.identity.anonymous_id is not None
        and not named
    ):
        join_anonymous(plan, command, handles)
    person_id = find_known(plan, command, handles, match_on_email=command.workspace_id in matching)
    if person_id is None:
        if named or not handles or isinstance(command, EditTags) or (isinstance(command, Identify) and not command.create):
            return UNKNOWN_OUTCOME
        person_id = plan.create_person(command.workspace_id, handles, command.source)
    elif plan.is_restricted(person_id) and not (isinstance(command, Identify) and command.rectifies):
        return _drop(plan, command, person_id, RESTRICTED)
    else:
        plan.give_identifiers(command.workspace_id, person_id, handles, command.source)
    if command.gpc:
        heed(plan, command, person_id)
    if isinstance(command, EditTags):
        plan.change_profile(command, person_id, {}, command.add, command.remove)
    elif isinstance(command, Identify) and command.attributes:
        plan.change_profile(command, person_id, command.attributes)
    return Outcome(status=ACCEPTED, person_id=person_id)


def _drop(plan: Plan, command: Command, person_id: int, reason: str) -> Outcome:
    """Leave nothing of a command behind but its number."""
    plan.dropped[command.workspace_id, command.source] += 1
    return Outcome(status=DROPPED, person_id=person_id, reason=reason)


def _apply_event(plan: Plan, command: Track, handles: list[Handle], text: str, matching: frozenset[int]) -> Outcome:
    workspace_id = command.workspace_id
    person_id = find_known(plan, command, handles, match_on_email=workspace_id in matching)
    if person_id is None and (not handles or command.identity.person_id is not None):
        return UNKNOWN_OUTCOME
    if person_id is not None and plan.is_restricted(person_id):
        return _drop(plan, command, person_id, RESTRICTED)
    if person_id is not None and command.gpc:
        heed(plan, command, person_id)
    name = fold_event_name(command.name)
    purpose = SERVICE
    catalog = plan.catalog(workspace_id)
    if name in catalog.dropped.events:
        plan.not_collected[workspace_id, "event", name, ""] += 1
        return _drop(plan, command, person_id or 0, NOT_COLLECTED)
    if catalog.events:
        # What may not be collected leaves nothing behind: no person, no identifier, no attribute.
        purpose = catalog.events.get(name, SERVICE)
        if command.gpc and person_id is None and purpose in catalog.sharing:
            return _drop(plan, command, 0, GPC)
        if not plan.permits(catalog, person_id or 0, purpose, Operation.COLLECT):
            return _drop(plan, command, person_id or 0, "no_basis")
    if person_id is None:
        person_id = plan.create_person(workspace_id, handles, command.source)
        if command.gpc:
            heed(plan, command, person_id)
    else:
        plan.give_identifiers(workspace_id, person_id, handles, command.source)
    if command.attributes:
        plan.change_profile(command, person_id, command.attributes)
    if name in catalog.dropped.properties:
        text = _without_dropped(plan, command, name, text)
    dedupe = None
    if command.dedupe is not None:
        key = command.dedupe if isinstance(command.dedupe, bytes) else command.dedupe.encode()
        dedupe = short_tag(derive(b"dedupe/v1:%d" % workspace_id), key)
    until = command.received_at + command.dedupe_ms
    plan.add_event((person_id, workspace_id, name, command.ts, command.received_at, command.source, purpose, text, dedupe, until))
    return Outcome(status=ACCEPTED, person_id=person_id)


def _without_dropped(plan: Plan, command: Track, name: str, text: str) -> str:
    """The properties as JSON without those that are not collected any more, which are counted."""
    gone = plan.catalog(command.workspace_id).dropped.properties[name] & command.properties.keys()
    if not gone:
        return text
    for inner in gone:
        plan.not_collected[command.workspace_id, "property", name, inner] += 1
    return encode({inner: value for inner, value in command.properties.items() if inner not in gone})
