"""What the pages of a person's own data show. Values in, values out; no HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from troth.kernel.clock import to_minute
from troth.kernel.json_text import encode
from troth.kernel.personal_data import Subject, stores
from troth.kernel.sql import is_sqlite
from troth.messages.unsubscribe_links import UnsubscribeLink, make_unsubscribe_token
from troth.pages.my_words import state_in
from troth.people.identifiers import EMAIL
from troth.people.lookup import PersonNotFound, load_person
from troth.people.models import Identifier
from troth.privacy.compaction.awaiting import await_compaction
from troth.privacy.desk import letters
from troth.privacy.desk.links import DataLink, make_follow_token
from troth.privacy.desk.listing import is_unanswered
from troth.privacy.downstream.reading import list_notices
from troth.privacy.exporting.page import name_field
from troth.privacy.exporting.speech import speech_in
from troth.privacy.handovers.handing import find_of_request
from troth.privacy.history import read_history
from troth.privacy.models import PrivacyRequest, RequestState
from troth.privacy.models.disclosures import NoticeState
from troth.privacy.seats import unpack_seat

SHOWN = 25
"""Records of a store on the page; the download has all."""
LONGEST = 300
"""Characters of a value on the page."""
FATES = {NoticeState.DONE: "answered", NoticeState.REFUSED: "refused", NoticeState.EXEMPT: "exempt"}
"""What became of telling a recipient, by the words for it."""


@dataclass(frozen=True)
class Held:
    """One kind of data that is held, and what must be told of it (Art. 15(1))."""

    title: str
    purpose: str
    origin: str
    retention: str
    records: list[list[tuple[str, str]]]
    is_more: bool


@dataclass(frozen=True)
class Followed:
    """A request as its person sees it."""

    right: str
    state: str
    received: str
    due: str
    """Empty once it is answered."""
    is_paused: bool
    token: str


def say_gone(row: PrivacyRequest, words: Mapping[str, str], now: int) -> str:
    """What a person whose data is deleted is told: that it is searched for, or when the database overwrites it, for which the search waits."""
    awaited = await_compaction(now) if _waits_for_compaction(row) else None
    return words["gone_waits"].format(at=to_minute(awaited.begins_at)) if awaited else words["gone"]


def _waits_for_compaction(row: PrivacyRequest) -> bool:
    """Whether PostgreSQL still has to overwrite what was deleted."""
    return not is_sqlite() and "compaction" not in row.steps


def _say_state(row: PrivacyRequest, state: str, words: Mapping[str, str]) -> str:
    return words["state_waits"] if state == RequestState.DELETED and _waits_for_compaction(row) else state_in(dict(words), state)


def find_visitor(link: DataLink) -> Subject | None:
    """Whose page a link opens; None when they are gone, or the address that it was mailed to is not theirs any more."""
    subject = link.subject
    try:
        load_person(subject)
    except PersonNotFound:
        return None
    own = Identifier.objects.filter(bucket=subject.bucket, person_id=subject.person_id, kind=EMAIL, workspace_id=subject.workspace_id)
    return subject if any(bytes(tag) == link.address for tag in own.values_list("tag", flat=True)) else None


def read_held(subject: Subject, language: str) -> list[Held]:
    """Everything that is held, store by store, told in a language; those that hold nothing are left out."""
    found, say = [], speech_in(language)
    for store in stores():
        records = list(islice(store.export(subject), SHOWN + 1))
        if records:
            shown = [
                [(name_field(name, say), _plain(value)) for name, value in record.items() if value not in (None, "", [], {})]
                for record in records[:SHOWN]
            ]
            found.append(Held(say(store.title), say(store.purpose), say(store.origin), say(store.retention), shown, len(records) > SHOWN))
    return found


def _plain(value: Any) -> str:
    is_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
    text = value if isinstance(value, str) else ", ".join(value) if is_list else encode(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def read_identifiers(subject: Subject) -> list[str]:
    """By what the person is known, without the ids of browsers and devices."""
    own = Identifier.objects.filter(bucket=subject.bucket, person_id=subject.person_id, kind__in=["email", "phone", "external_id"])
    return list(own.order_by("kind").values_list("value", flat=True))


def read_attributes(subject: Subject) -> list[tuple[str, str]]:
    """What can be corrected in a line: text and numbers."""
    attributes = load_person(subject).attributes
    return [
        (name, str(value))
        for name, value in sorted(attributes.items())
        if isinstance(value, str | int | float) and not isinstance(value, bool)
    ]


def read_requests(subject: Subject, words: Mapping[str, str], language: str) -> list[Followed]:
    """The person's requests, the latest first."""
    rows = PrivacyRequest.objects.filter(workspace_id=subject.workspace_id, person_id=subject.person_id)
    return [follow(row, words, language) for row in rows.order_by("-received_at")[:50]]


def follow(row: PrivacyRequest, words: Mapping[str, str], language: str) -> Followed:
    """One request."""
    waits = is_unanswered(row)
    return Followed(
        right=words[row.type],
        state=_say_state(row, row.state, words),
        received=words["received"].format(day=write_day(row, row.received_at, language)),
        due=words["due"].format(day=write_day(row, row.due_at, language)) if waits and row.paused_at is None else "",
        is_paused=waits and row.paused_at is not None,
        token=make_follow_token(row.workspace_id, row.pk),
    )


def read_events(row: PrivacyRequest, words: Mapping[str, str], language: str) -> list[tuple[str, str]]:
    """When its state changed: day and state."""
    found: list[tuple[str, str]] = []
    for step in read_history(row):
        told = _say_state(row, step.state, words)
        if not found or found[-1][1] != told:
            found.append((write_day(row, step.at, language), told))
    return found


def read_handover(row: PrivacyRequest, words: Mapping[str, str], language: str) -> str:
    """How far a direct hand-over is; empty when there is none."""
    own = find_of_request(row)
    if own is None:
        return ""
    day = write_day(row, own.ended_at or own.asked_at, language)
    return words[f"handed_{own.state}"].format(recipient=own.recipient, host=own.host, day=day)


def read_told(row: PrivacyRequest, words: Mapping[str, str], language: str) -> list[str]:
    """Who got data of the person and is told of this request (Art. 19), the first first; not those of whom it was taken back before they heard."""
    found = []
    for own in list_notices(row.workspace_id, request_id=row.pk).order_by("opened_at", "name", "pk"):
        if own.state == NoticeState.CANCELLED and own.told_at is None:
            continue
        fate = FATES.get(NoticeState(own.state), "waiting" if own.told_at is None else "done")
        day = "" if own.told_at is None else write_day(row, own.told_at, language)
        found.append(words[f"told_{fate}"].format(recipient=own.name, right=words[own.right], day=day))
    return found


def write_day(row: PrivacyRequest, at: int, language: str) -> str:
    """A day at the seat, in the reader's language."""
    return letters.write_day(at, unpack_seat(row.seat).zone_info, language)


def preferences_token(subject: Subject) -> str:
    """The link to the preference page."""
    return make_unsubscribe_token(UnsubscribeLink(subject, "", 0))
