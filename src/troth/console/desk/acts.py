"""What members do at the desk: open a request, check who asks, take a step, tell the person, and the same for many at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from troth.consent.catalog import PurposeUnknown, load_catalog
from troth.consent.gate import OBJECTABLE
from troth.consent.models import LegalBasis
from troth.console.access import MemberRequest, member_page, record
from troth.console.asking import FilterInvalid, read_day
from troth.console.desk.reading import objectable
from troth.console.desk.requesters import look
from troth.console.desk.views import name_of_person, own_request, way
from troth.console.desk.wording import name_rights
from troth.console.naming import names_of
from troth.console.shell import preferences, render_page
from troth.kernel.clock import now_ms
from troth.kernel.errors import TrothError
from troth.kernel.personal_data import Subject
from troth.messages.direct import can_send
from troth.people.lookup import PersonNotFound, load_person
from troth.privacy.desk import cases
from troth.privacy.desk.bulk import take_for_many
from troth.privacy.desk.carrying_out import Details, Ground
from troth.privacy.desk.checking import addresses_on_file, check_code, check_values
from troth.privacy.desk.freezing import named_purposes
from troth.privacy.desk.identity import BY_STRENGTH, DEMANDS, Means
from troth.privacy.desk.steps import How, Said, Step, draft_kind, take_step
from troth.privacy.desk.telling import addresses_for, draft, mail_code
from troth.privacy.erasure.erasing import confirm_request
from troth.privacy.history import By
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.workspaces.audit import NOBODY
from troth.workspaces.roles import Permission

LANGUAGES = [("", "–"), ("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español")]
MOST_AT_ONCE = 200


def by(request: MemberRequest) -> By:
    """The member, for the history."""
    return By("console", int(request.user.pk or 0), request.member.role)


@member_page(Permission.EXERCISE_RIGHTS, audit="person.read", methods=("GET", "POST"))
def new(request: MemberRequest, person_id: int) -> HttpResponseBase:
    """Take a request of a person that came by letter, telephone or mail."""
    subject = Subject(request.workspace.pk, person_id)
    try:
        load_person(subject)
    except PersonNotFound:
        raise Http404 from None
    said, problem = request.POST, ""
    if request.method == "POST":
        try:
            now = now_ms()
            came = read_day(said.get("received", ""), preferences(request)["zone"])
            means = said.get("identity", "")
            made = cases.open_request(
                subject,
                RequestType(said.get("type", "")),
                by=by(request),
                now=now,
                received_at=came,
                language=said.get("language", "")[:10],
                words=said.get("words", "").strip()[:20_000],
                means=means if means in (Means.LOGIN, Means.MANDATE) else "",
                purposes=said.getlist("purpose") or None,
            )
            record(request, "request.opened", person_id=person_id, detail={"right": made.type})
        except ValueError:
            problem = _("Choose what the person wants.")
        except (FilterInvalid, cases.ReceiptImpossible, PurposeUnknown) as error:
            problem = str(error)
        else:
            messages.success(request, _("The request is taken, and its clock runs."))
            return redirect("console-request", request.workspace.pk, made.pk)
    return render_page(
        request,
        "console/desk/new.html",
        status=422 if problem else 200,
        problem=problem,
        person_id=person_id,
        name=names_of(request.workspace.pk, [person_id]).get(person_id, ""),
        types=name_rights(),
        languages=LANGUAGES,
        said=said,
        purposes=objectable(request.workspace.pk),
    )


@member_page(Permission.EXERCISE_RIGHTS, audit="request.read", methods=("GET", "POST"))
def identity(request: MemberRequest, request_id: UUID) -> HttpResponseBase:
    """Check who is asking: mail a code, check the one told, compare what is on file, or say how it is known."""
    found, now, problem = own_request(request, request_id), now_ms(), ""
    if cases.is_unknown(found):
        return look(request, found)
    request.about = found.person_id or NOBODY
    if request.method == "POST":
        what = request.POST.get("what", "")
        try:
            told = _identify(request, found, what, now)
            record(request, "request.identity", person_id=request.about, detail={"by": what, "request": str(request_id)})
        except TrothError as error:
            problem = str(error)
        else:
            messages.success(request, told)
            if what != "send":
                return redirect("console-request", request.workspace.pk, request_id)
    return render_page(
        request,
        "console/desk/identity.html",
        status=422 if problem else 200,
        problem=problem,
        found=found,
        crumbs=way(request, found),
        name=name_of_person(found),
        addresses=addresses_on_file(found),
        wanted=BY_STRENGTH.get(DEMANDS[found.type], ""),
        can_mail=can_send(request.workspace),
        kinds=[("", "–"), ("external_id", _("id")), ("phone", _("phone")), ("email", _("e-mail address")), *_attributes(found)],
    )


def _attributes(found: PrivacyRequest) -> list[tuple[str, str]]:
    """The names of attributes that can be asked for."""
    try:
        return [(name, name) for name in sorted(load_person(cases.subject_of(found)).attributes)]
    except (cases.PersonGone, PersonNotFound):
        return []


def _identify(request: MemberRequest, found: PrivacyRequest, what: str, now: int) -> str:
    said = request.POST
    if what == "send":
        mail_code(found, by=by(request), now=now)
        return _("A code was mailed to the address on file. It holds for an hour.")
    if what == "code":
        check_code(found, said.get("code", "")[:20], by=by(request), now=now)
    elif what == "values":
        pairs = [(said.get(f"kind{number}", ""), said.get(f"value{number}", "").strip()[:320]) for number in (1, 2)]
        check_values(found, {kind: value for kind, value in pairs if kind and value}, by=by(request), now=now)
    else:
        means = said.get("means", "")
        cases.identify(found, Means.MANDATE if means == Means.MANDATE else Means.LOGIN, by=by(request), now=now)
    return _("It is written down how it is known who asks.")


@member_page(Permission.EXERCISE_RIGHTS, audit="request.read", methods=("GET", "POST"))
def step(request: MemberRequest, request_id: UUID, step: str) -> HttpResponseBase:
    """Take a step. GET says what it does, with the letter that it begins with; POST takes it."""
    found, now = own_request(request, request_id), now_ms()
    request.about = found.person_id or NOBODY
    if step not in {one.value for one in Step}:
        raise Http404
    wanted, problem = Step(step), ""
    if request.method == "POST":
        try:
            said = _read_said(request, wanted)
            take_step(found, wanted, said, by=by(request), now=now)
            record(request, "request.step", person_id=request.about, detail={"step": step, "request": str(request_id)})
        except TrothError as error:
            problem = str(error)
        else:
            messages.success(request, _done_words(found))
            return redirect("console-request", request.workspace.pk, request_id)
    return render_page(
        request,
        "console/desk/step.html",
        status=422 if problem else 200,
        problem=problem,
        found=found,
        crumbs=way(request, found),
        name=name_of_person(found),
        step=wanted,
        can_mail=can_send(request.workspace),
        addresses=addresses_for(found),
        **_letter(request, found, wanted, now),
        **_choices(request, found, wanted),
    )


def _letter(request: MemberRequest, found: PrivacyRequest, step: Step, now: int) -> dict[str, Any]:
    """The letter as the member left it, else as it begins; in the language asked for."""
    ground = _read_ground(request)
    kind = draft_kind(found, step, ground)
    if not kind:
        return {"has_letter": False, "text": request.POST.get("text", "")}
    made = draft(found, kind, now, language=request.GET.get("language", ""), fee=request.GET.get("fee", "")[:20])
    return {
        "has_letter": True,
        "subject": request.POST.get("subject", made.subject),
        "text": request.POST.get("text", made.text),
        "language": made.language,
        "languages": LANGUAGES[1:],
        "rows": 18,
        "ground": ground,
        "grounds": _grounds(step),
        "fee": request.POST.get("fee", request.GET.get("fee", ""))[:20],
    }


def _read_ground(request: MemberRequest) -> Ground:
    said = request.POST.get("ground", request.GET.get("ground", ""))
    return Ground(said) if said in list(Ground) else Ground.NONE


def _grounds(step: Step) -> list[tuple[str, str]]:
    """Of Art. 12(5), where they are chosen."""
    grounds = [(Ground.UNFOUNDED.value, _("manifestly unfounded")), (Ground.EXCESSIVE.value, _("excessive, in particular repeated"))]
    return {Step.REFUSE: [("", _("another reason")), *grounds], Step.ASK_FEE: grounds}.get(step, [])


def _choices(request: MemberRequest, found: PrivacyRequest, step: Step) -> dict[str, Any]:
    if step == Step.WEIGH:
        rules = load_catalog(request.workspace.pk).purposes.values()
        return {"weighed": [rule for rule in rules if rule.basis in OBJECTABLE and not rule.is_marketing]}
    if step != Step.CARRY_OUT or found.type not in (RequestType.OBJECTION, RequestType.CONSENT_WITHDRAWAL):
        return {}
    if found.type == RequestType.OBJECTION:
        return {"purposes": objectable(request.workspace.pk), "named": named_purposes(found)}
    rules = load_catalog(request.workspace.pk).purposes.values()
    return {"purposes": [rule for rule in rules if rule.basis == LegalBasis.CONSENT]}


def _read_said(request: MemberRequest, step: Step) -> Said:
    said = request.POST
    text = said.get("text", "").strip()[:20_000]
    how = How.MAIL if said.get("how") == How.MAIL else How.OTHERWISE
    if "sure" in said or said.get("needs_sure") != "1":
        purposes = tuple(said.getlist("purpose")) if said.get("scope") == "chosen" or step == Step.WEIGH else None
        if purposes == () and step != Step.WEIGH:
            raise cases.ReasonMissing(_("Choose at least one purpose."))
        details = Details(
            purposes=purposes,
            by_hand=bool(said.get("by_hand")),
            finding=said.get("finding", "").strip()[:20_000],
            disputed=bool(said.get("disputed")),
            ground=_read_ground(request),
            fee=said.get("fee", "").strip()[:20],
            prevails=said.get("prevails") == "yes",
        )
        return Said(text=text, subject=said.get("subject", "")[:500], how=how, details=details)
    raise cases.ReasonMissing(_("Tick the box to say that you are sure."))


def _done_words(found: PrivacyRequest) -> str:
    return {
        RequestState.EXECUTING: _("It is carried out. Now answer the person."),
        RequestState.DONE: _("Done. The evidence file proves how."),
        RequestState.REFUSED: _("The refusal is written down."),
        RequestState.DELETED: _("Deleted. Every byte kept is searched now."),
    }.get(RequestState(found.state), _("It is written down."))


@member_page(Permission.EXERCISE_RIGHTS, methods=("GET", "POST"))
def confirm(request: MemberRequest, request_id: UUID) -> HttpResponseBase:
    """Carry out an erasure that a key visible in browsers asked for."""
    found = own_request(request, request_id)
    if found.state != RequestState.AWAITING_CONFIRMATION or found.person_id is None:
        messages.info(request, _("This request does not wait for confirmation any more."))
    elif request.method == "POST":
        record(request, "person.erased", person_id=found.person_id, detail={"request": str(request_id)})
        try:
            confirm_request(found, now=now_ms(), by=by(request))
        except PersonNotFound:
            messages.info(request, _("The person is gone already."))
    else:
        return render_page(request, "console/desk/confirm.html", found=found, name=name_of_person(found))
    return redirect("console-request", request.workspace.pk, request_id)


@member_page(Permission.EXERCISE_RIGHTS, methods=("POST",))
def many(request: MemberRequest) -> HttpResponse:
    """The same step for all that were ticked, after a page that says for how many."""
    ids = _read_ids(request.POST.getlist("request"))
    step = request.POST.get("step", "")
    words: dict[str, Callable[[int], str]] = {
        Step.ACKNOWLEDGE: lambda n: ngettext("Acknowledge %d request by mail", "Acknowledge %d requests by mail", n) % n,
        Step.CARRY_OUT: lambda n: ngettext("Carry out %d request", "Carry out %d requests", n) % n,
        Step.ANSWER: lambda n: ngettext("Answer %d request by mail", "Answer %d requests by mail", n) % n,
    }
    if step not in words or not ids:
        messages.error(request, _("Tick requests, and choose what is done with them."))
        return redirect("console-requests", request.workspace.pk)
    if not request.POST.get("sure"):
        return render_page(request, "console/desk/many.html", ids=ids, step=step, says=words[step](len(ids)))
    done, refused = take_for_many(request.workspace.pk, ids, Step(step), by=by(request), now=now_ms())
    record(request, "request.step", detail={"step": step, "done": len(done), "refused": len(refused)})
    if done:
        messages.success(request, ngettext("Done for %d request.", "Done for %d requests.", len(done)) % len(done))
    if not refused:
        return redirect("console-requests", request.workspace.pk)
    return render_page(request, "console/desk/many_done.html", crumbs=way(request), refused=list(refused.items()))


def _read_ids(texts: list[str]) -> list[UUID]:
    try:
        return list(dict.fromkeys(UUID(text) for text in texts[:MOST_AT_ONCE]))
    except ValueError:
        return []
