"""Whom a signed link leads to now: the person it was made for, the one they were merged into, or nobody any more."""

from __future__ import annotations

from dataclasses import dataclass

from troth.kernel.personal_data import Subject
from troth.messages.lookup import find_message
from troth.messages.unsubscribe_links import UnsubscribeLink, read_unsubscribe_token
from troth.people.lookup import PersonNotFound, load_person

LONGEST_TOKEN = 512
PREVIEW = 0
"""The person of a link that members look at pages with; nobody has this id."""


@dataclass(frozen=True)
class Visit:
    """A link that was followed. `subject` is None when nothing is held on the person any more."""

    link: UnsubscribeLink
    subject: Subject | None


def read_link(token: str) -> UnsubscribeLink | None:
    """What a token says; None when it is not one of ours."""
    return read_unsubscribe_token(token) if len(token) <= LONGEST_TOKEN else None


def read_visit(token: str) -> Visit | None:
    """What a token leads to; None when it is not one of ours."""
    link = read_link(token)
    return None if link is None else Visit(link, find_subject(link))


def find_subject(link: UnsubscribeLink) -> Subject | None:
    """Whom a link leads to now; None when nothing is held on them any more."""
    return link.subject if _is_held(link.subject) else _merged_into(link)


def _is_held(subject: Subject) -> bool:
    try:
        load_person(subject)
    except PersonNotFound:
        return False
    return True


def _merged_into(link: UnsubscribeLink) -> Subject | None:
    """After a merge a link in older mail must still work: the message moved along, under the same id."""
    if not link.message_id:
        return None
    found = find_message(link.subject.workspace_id, link.message_id)
    subject = Subject(link.subject.workspace_id, found.person_id) if found else None
    return subject if subject and _is_held(subject) else None
