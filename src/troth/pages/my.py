"""“My data”: everything that is held about a person and every right, behind a link mailed to an address on file. No account, no script; GET never acts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import wraps
from typing import IO, Any

import structlog
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.template.loader import render_to_string

from troth.content.email_template import RenderedEmail
from troth.intake.json_values import ValueRefused
from troth.intake.wire.values import is_email
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.messages.direct import send_to_whom_it_concerns
from troth.pages import my_reading
from troth.pages.dead_ends import not_ours
from troth.pages.languages import choose_language
from troth.pages.mail_limit import may_write
from troth.pages.my_words import WORDS
from troth.pages.sender import sender_of
from troth.pages.views import public_page, read_form
from troth.people.identifiers import EMAIL, normalise_email
from troth.people.lookup import find_people
from troth.privacy.desk.carrying_out import Details
from troth.privacy.desk.cases import RequestNotFound, find_request
from troth.privacy.desk.evidence import make_evidence
from troth.privacy.desk.links import make_data_url, make_follow_token, read_data_token, read_follow_token
from troth.privacy.desk.portability import open_portable
from troth.privacy.desk.self_service import bring_to_desk, correct, honour, is_honoured_at_once
from troth.privacy.disclosures.log import note_mailed
from troth.privacy.exporting.export import open_export
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.privacy.requests import CorrectionSuppressed
from troth.workspaces.models import Workspace

log = structlog.get_logger()
LABEL = b"my-data-limit/v1"
MOST_SHARING = 5
"""People who share an address and each get their own link in the mail."""
LONGEST_WORDS = 10_000
PIECE = 64 * 1024
FORMATS = {"zip": RequestType.ACCESS, "json": RequestType.ACCESS, "pdf": RequestType.ACCESS, "portable": RequestType.PORTABILITY}
ACTS = {
    "object": RequestType.OBJECTION,
    "restrict": RequestType.RESTRICTION,
    "erase": RequestType.ERASURE,
    "human_review": RequestType.HUMAN_REVIEW,
}
PageOf = Callable[..., HttpResponseBase]


@public_page
def ask(request: HttpRequest, workspace_id: int) -> HttpResponse:
    """GET asks for an address; POST answers the same whether it is known or not."""
    if not 0 < workspace_id < 2**63 or not (workspace := Workspace.objects.filter(pk=workspace_id).first()):
        return not_ours(request)
    posted = read_form(request)
    language = choose_language(request, list(WORDS), posted.get("language") or request.GET.get("lang", ""))
    if request.method != "POST":
        return show("my_ask.html", workspace_id, language)
    email = normalise_email(posted.get("email", "").replace("\0", "").strip()[:320])
    if not is_email(email):
        return show("my_ask.html", workspace_id, language, status=422, fault=WORDS[language]["bad_address"])
    now = now_ms()
    if may_write(LABEL, workspace_id, email, now):
        threading.Thread(target=_send_links, args=(workspace, email, language, now), name="my-data-mail", daemon=True).start()
    return show("my_asked.html", workspace_id, language)


def _write(sender: str, links: list[str], language: str) -> RenderedEmail:
    words = WORDS[language]
    told = words["mail"].format(sender=sender)
    html = render_to_string("mails/my_data.html", {"words": words, "told": told, "links": links, "language": language})
    text = "\n\n".join([told, *links, words["mail_else"]]) + "\n"
    return RenderedEmail(subject=" ".join(words["mail_subject"].format(sender=sender).split()), html=html, text=text)


def _send_links(workspace: Workspace, email: str, language: str, now: int) -> None:
    """Mail a link to each person who has the address. Beside the request, whose time then does not tell whether there is one."""
    try:
        subjects = find_people(workspace.pk, email, (EMAIL,))[:MOST_SHARING]
        if subjects:
            links = [make_data_url(subject, email, now) for subject in subjects]
            send_to_whom_it_concerns(workspace, _write(str(sender_of(workspace.pk)), links, language), email, now)
            note_mailed(subjects, now)
    except (TrothError, OSError, DatabaseError) as error:
        log.error("my_data_mail_failed", workspace_id=workspace.pk, error=type(error).__name__)
    finally:
        connection.close()


def own_page(view: PageOf) -> PageOf:
    """For a view `(request, subject, token, language)` behind a link that still holds; any other leads to where a new one is asked for."""

    @public_page
    @wraps(view)
    def answer(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponseBase:
        link = read_data_token(token)
        if link is None:
            return not_ours(request)
        posted = read_form(request)
        language = choose_language(request, list(WORDS), posted.get("language") or request.GET.get("lang", ""))
        subject = my_reading.find_visitor(link) if link.is_good(now_ms()) else None
        if subject is None:
            return show("my_over.html", link.workspace_id, language, status=410)
        return view(request, subject, token, language, **kwargs)

    return answer


@own_page
def my_data(request: HttpRequest, subject: Subject, token: str, language: str) -> HttpResponse:
    """Everything that is held, what can be done about it, and what became of what was asked."""
    words = words_of(subject.workspace_id, language)
    return show(
        "my.html",
        subject.workspace_id,
        language,
        token=token,
        identifiers=my_reading.read_identifiers(subject),
        held=my_reading.read_held(subject, language),
        first_only=words["first_only"].format(number=my_reading.SHOWN),
        requests=my_reading.read_requests(subject, words, language),
        preferences=my_reading.preferences_token(subject),
        acts=[(act, words[act], words[f"{act}_more"]) for act in ("object", "restrict", "human_review", "erase")],
    )


@own_page
def take(request: HttpRequest, subject: Subject, token: str, language: str) -> HttpResponseBase:
    """POST downloads: everything, or what the person provided. It is recorded as a request that was answered."""
    kind = read_form(request).get("format", "zip")
    if request.method != "POST" or kind not in FORMATS:
        return show("my_over.html", subject.workspace_id, language, status=405)
    now = now_ms()
    honour(subject, FORMATS[kind], now=now, language=language)
    is_portable = kind == "portable"
    file = (
        open_portable(subject, now=now, language=language) if is_portable else open_export(subject, f".{kind}", now=now, language=language)
    )
    ending = "zip" if is_portable else kind
    answer = StreamingHttpResponse(_pieces(file), content_type=f"application/{ending}")
    answer["Content-Disposition"] = f'attachment; filename="my-data.{ending}"'
    return answer


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


@own_page
def correct_data(request: HttpRequest, subject: Subject, token: str, language: str) -> HttpResponse:
    """GET shows what can be corrected; POST corrects what only the person knows, and brings the rest to the company."""
    held = my_reading.read_attributes(subject)
    facts: dict[str, Any] = {"token": token, "fields": held}
    if request.method != "POST":
        return show("my_correct.html", subject.workspace_id, language, **facts)
    posted = read_form(request)
    said = {name: posted.get(f"attribute.{name}", value).replace("\0", "").strip()[:1_000] for name, value in held}
    changes = {name: said[name] for name, value in held if said[name] != value}
    remark = posted.get("remark", "").replace("\0", "").strip()[:LONGEST_WORDS]
    try:
        done, brought = correct(subject, changes, remark, now=now_ms(), language=language)
    except (ValueRefused, CorrectionSuppressed):
        return show("my_correct.html", subject.workspace_id, language, status=422, fault=WORDS[language]["refused_value"], **facts)
    if not done and not brought:
        return show("my_correct.html", subject.workspace_id, language, fault=WORDS[language]["unchanged"], **facts)
    return show_done(subject.workspace_id, language, brought or done, token)


@own_page
def act(request: HttpRequest, subject: Subject, token: str, language: str, act: str) -> HttpResponse:
    """GET says what an act does; POST does it."""
    words, right = words_of(subject.workspace_id, language), ACTS.get(act)
    if right is None:
        return not_ours(request)
    facts: dict[str, Any] = {"token": token, "act": act, "act_title": words[act], "more": words[f"{act}_more"]}
    posted, now = read_form(request), now_ms()
    said = posted.get("words", "").replace("\0", "").strip()[:LONGEST_WORDS]
    fault = ""
    if right == RequestType.ERASURE and not is_honoured_at_once(subject, right):
        facts["more"] = words["erase_asked_more"]
    if request.method == "POST":
        if right == RequestType.ERASURE and not posted.get("sure"):
            fault = words["need_sure"]
        elif right == RequestType.HUMAN_REVIEW and not said:
            fault = words["need_words"]
        elif not is_honoured_at_once(subject, right):
            return show_done(subject.workspace_id, language, bring_to_desk(subject, right, said, now=now, language=language), token)
        else:
            return show_done(subject.workspace_id, language, honour(subject, right, now=now, language=language, details=Details()), token)
    return show("my_act.html", subject.workspace_id, language, status=422 if fault else 200, fault=fault, **facts)


def show_done(workspace_id: int, language: str, made: PrivacyRequest | None, token: str, more: str = "") -> HttpResponse:
    """What became of what was just asked; `more` says it in other words."""
    is_brought = made is not None and made.closed_at is None and made.deleted_at is None
    is_gone = made is not None and made.person_id is None
    gone = my_reading.say_gone(made, WORDS[language], now_ms()) if made and is_gone else ""
    follow = make_follow_token(workspace_id, made.pk) if made else ""
    return show("my_done.html", workspace_id, language, is_brought=is_brought, gone=gone, follow=follow, token=token, more=more)


@public_page
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """How far a request is; also of somebody on whom nothing is held any more."""
    row = _followed(token)
    if row is None:
        return not_ours(request)
    language = choose_language(request, list(WORDS), request.GET.get("lang", ""))
    words = WORDS[language]
    return show(
        "my_request.html",
        row.workspace_id,
        language,
        token=token,
        one=my_reading.follow(row, words, language),
        events=my_reading.read_events(row, words, language),
        gone=my_reading.say_gone(row, words, now_ms()) if row.state in (RequestState.DELETED, RequestState.RESIDUE_FOUND) else "",
        is_erased=row.state == RequestState.ERASED,
        handed=my_reading.read_handover(row, words, language),
        told=my_reading.read_told(row, words, language),
    )


@public_page
def proof(request: HttpRequest, token: str) -> HttpResponse:
    """The signed evidence of a request, without what was written to the person: the link does not end, and may be found later."""
    row = _followed(token)
    if row is None:
        return not_ours(request)
    answer = HttpResponse(make_evidence(row, now_ms(), with_letters=False), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="proof-{row.pk}.json"'
    return answer


def _followed(token: str) -> PrivacyRequest | None:
    link = read_follow_token(token)
    if link is None:
        return None
    workspace_id, request_id = link
    try:
        return find_request(workspace_id, request_id)
    except RequestNotFound:
        return None


def show(template: str, workspace_id: int, language: str, status: int = 200, **more: Any) -> HttpResponse:
    """A page in the reader's language. Rendered without the request, so nothing can ask for a session."""
    facts = {
        "sender": sender_of(workspace_id),
        "workspace_id": workspace_id,
        "words": words_of(workspace_id, language),
        "language": language,
        **more,
    }
    return HttpResponse(render_to_string(f"pages/{template}", facts), status=status)


def words_of(workspace_id: int, language: str) -> dict[str, str]:
    """The words of a language, with the name of who speaks."""
    sender = str(sender_of(workspace_id))
    return {key: says.replace("{sender}", sender) for key, says in WORDS[language].items()}
