"""Telling whoever asked: a draft in their language, edited by a member, mailed to an address on file, and to no other."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from django.utils.html import linebreaks, urlize

from troth.content.email_template import RenderedEmail
from troth.content.languages import choose_language, languages_of
from troth.kernel.errors import TrothError
from troth.messages.direct import send_to_whom_it_concerns
from troth.people.lookup import PersonNotFound, load_person
from troth.privacy.desk.answer_words import WORDS
from troth.privacy.desk.cases import clock_of, subject_of
from troth.privacy.desk.checking import addresses_on_file, make_code
from troth.privacy.desk.freezing import list_frozen
from troth.privacy.desk.letters import read_letter, write_day
from troth.privacy.desk.links import make_data_url, make_follow_url
from troth.privacy.desk.requesters import file_of
from troth.privacy.disclosures.log import note_mailed
from troth.privacy.history import By, Words, read_history, read_words
from troth.privacy.legal_clock import EXTENDED, stops_clock, term_end
from troth.privacy.models import PrivacyRequest, RequestType
from troth.privacy.seats import unpack_seat
from troth.privacy.states import Act
from troth.workspaces.models import Workspace

DONE = "done"
HANDS_OUT = ("access", "portability")
GAP = "[…]"
"""Stands in a draft where the member writes; a letter with it does not leave."""
DATA_LINK = "{data_link}"
"""Stands in a draft for the link to the person's data, which is made when the mail is sent, for its day to begin then."""


class NoAddress(TrothError):
    """There is no address on file that the person can be written to."""

    def __init__(self) -> None:
        super().__init__("No e-mail address was on file when the request came: tell the person another way, and say so.")


@dataclass(frozen=True)
class Draft:
    """A mail before it is sent."""

    language: str
    subject: str
    text: str


def language_for(request: PrivacyRequest) -> str:
    """In which language a person is answered: as the request says, else as their attributes do, else English."""
    wanted = [request.language] if request.language else []
    if request.person_id is not None:
        with suppress(PersonNotFound):
            wanted += languages_of(load_person(subject_of(request)).attributes)
    return choose_language(WORDS, wanted) or "en"


def draft(request: PrivacyRequest, kind: str, now: int, *, language: str = "", words: str = "", code: str = "", fee: str = "") -> Draft:
    """The mail of a kind (of `letters.KINDS`, or `done`) as it may be sent; `words` is what the member writes themselves."""
    chosen = language if language in WORDS else language_for(request)
    said, seat = WORDS[chosen], unpack_seat(request.seat)
    due_at = term_end(request.received_at, seat, EXTENDED) if kind == "extend" else clock_of(request, now).due_at
    received, due = (write_day(at, seat.zone_info, chosen) for at in (request.received_at, due_at))
    hands_out = kind == DONE and request.type in HANDS_OUT
    facts = {
        "company": Workspace.objects.values_list("name", flat=True).get(pk=request.workspace_id),
        "right": said[request.type],
        "received": received,
        "due": due,
        "link": DATA_LINK if hands_out else make_follow_url(request.workspace_id, request.pk),
        "code": code,
        "words": _with_what_ends(request, kind, words or _finding(request, kind) or GAP, said),
        "fee": fee or GAP,
        "term": said["term_stands"] if stops_clock(now, request.received_at) else said["term_runs"].format(due=due),
    }
    subject, text = read_letter(request.workspace_id, _letter_kind(request, kind), chosen).filled(facts)
    return Draft(chosen, subject, text)


def _letter_kind(request: PrivacyRequest, kind: str) -> str:
    if kind != DONE:
        return kind
    return f"done_{request.type}" + ("_disputed" if request.steps.get("disputed") else "")


def _with_what_ends(request: PrivacyRequest, kind: str, words: str, said: dict[str, str]) -> str:
    """Whoever's objection is refused is told before what stood still goes on (Art. 18(3))."""
    return f"{words}\n\n{said['objection_stood_still']}" if kind.startswith("refuse") and list_frozen(request) else words


def _finding(request: PrivacyRequest, kind: str) -> str:
    """What came of the review of a decision, for the answer to begin with."""
    if kind != DONE or request.type != RequestType.HUMAN_REVIEW:
        return ""
    acts = {step.id for step in read_history(request) if step.act == Act.CARRY_OUT}
    return next((words.text for step_id, words in read_words(request).items() if step_id in acts), "")


def addresses_for(request: PrivacyRequest) -> list[str]:
    """Where a letter may go: to the addresses on file; of somebody who is not on file, to the one that the request came from.

    A letter of the latter kind holds no data: there is none.
    """
    if request.person_id is not None:
        return addresses_on_file(request)
    file = file_of(request)
    return [file.address] if file and file.address else []


def mail(request: PrivacyRequest, words: Words, now: int) -> None:
    """Hand a mail over to the first of `addresses_for`, and note by whom it went. Raises NoAddress, NotSent, MailInvalid. Not in a transaction."""
    addresses = addresses_for(request)
    if not addresses:
        raise NoAddress
    text = words.text
    if DATA_LINK in text:
        text = text.replace(DATA_LINK, make_data_url(subject_of(request), addresses[0], now))
    rendered = RenderedEmail(subject=" ".join(words.subject.split()), html=linebreaks(urlize(text, autoescape=True)), text=text)
    send_to_whom_it_concerns(Workspace.objects.get(pk=request.workspace_id), rendered, addresses[0], now)
    if request.person_id is not None:
        note_mailed([subject_of(request)], now)


def mail_code(request: PrivacyRequest, *, by: By, now: int) -> None:
    """Mail a code to the address on file. Raises NoAddress, IdentityRefused, NotSent, MailInvalid."""
    if not addresses_on_file(request):
        raise NoAddress
    drafted = draft(request, "code", now, code=make_code(request, by=by, now=now))
    mail(request, Words(drafted.text, drafted.subject), now)
