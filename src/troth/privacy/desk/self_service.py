"""What a person does themselves, behind a link that was mailed to an address on file: honoured at once, or taken to the desk; a request either way."""

from __future__ import annotations

from collections.abc import Mapping

from troth.kernel.personal_data import Subject
from troth.privacy.desk import cases
from troth.privacy.desk.carrying_out import Details
from troth.privacy.desk.deciding import is_for_another
from troth.privacy.desk.identity import Means
from troth.privacy.desk.steps import Said, Step, take_step
from troth.privacy.history import By, Words
from troth.privacy.models import PrivacyRequest, RequestType

PAGE = By("page")
OWN_WORD = frozenset(
    {
        *("first_name", "last_name", "name", "full_name", "firstname", "lastname", "nickname", "title", "salutation"),
        *("city", "street", "address", "zip", "postcode", "postal_code", "state", "country", "birthday", "date_of_birth"),
        *("locale", "language", "timezone", "time_zone", "gender", "pronouns"),
    }
)
"""Attributes on which a person's own word is the best there is: corrected at once. About all else the company may know better, and looks first."""


def honour(subject: Subject, right: RequestType, *, now: int, language: str, details: Details | None = None) -> PrivacyRequest:
    """Take a request, carry it out, and answer it by the page that says so. Raises what carrying out raises."""
    request = cases.open_request(subject, right, by=PAGE, now=now, language=language, means=Means.LINK, is_honoured=True)
    take_step(request, Step.CARRY_OUT, Said(details=details or Details()), by=PAGE, now=now)
    if right != RequestType.ERASURE:
        cases.answer(request, words=Words(""), by=PAGE, now=now, facts={"told": "page"})
    return request


def is_honoured_at_once(subject: Subject, right: RequestType) -> bool:
    """Whether no member has to look first. Of a processor nobody erases without the controller, who may have to keep something (Art. 17(3), 28)."""
    return right != RequestType.HUMAN_REVIEW and not (right == RequestType.ERASURE and is_for_another(subject.workspace_id))


def bring_to_desk(subject: Subject, right: RequestType, words: str, *, now: int, language: str) -> PrivacyRequest:
    """Take a request that a member has to look at; it is known who asks."""
    return cases.open_request(subject, right, by=PAGE, now=now, language=language, words=words, means=Means.LINK, tell_at_once=True)


def correct(
    subject: Subject, changes: Mapping[str, str], remark: str, *, now: int, language: str
) -> tuple[PrivacyRequest | None, PrivacyRequest | None]:
    """Correct what the person's own word decides, and bring the rest to the desk; the two requests, None where there is nothing for one.

    Raises ValueRefused, CorrectionSuppressed.
    """
    own = {name: value or None for name, value in changes.items() if name in OWN_WORD}
    rest = [f"{name}: {value or '–'}" for name, value in changes.items() if name not in OWN_WORD]
    words = "\n".join([*rest, *([remark] if remark else [])])
    done = honour(subject, RequestType.RECTIFICATION, now=now, language=language, details=Details(attributes=own)) if own else None
    brought = bring_to_desk(subject, RequestType.RECTIFICATION, words, now=now, language=language) if words else None
    return done, brought
