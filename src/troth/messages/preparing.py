"""All that a batch of messages needs to be handed over, read set by set: a few reads, however many messages there are."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from django.conf import settings
from msgspec.structs import replace

from troth.consent.catalog import PROFILING, load_catalog
from troth.consent.decisions import load_all_facts
from troth.consent.gate import Operation, Verdict, decide
from troth.consent.wishes import is_wish
from troth.content.models import Template
from troth.messages.channels.port import Medium
from troth.messages.configured import Route, routes_for
from troth.messages.controls import Control, find_stop, look_at_controls
from troth.messages.domains import Stamp, stamp_for
from troth.messages.feedback.stops import KINDS as STOPPABLE
from troth.messages.feedback.stops import find_stopped, stopped_for
from troth.messages.needs import ASK, Asked, ask_for, is_chosen
from troth.messages.pace import find_too_soon
from troth.messages.queue import Claim
from troth.messages.tracking import ask_to_measure
from troth.people.identifiers import EMAIL, EXTERNAL_ID, PHONE, Handle
from troth.people.queries import load_identifiers, load_profiles
from troth.workspaces.models import SendMode, Workspace


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed message with all that deciding about it, rendering it and handing it over needs."""

    claim: Claim
    workspace: Workspace
    template: Template | None
    """None when it is gone."""
    person: dict[str, Any]
    """As templates know them: the attributes, `id`, `email` and `phone`."""
    handles: list[Handle]
    """Their identifiers; devices among them."""
    stopped: dict[str, str]
    """By kind of address: why nothing is sent to the person's (`feedback.stops`)."""
    stamp: Stamp | None = None
    """The signature and the return address of its mail."""
    routes: list[Route]
    """The channels that may take it, the first first."""
    control: Control | None
    """The stop that keeps it from going, whatever it is."""
    verdicts: list[Verdict]
    """The gate's, about its own purpose and everything that it reads; one that denies is enough."""
    measuring: list[Verdict]
    asked_at: int
    """When the gate was asked."""


def prepare(claims: Sequence[Claim], now: int, rehearsed: Mapping[int, Template] | None = None) -> list[Prepared]:
    """Read, once for the batch, all that handing over needs, in the order of the claims.

    `rehearsed`: the templates, not stored, of what is only rehearsed; it is read as if the workspace sent to the persons.
    """
    stored = Template.objects.filter(pk__in={claim.template_id for claim in claims}).defer("written") if rehearsed is None else ()
    templates = {row.pk: row for row in stored} if rehearsed is None else rehearsed
    verdicts = ask_gate(claims, templates, now)
    people = {claim.subject.person_id for claim in claims}
    profiles, identifiers = load_profiles(people), load_identifiers(people)
    workspaces = Workspace.objects.in_bulk({claim.subject.workspace_id for claim in claims})
    if rehearsed is not None:
        for workspace in workspaces.values():
            workspace.send_mode = SendMode.LIVE
    measuring = ask_to_measure(claims, workspaces, now)
    ways = {_way_of(claim, workspaces) for claim in claims}
    routes = {way: routes_for(*way) for way in ways}
    stopped = find_stopped(handle.tag for own in identifiers.values() for handle in own if handle.kind in STOPPABLE)
    controls = look_at_controls()
    prepared = []
    for claim in claims:
        person_id = claim.subject.person_id
        handles = identifiers.get(person_id, [])
        held = {handle.kind: handle.value for handle in handles}
        contact = {"id": held.get(EXTERNAL_ID), "email": held.get(EMAIL), "phone": held.get(PHONE)}
        prepared.append(
            Prepared(
                claim=claim,
                workspace=workspaces[claim.subject.workspace_id],
                template=templates.get(claim.template_id),
                person={**profiles.get(person_id, ({}, []))[0], **contact},
                handles=handles,
                stopped=stopped_for(handles, stopped),
                stamp=_stamp_of(workspaces[claim.subject.workspace_id]) if _way_of(claim, workspaces)[1] == Medium.EMAIL else None,
                routes=routes[_way_of(claim, workspaces)],
                control=find_stop(controls, claim.subject.workspace_id, claim.source, is_marketing=claim.is_marketing),
                verdicts=verdicts[claim.message_id],
                measuring=measuring[claim.message_id],
                asked_at=now,
            )
        )
    return prepared


def _way_of(claim: Claim, workspaces: Mapping[int, Workspace]) -> tuple[int, str]:
    """The workspace and the medium by which it leaves: in test mode the tester gets everything by mail."""
    workspace = workspaces[claim.subject.workspace_id]
    return workspace.pk, Medium.EMAIL if workspace.send_mode == SendMode.TEST else claim.channel


def may_send(workspace: Workspace) -> bool:
    """Test mode without an address to send to sends nothing, rather than to the persons."""
    return workspace.send_mode == SendMode.LIVE or (workspace.send_mode == SendMode.TEST and bool(workspace.test_address))


def _stamp_of(workspace: Workspace) -> Stamp | None:
    return stamp_for(workspace.pk, workspace.sender or settings.TROTH_SENDER)


class Volley:
    """Messages that are handed over at about the same time, and the gate's verdicts on them.

    Where those are too old for one, they are asked for anew for all at once, so that a slow machine does not become slower by asking for each
    alone. Several threads may ask.
    """

    def __init__(self, batch: Sequence[Prepared], fresh_ms: int) -> None:
        self._lock = threading.Lock()
        self._fresh_ms = fresh_ms
        self._claims = [one.claim for one in batch]
        self._templates = {one.template.pk: one.template for one in batch if one.template}
        self._asked_at = min((one.asked_at for one in batch), default=0)
        self._verdicts = {one.claim.message_id: one.verdicts for one in batch}

    def refresh(self, prepared: Prepared, now: int) -> Prepared:
        """The message with verdicts that are not older than `fresh_ms`."""
        with self._lock:
            if now - self._asked_at > self._fresh_ms:
                self._verdicts, self._asked_at = ask_gate(self._claims, self._templates, now), now
            return replace(prepared, verdicts=self._verdicts[prepared.claim.message_id], asked_at=self._asked_at)


def ask_gate(claims: Sequence[Claim], templates: Mapping[int, Template], now: int) -> dict[int, list[Verdict]]:
    """The gate for a batch: the message's own purpose, those of the data that its template reads, and what the person wants."""
    asked = _find_asked(claims, templates)
    # What was marketing when it was queued stays so, whatever became of its purpose.
    needed = [
        (claim, purpose, Operation.HAND_OVER)
        for claim in claims
        for purpose in dict.fromkeys((*[PROFILING] * _is_chosen(claim), *asked[claim.message_id].purposes))
    ]
    needed += [(claim, claim.context[ASK]["purpose"], Operation.ASK) for claim in claims if ASK in claim.context]
    wishes = [(claim, wish, Operation.HAND_OVER) for claim in claims for wish in asked[claim.message_id].wishes]
    facts = load_all_facts((claim.subject.workspace_id, purpose, claim.subject.person_id) for claim, purpose, _ in (*needed, *wishes))
    verdicts: dict[int, list[Verdict]] = {claim.message_id: [] for claim in claims}
    for claim, purpose, operation in (*needed, *wishes):
        found = facts[claim.subject.workspace_id, purpose, claim.subject.person_id]
        verdict = decide(found, purpose=purpose, operation=operation, at=now)
        if not verdict.allow or not is_wish(purpose):
            verdicts[claim.message_id].append(verdict)
    for claim in claims:
        verdicts[claim.message_id].extend(asked[claim.message_id].refusals(Operation.HAND_OVER, now))
    for message_id, verdict in find_too_soon(claims, now).items():
        verdicts[message_id].append(verdict)
    return verdicts


def _find_asked(claims: Sequence[Claim], templates: Mapping[int, Template]) -> dict[int, Asked]:
    """What each message has to be asked for; found once for all messages that read the same."""
    alike: dict[tuple[int, int, str, str, str | None, bool, bool], Asked] = {}
    found = {}
    for claim in claims:
        workspace_id, event = claim.subject.workspace_id, claim.context.get("event", {}).get("name")
        key = (workspace_id, claim.template_id, claim.channel, claim.purpose, event, ASK in claim.context, is_chosen(claim.context))
        if key not in alike:
            template, catalog = templates.get(claim.template_id), load_catalog(workspace_id)
            alike[key] = ask_for(template, claim.purpose, claim.context, catalog, claim.channel)
        found[claim.message_id] = alike[key]
    return found


def _is_chosen(claim: Claim) -> bool:
    """Marketing to whom behaviour chose needs the consent to that, too."""
    return claim.is_marketing and is_chosen(claim.context)
