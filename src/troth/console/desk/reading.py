"""What the room shows. Values in, values out; no HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from troth.consent.catalog import PurposeRule, load_catalog
from troth.consent.gate import CONSENT_FREE
from troth.console.desk.wording import list_facts, name_door, name_step
from troth.privacy.desk.cases import acts_of, clock_of, is_unknown, pauses_of
from troth.privacy.desk.deciding import is_for_another
from troth.privacy.desk.forwarding import forwarding_of
from troth.privacy.desk.freezing import list_frozen
from troth.privacy.desk.identity import is_known_enough
from troth.privacy.desk.lifting import can_lift, is_announced
from troth.privacy.desk.listing import SOON, is_unanswered
from troth.privacy.desk.steps import Step
from troth.privacy.history import Words, read_history, read_words
from troth.privacy.models import PrivacyRequest, RequestState, RequestStep, RequestType
from troth.privacy.states import Act
from troth.workspaces.models import User

S = RequestState
IDENTITY = "identity"
"""Where the next step is not a step of the desk but the check of who asks."""


@dataclass(frozen=True)
class Left:
    """How the term stands, for a badge."""

    is_paused: bool
    left: int
    due_at: int

    @property
    def is_soon(self) -> bool:
        """Whether the term is over within a week."""
        return self.left < SOON


@dataclass(frozen=True)
class Next:
    """What is to be done next, in words; `step` empty: nothing by a member."""

    words: str
    step: str = ""
    button: str = ""


@dataclass(frozen=True)
class Mark:
    """A point on the line of the clock, in per cent of its length."""

    at: int
    place: float
    label: str
    ends_term: bool = False
    """Whether it is the last instant of a day at the seat."""


@dataclass(frozen=True)
class Line:
    """The clock drawn: how far time is, when it stood still, and its marks."""

    done: float
    pauses: list[tuple[float, float]]
    marks: list[Mark]
    is_over: bool


@dataclass(frozen=True)
class Done:
    """A step of the history, in words."""

    step: RequestStep
    says: str
    by: str
    facts: list[str]
    words: Words | None


def read_left(request: PrivacyRequest, now: int) -> Left | None:
    """None once there is nothing to be late with."""
    if not is_unanswered(request):
        return None
    return Left(request.paused_at is not None, request.due_at - now, request.due_at)


def objectable(workspace_id: int) -> list[PurposeRule]:
    """The purposes to which somebody can object (Art. 21(1), (2))."""
    return [rule for rule in load_catalog(workspace_id).purposes.values() if rule.is_marketing or rule.basis not in CONSENT_FREE]


def name_frozen(request: PrivacyRequest) -> str:
    """The names of the purposes that stand still because of a request; empty: none do."""
    catalog = load_catalog(request.workspace_id)
    return ", ".join(rule.name if (rule := catalog.rule(key)) else key for key in list_frozen(request))


def draw_clock(request: PrivacyRequest, now: int) -> Line:
    """From receipt to the end of the term, or to now where that is later."""
    clock = clock_of(request, now)
    due_at = clock.due_at if is_unanswered(request) else request.due_at
    ended = request.closed_at or request.deleted_at or now
    begin, end = request.received_at, max(due_at, ended, request.received_at + 1)

    def place(at: int) -> float:
        return round(100 * (min(max(at, begin), end) - begin) / (end - begin), 2)

    marks = [Mark(begin, 0.0, _("Received"))]
    if clock.is_extended:
        marks.append(Mark(clock.first_due_at, place(clock.first_due_at), _("First month"), ends_term=True))
    marks.append(Mark(due_at, place(due_at), _("Answer due"), ends_term=True))
    if request.closed_at or request.deleted_at:
        marks.append(Mark(ended, place(ended), _("Answered")))
    spans = [(place(pause.since), round(place(pause.until or ended) - place(pause.since), 2)) for pause in pauses_of(request)]
    return Line(place(ended), spans, sorted(marks, key=lambda mark: mark.place), ended > due_at)


def next_step(request: PrivacyRequest) -> Next:
    """What is to be done next. Pure."""
    state, right = request.state, request.type
    if is_unknown(request):
        return Next(
            _("Nobody on file was found. Ask for one datum more and look again, or say that nothing is found (Art. 11(2), 12(2))."),
            IDENTITY,
            _("Look again…"),
        )
    if state in (S.RECEIVED, S.RUNNING, S.EXTENDED):
        if not is_known_enough(right, request.identity):
            return Next(
                _("Make sure who is asking, in proportion to what could go wrong (Art. 12(6))."), IDENTITY, _("Check who is asking")
            )
        return Next(*_carrying_out()[RequestType(right)])
    return {
        S.AWAITING_CONFIRMATION: Next(
            _("Somebody asked for this with a key that everyone can see. Make sure that the person wants it, then carry it out."),
            "confirm",
            _("Carry out…"),
        ),
        S.IDENTITY_CHECK: Next(_("The person was asked who they are. When they answer, check it here."), IDENTITY, _("Check the answer")),
        S.CLARIFICATION: Next(_("The person was asked what they mean. When they answer, note it here."), Step.CLARIFY, _("They answered…")),
        S.EXECUTING: Next(_("It is carried out. Tell the person what became of it, and it is done."), Step.ANSWER, _("Answer the person")),
        S.DELETED: Next(_("Nobody sees the data any more. Troth searches every byte it keeps, by itself.")),
        S.RESIDUE_FOUND: Next(_("Something was found. Troth tries again by itself; if it stays, look at the operator’s health checks.")),
    }.get(S(state), Next(_("There is nothing more to do.")))


def _carrying_out() -> Mapping[RequestType, tuple[str, str, str]]:
    """By right: what is to be done, the step and its button."""
    return {
        RequestType.ACCESS: (_("It is known who asks. Make the data ready, and answer."), Step.CARRY_OUT, _("Make the data ready…")),
        RequestType.PORTABILITY: (_("It is known who asks. Make the data ready, and answer."), Step.CARRY_OUT, _("Make the data ready…")),
        RequestType.RECTIFICATION: (
            _("Correct what is wrong on the person’s page, then say so here."),
            Step.CARRY_OUT,
            _("It is corrected…"),
        ),
        RequestType.ERASURE: (
            _("It is known who asks. Tell the person, and erase: afterwards nobody can be told."),
            Step.CARRY_OUT,
            _("Erase…"),
        ),
        RequestType.RESTRICTION: (_("Restrict what is done with the data to keeping it."), Step.CARRY_OUT, _("Restrict…")),
        RequestType.OBJECTION: (
            _("Stop what the person objects to; marketing has no exception (Art. 21(3))."),
            Step.CARRY_OUT,
            _("Stop it…"),
        ),
        RequestType.CONSENT_WITHDRAWAL: (_("Record what the person withdraws; it counts at once."), Step.CARRY_OUT, _("Withdraw…")),
        RequestType.HUMAN_REVIEW: (
            _("A person has to look at the decision again (Art. 22(3)). Write down what they found."),
            Step.CARRY_OUT,
            _("Write the finding…"),
        ),
    }


def list_acts(request: PrivacyRequest) -> list[tuple[str, str, str]]:
    """Further steps that are possible: (step, button, icon)."""
    possible = set(acts_of(request))
    if is_for_another(request.workspace_id):
        possible -= {Act.EXTEND, Act.REFUSE}
    words: Sequence[tuple[Act, str, str, str]] = (
        (Act.ASK_IDENTITY, Step.ASK_IDENTITY, _("Ask who it is…"), "user-search"),
        (Act.ASK_CLARIFICATION, Step.ASK_CLARIFICATION, _("Ask what is meant…"), "message-circle-question-mark"),
        (Act.EXTEND, Step.EXTEND, _("Extend…"), "calendar-plus"),
        (Act.REFUSE, Step.REFUSE, _("Refuse…"), "ban"),
        (Act.WITHDRAW, Step.WITHDRAW, _("Taken back…"), "undo-2"),
    )
    found = [(step, button, icon) for act, step, button, icon in words if act in possible]
    if request.state in (S.RECEIVED, S.RUNNING, S.EXTENDED):
        found.insert(0, (Step.ACKNOWLEDGE, _("Acknowledge…"), "mail-check"))
    if request.type == RequestType.OBJECTION and Act.REFUSE in possible:
        found.append((Step.WEIGH, _("Weigh the grounds…"), "scale"))
    if is_unknown(request) and request.state != S.CLARIFICATION:
        found.append((Step.NOT_FOUND, _("Say that nothing is found…"), "user-x"))
    if Act.REFUSE in possible and request.person_id is not None:
        found.append((Step.ASK_FEE, _("Ask a fee…"), "coins"))
    if can_lift(request):
        found.append((Step.ANNOUNCE_LIFTING, _("Say that it ends…"), "mail-check"))
        if is_announced(request):
            found.append((Step.LIFT, _("Lift the restriction…"), "lock-open"))
    if (own := forwarding_of(request)) and own.forwarded_at is None:
        found.insert(0, (Step.FORWARD, _("Pass on to the controller…"), "send"))
    if request.person_id is not None or is_unknown(request):
        found.append((Step.NOTE, _("Note…"), "sticky-note"))
    return found


def read_steps(request: PrivacyRequest) -> list[Done]:
    """The history, the latest first: step, member and what was written."""
    steps, words = read_history(request), read_words(request)
    names = dict(User.objects.filter(pk__in={step.user_id for step in steps if step.user_id}).values_list("pk", "email"))
    return [
        Done(step, name_step(step), names.get(step.user_id, "") or name_door(step.door), list_facts(step), words.get(step.id))
        for step in reversed(steps)
    ]


def list_kinds(counts: Mapping[str, int], chosen: str, address: str) -> list[tuple[str, str, bool]]:
    """The tabs of the list with their numbers."""
    words: Sequence[tuple[str, str]] = (
        ("", _("All")),
        ("open", _("Open")),
        ("due_soon", _("Due within a week")),
        ("overdue", _("Overdue")),
    )
    return [
        (f"{label} {counts[kind]}" if kind else str(label), f"{address}?show={kind}" if kind else address, kind == chosen)
        for kind, label in words
    ]


def about(found: PrivacyRequest) -> dict[str, Any]:
    """What the part of the page shows that is asked for again while an erasure is verified."""
    step = {S.DELETED: 2, S.RESIDUE_FOUND: 2, S.ERASED: 4}.get(S(found.state), 1)
    return {
        "found": found,
        "is_erasure": found.type == RequestType.ERASURE,
        "is_moving": found.state in (S.DELETED, S.RESIDUE_FOUND) and found.next_try_at is not None,
        "is_verified": found.state in (S.DELETED, S.RESIDUE_FOUND, S.ERASED),
        "stages": [_("Deleted"), _("Searched in every byte kept"), _("Erased")],
        "stage": step,
        "records": sorted(found.steps.get("records", {}).items()),
        "other_steps": {key: value for key, value in found.steps.items() if key not in ("records", "last_search")},
        "search": found.steps.get("last_search"),
    }
