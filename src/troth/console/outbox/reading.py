"""Messages for the outbox: a page out of millions, each page from an index. Values in, values out; no HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from troth.campaigns import repermission
from troth.campaigns.entering import source_of
from troth.campaigns.models import Campaign, Newsletter, NewsletterState, Repermission
from troth.campaigns.newsletters import running as newsletters
from troth.console.naming import names_of
from troth.content.models import Template
from troth.kernel.ids import bucket_of
from troth.messages.models import Message, State

SHOWN = 50
MOST_CAMPAIGNS = 500


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to; times in milliseconds, the end excluded."""

    state: str = ""
    source: str = ""
    person_id: int | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True)
class MessageRow:
    """A message as a line."""

    message: Message
    subject: str
    person: str
    """Empty: gone."""
    campaign: str


def read_page(workspace_id: int, wanted: Wanted, after: tuple[int, ...] = ()) -> tuple[list[MessageRow], tuple[int, int] | None]:
    """Messages, the newest first, and where the next page begins."""
    found = sorted(_read(workspace_id, wanted, after), key=lambda one: (one.created_at, one.message_id), reverse=True)
    last = found[SHOWN - 1] if len(found) > SHOWN else None
    return describe_messages(workspace_id, found[:SHOWN]), (last.created_at, last.message_id) if last else None


def _read(workspace_id: int, wanted: Wanted, after: tuple[int, ...]) -> Iterator[Message]:
    """Each source is read state by state: the index on sources is in the order of time only within a state."""
    rows = Message.objects.filter(workspace_id=workspace_id)
    if wanted.person_id is not None:
        rows = rows.filter(bucket=bucket_of(wanted.person_id), person_id=wanted.person_id)
    if wanted.since is not None:
        rows = rows.filter(created_at__gte=wanted.since)
    if wanted.until is not None:
        rows = rows.filter(created_at__lt=wanted.until)
    if after:
        created_at, message_id = after
        rows = rows.filter(Q(created_at__lte=created_at), Q(created_at__lt=created_at) | Q(message_id__lt=message_id))
    if wanted.source:
        for state in [wanted.state] if wanted.state else State.values:
            yield from _newest(rows.filter(source=wanted.source, state=state))
    else:
        yield from _newest(rows.filter(state=wanted.state) if wanted.state else rows)


def _newest(rows: QuerySet[Message]) -> Iterable[Message]:
    return rows.defer("context", "decisions").order_by("-created_at", "-message_id")[: SHOWN + 1]


def describe_messages(workspace_id: int, messages: Sequence[Message]) -> list[MessageRow]:
    """With subjects, persons and campaigns by name: one read each, however many messages."""
    subjects = dict(Template.objects.filter(pk__in={one.template_id for one in messages}).values_list("pk", "subject"))
    names = names_of(workspace_id, {one.person_id for one in messages})
    campaigns = dict(list_campaigns(workspace_id)) if messages else {}
    return [
        MessageRow(
            message=one,
            subject=(one.rendered or {}).get("subject") or subjects.get(one.template_id, ""),
            person=names.get(one.person_id, ""),
            campaign=campaigns.get(one.source, ""),
        )
        for one in messages
    ]


def list_campaigns(workspace_id: int) -> list[tuple[str, str]]:
    """Sources with the names of their campaigns, the latest first, and after them the newsletters and the askings for consent."""
    rows = Campaign.objects.filter(workspace_id=workspace_id).order_by("-pk").values_list("pk", "name")[:MOST_CAMPAIGNS]
    asked = Repermission.objects.filter(workspace_id=workspace_id, started_at__isnull=False).order_by("-pk").values_list("pk", "subject")
    askings = [
        (repermission.source_of(pk), _("Re-permission: %(subject)s") % {"subject": subject}) for pk, subject in asked[:MOST_CAMPAIGNS]
    ]
    sent = (
        Newsletter.objects.filter(workspace_id=workspace_id).exclude(state=NewsletterState.DRAFT).order_by("-pk").values_list("pk", "name")
    )
    letters = [(newsletters.source_of(pk), _("Newsletter: %(name)s") % {"name": name}) for pk, name in sent[:MOST_CAMPAIGNS]]
    return [*((source_of(pk), name) for pk, name in rows), *letters, *askings]
