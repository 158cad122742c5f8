"""What keys read and change of persons goes to the audit log, as what members do in the console does: a key that was stolen leaves its trace.

Each operation that shows persons has an act of its own; what changes anything else is an instruction all the same, and named by its call.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from ninja.operation import Operation

from troth.api.access import NO_MEMBER, key_of, workspace_of
from troth.api.errors import Ambiguous
from troth.api.persons import resolve
from troth.kernel.clock import now_ms
from troth.messages.lookup import find_message
from troth.people.lookup import PersonNotFound
from troth.privacy.models import PrivacyRequest
from troth.workspaces.audit import API, NOBODY, address_of, record_access
from troth.workspaces.shown import note_shown

CHANGED = "api.changed"
NUMBERED: Mapping[str, str] = MappingProxyType(
    {
        "campaign_id": "campaign",
        "newsletter_id": "newsletter",
        "rule_id": "schedule",
        "breach_id": "breach",
        "channel_id": "channel",
        "webhook_id": "webhook",
    }
)
"""Of what an entry tells which one it was: by this an instruction that is contested can wait."""
ACTS: Mapping[str, str] = MappingProxyType(
    {
        "GET /people": "people.list",
        "GET /people/{person}": "person.read",
        "GET /people/{person}/events": "person.read",
        "GET /people/{person}/messages": "message.list",
        "GET /people/{person}/why": "why.asked",
        "GET /people/{person}/consents": "consent.list",
        "GET /people/{person}/consents/{record_id}/receipt": "consent.read",
        "PATCH /people/{person}": "person.rectified",
        "POST /people/{person}/consents": "consent.recorded",
        "POST /people/{person}/export": "person.exported",
        "POST /people/{person}/erasure": "person.erased",
        "POST /people/{person}/restriction": "person.restricted",
        "DELETE /people/{person}/restriction": "person.restriction_lifted",
        "POST /people/{person}/objection": "person.objected",
        "POST /people/{person}/handover": "person.handed_over",
        "POST /people/{person}/requests": "request.opened",
        "POST /consents": "consent.recorded",
        "POST /consents/import": "consent.recorded",
        "GET /consent-standings": "consent.list",
        "GET /purposes/{purpose_key}/lacking": "people.list",
        "GET /segments/{segment_id}/members": "segment.members",
        "GET /segments/{segment_id}/members/{person}": "segment.why",
        "POST /purposes": "purpose.created",
        "PATCH /purposes/{purpose_key}": "purpose.revised",
        "POST /purposes/{purpose_key}/archive": "purpose.archived",
        "POST /purposes/{purpose_key}/restore": "purpose.restored",
        "PUT /purposes/assignments": "purpose.assigned",
        "POST /minimisation/stop": "collecting.stopped",
        "POST /minimisation/resume": "collecting.resumed",
        "POST /minimisation/clear": "collecting.cleared",
        "GET /messages": "message.list",
        "GET /messages/{message_id}": "message.read",
        "POST /contested-instructions": "instruction.contested",
        "POST /contested-instructions/{contest_id}/answer": "instruction.settled",
        "POST /requests": "request.opened",
        "GET /requests": "requests.list",
        "GET /requests/{request_id}": "request.read",
        "GET /requests/{request_id}/draft": "request.read",
        "GET /requests/{request_id}/evidence": "request.evidence",
        "POST /requests/{request_id}/identity": "request.identity",
        "POST /requests/{request_id}/code": "request.identity",
        "POST /requests/{request_id}/person": "request.identity",
        "POST /requests/{request_id}/confirm": "request.step",
        "POST /requests/{request_id}/steps": "request.step",
        "POST /requests/steps": "request.step",
        "GET /webhooks/{webhook_id}/deliveries": "webhook.deliveries",
        "GET /breaches/{breach_id}/affected": "breach.listed",
        "GET /takeaways/{takeaway_id}/file": "workspace.takeaway_downloaded",
        "POST /takeaways": "workspace.taken_away",
        "POST /takeaways/{takeaway_id}/handover": "workspace.handed_over",
        "POST /campaigns/{campaign_id}/preview": "campaign.previewed",
        "POST /newsletters/{newsletter_id}/preview": "newsletter.previewed",
        "POST /templates/{template_key}/preview": "template.previewed",
        "POST /campaigns/{campaign_id}/test": "campaign.test_sent",
        "POST /newsletters/{newsletter_id}/test": "newsletter.test_sent",
        "POST /segments/preview": "segment.sampled",
        "POST /campaigns/{campaign_id}/rehearsal": "campaign.rehearsed",
        "POST /newsletters/{newsletter_id}/rehearsal": "newsletter.rehearsed",
    }
)
"""By operation, what the audit log calls it."""
SHOWN: Mapping[str, str] = MappingProxyType(
    {
        "GET /people": "id",
        "GET /segments/{segment_id}/members": "id",
        "GET /purposes/{purpose_key}/lacking": "person_id",
        "GET /messages": "person_id",
        "GET /requests": "person_id",
        "GET /webhooks/{webhook_id}/deliveries": "person_id",
    }
)
"""Calls that show a page of many, by the field that says who each is: noted beside the entry (`workspaces.shown`)."""
OF_THEIR_OWN = frozenset({"GET /retention/kept/{item_id}"})
"""These write their own entry."""
LOOKS = frozenset({"POST /templates/{template_key}/check", "POST /letters/preview", "POST /suppressions/check"})
"""Posted for the sake of their body alone: they change nothing, and show no person."""


DETAIL = "troth_detail"


def tell_more(request: HttpRequest, **detail: Any) -> None:
    """Have the entry of this call say more of what it changed, in the words that the console's entries have: by this a contested one is set back."""
    setattr(request, DETAIL, detail)


def act_of(call: str) -> str:
    """How the audit log calls an operation (`GET /people`); empty: it shows no person and changes nothing."""
    if call in OF_THEIR_OWN or call in LOOKS:
        return ""
    return ACTS.get(call, "" if call.startswith("GET ") else CHANGED)


def note_calls(operation: Operation, path: str) -> None:
    """Have each call of an operation that succeeds written down, with its key and the person it was about."""
    call = f"{operation.methods[0]} {path}"
    action = act_of(call)
    if not action:
        return
    view = operation.view_func

    @wraps(view)
    def noted(request: HttpRequest, **named: Any) -> Any:
        answer = view(request, **named)
        workspace_id = workspace_of(request)
        with transaction.atomic():
            entry_id = record_access(
                workspace_id,
                user_id=NO_MEMBER,
                role=API,
                action=action,
                at=now_ms(),
                person_id=_whom(workspace_id, named),
                detail={
                    "key": key_of(request),
                    "call": call,
                    **{NUMBERED[name]: named[name] for name in NUMBERED if name in named},
                    **getattr(request, DETAIL, {}),
                },
                address=address_of(request.META),
            )
            if call in SHOWN:
                note_shown(workspace_id, entry_id, _shown(answer, SHOWN[call]))
        return answer

    operation.view_func = noted


def _shown(answer: Any, name: str) -> list[int]:
    """Whom a page shows; somebody erased since is nobody."""
    return [int(said) for one in answer.items if (said := getattr(one, name))]


def _whom(workspace_id: int, named: Mapping[str, Any]) -> int:
    """The person that a path names, by themselves, their message or their request, or a body, as whom a draft is tried; nobody once they are gone."""
    if person := named.get("person") or next((said for value in named.values() if (said := getattr(value, "person", ""))), ""):
        try:
            return resolve(workspace_id, str(person)).person_id
        except (PersonNotFound, Ambiguous):
            return NOBODY
    if "message_id" in named:
        message = find_message(workspace_id, int(named["message_id"]))
        return message.person_id if message else NOBODY
    if "request_id" in named:
        request = PrivacyRequest.objects.filter(workspace_id=workspace_id, pk=UUID(str(named["request_id"]))).first()
        return request.person_id or NOBODY if request else NOBODY
    return NOBODY
