"""Schedules for what Troth itself writes about persons, by the age of each record: only what can go earlier without harm to anybody.

Whole messages are not among it: whether somebody had a mail before is decided on them, so that nobody gets one twice; nor are the steps of
requests. All of that goes with the person. The proof of a consent (Art. 7(1)) stays while the consent does, and as long after as claims can be made
(Art. 17(3)(e)): of that every workspace has a schedule from the beginning (`evidence`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from troth.consent.ended import find_ended, forget_records
from troth.messages.models import DeliveryEvent, Engagement, Message
from troth.privacy.models import PrivacyRequest, RequestWords
from troth.privacy.models.desk import RequesterFile
from troth.privacy.states import CLOSED

STORE = "store"


class Keepable(NamedTuple):
    """A store whose records can go by their age."""

    title: str
    ends: str
    """When they go anyway."""
    find: Callable[[int, int], QuerySet[Any]]
    """The records of a workspace whose age began before a moment; over all buckets until a range of them is chosen."""
    take: Callable[[QuerySet[Any]], int]
    """Delete them, or empty them; how many."""


def _messages(workspace_id: int, cutoff: int) -> QuerySet[Message]:
    """Settled messages that still say something, or what they were made from."""
    says_something = Q(rendered__isnull=False) | ~Q(recipient="") | ~Q(context={})
    return Message.objects.filter(says_something, workspace_id=workspace_id, settled_at__lt=cutoff)


def _empty(messages: QuerySet[Message]) -> int:
    return messages.update(rendered=None, recipient="", context={})


def _engagement(workspace_id: int, cutoff: int) -> QuerySet[Engagement]:
    return Engagement.objects.filter(workspace_id=workspace_id, measured_at__lt=cutoff)


def _delivery(workspace_id: int, cutoff: int) -> QuerySet[DeliveryEvent]:
    return DeliveryEvent.objects.filter(workspace_id=workspace_id, noted_at__lt=cutoff)


def _letters(workspace_id: int, cutoff: int) -> QuerySet[RequestWords]:
    """What was written in requests that were closed before."""
    closed = PrivacyRequest.objects.filter(workspace_id=workspace_id, state__in=CLOSED, closed_at__lt=cutoff)
    return RequestWords.objects.filter(workspace_id=workspace_id, request_id__in=closed.values("pk"))


def _delete(rows: QuerySet[Any]) -> int:
    return rows.delete()[0]


EVIDENCE = "consent_evidence"
KEEPABLES: Mapping[str, Keepable] = MappingProxyType(
    {
        "message_contents": Keepable(
            "what messages said, to whom, and the event they were made from", "the mail itself after 30 days", _messages, _empty
        ),
        "mail_activity": Keepable("mails opened and links followed", "after 400 days", _engagement, _delete),
        "delivery_reports": Keepable("what providers told of messages", "after 400 days", _delivery, _delete),
        "request_files": Keepable(
            "letters, reasons and notes of requests that are closed, counted from the answer", "with the person", _letters, _delete
        ),
        EVIDENCE: Keepable("what proves consents that ended, counted from their end", "with the person", find_ended, forget_records),
    }
)


def count_due(name: str, workspace_id: int, cutoff: int, held: Iterable[int], first: int, until: int) -> tuple[int, int]:
    """How many records in a range of buckets would go, and how many of those due a hold on their person keeps."""
    due = KEEPABLES[name].find(workspace_id, cutoff).filter(bucket__gte=first, bucket__lt=until)
    all_due = due.count()
    kept = due.filter(person_id__in=list(held)).count() if held else 0
    return all_due - kept, kept


def take_due(name: str, workspace_id: int, cutoff: int, held: Iterable[int], first: int, until: int) -> None:
    """Delete them. Files of requesters have no bucket: they go with the first range."""
    due = KEEPABLES[name].find(workspace_id, cutoff).filter(bucket__gte=first, bucket__lt=until)
    KEEPABLES[name].take(due.exclude(person_id__in=list(held)))
    if name == "request_files" and first == 0:
        closed = PrivacyRequest.objects.filter(workspace_id=workspace_id, state__in=CLOSED, closed_at__lt=cutoff)
        RequesterFile.objects.filter(workspace_id=workspace_id, request_id__in=closed.values("pk")).delete()
