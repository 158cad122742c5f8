"""The steps that members take at the desk, for every door alike: what stands against it, the mail to the person, and the writing down, in that order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from troth.privacy.desk import cases
from troth.privacy.desk.carrying_out import Details, carry_out, check_carrying_out
from troth.privacy.desk.forwarding import check_forwarding, forward, note_forwarded
from troth.privacy.desk.lifting import ANNOUNCE, check_announcing, check_lifting, lift
from troth.privacy.desk.telling import GAP, mail
from troth.privacy.desk.weighing import check_fee, check_refusing_objection, check_weighing, weigh
from troth.privacy.history import TELL, By, Words, write_step
from troth.privacy.models import PrivacyRequest, RequestState, RequestType
from troth.privacy.states import Act, next_state

OPENDSR = "opendsr"
"""The door by which another system asked on the person's behalf (`PrivacyRequest.source`)."""


class Step(StrEnum):
    """What a member does."""

    ACKNOWLEDGE = "acknowledge"
    ASK_IDENTITY = "ask_identity"
    ASK_CLARIFICATION = "ask_clarification"
    CLARIFY = "clarify"
    EXTEND = "extend"
    REFUSE = "refuse"
    CARRY_OUT = "carry_out"
    ANSWER = "answer"
    WITHDRAW = "withdraw"
    NOTE = "note"
    ASK_FEE = "ask_fee"
    """Of a request that is manifestly unfounded or excessive (Art. 12(5)(a)); the clock runs on."""
    WEIGH = "weigh"
    """An objection against the controller's compelling grounds (Art. 21(1))."""
    ANNOUNCE_LIFTING = "announce_lifting"
    """The person is told before a restriction is lifted (Art. 18(3))."""
    LIFT = "lift"
    NOT_FOUND = "not_found"
    """Whoever asks is not on file, and is told so (Art. 11(2), 12(2))."""
    FORWARD = "forward"
    """To the controller for whom the workspace processes (Art. 28(3)(e)): by mail now, or the member did it."""


class How(StrEnum):
    """How the person is told."""

    MAIL = "mail"
    OTHERWISE = "otherwise"
    """By letter, by telephone, in person: the member did it themselves."""


TOLD = frozenset(
    {
        *(Step.ACKNOWLEDGE, Step.ASK_IDENTITY, Step.ASK_CLARIFICATION, Step.EXTEND, Step.REFUSE, Step.ANSWER),
        *(Step.ASK_FEE, Step.ANNOUNCE_LIFTING, Step.NOT_FOUND),
    }
)
"""Steps of which the person is told, by a text that says so."""
DRAFTS = {
    Step.ACKNOWLEDGE: "received",
    Step.ASK_IDENTITY: "ask_identity",
    Step.ASK_CLARIFICATION: "ask_clarification",
    Step.EXTEND: "extend",
    Step.REFUSE: "refuse",
    Step.ANSWER: "done",
    Step.ASK_FEE: "ask_fee",
    Step.NOT_FOUND: "not_found",
    Step.ANNOUNCE_LIFTING: "announce_lifting",
}
"""The draft that each begins with (`telling.draft`)."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What comes with a step."""

    text: str = ""
    subject: str = ""
    how: How = How.OTHERWISE
    details: Details = Details()


def draft_kind(request: PrivacyRequest, step: Step, ground: str = "") -> str:
    """The draft that a step of a request begins with; empty: it begins with none. An erasure is told before it is carried out, or never."""
    if step == Step.REFUSE and ground:
        return f"refuse_{ground}"
    if step == Step.ASK_IDENTITY and cases.is_unknown(request):
        return "not_identified"
    if request.type == RequestType.ERASURE and step == Step.CARRY_OUT:
        return "done"
    return DRAFTS.get(step, "")


def take_step(request: PrivacyRequest, step: Step, said: Said, *, by: By, now: int) -> None:
    """Take a step. Never in a transaction: mail leaves in between.

    Raises what `cases`, `carrying_out` and `telling` do: StepImpossible, IdentityLacking, ExtensionImpossible, ReasonMissing, NoAddress, NotSent.
    """
    WAYS[step](request, said, by, now, prepare_step(request, step, said, now))


def prepare_step(request: PrivacyRequest, step: Step, said: Said, now: int) -> dict[str, Any]:
    """See that a step can be taken, and tell the person what they are told before it is; facts for the history. Raises as `take_step` does."""
    is_told = step in TOLD or (step == Step.CARRY_OUT and request.type == RequestType.ERASURE and bool(said.text))
    CHECKS.get(step, _nothing)(request, said, now)
    if said.how == How.MAIL and draft_kind(request, step) and not said.text.strip():
        raise cases.ReasonMissing("Write what the person is told.")
    if is_told and GAP in said.text:
        raise cases.ReasonMissing(f"Write your own words where the letter has “{GAP}”.")
    if is_told and said.how == How.MAIL:
        mail(request, Words(said.text, said.subject), now)
    return {"told": said.how.value} if is_told else {}


def _nothing(request: PrivacyRequest, said: Said, now: int) -> None:
    """Nothing stands against it that is not seen when it is done."""


def _check_carrying_out(request: PrivacyRequest, said: Said, now: int) -> None:
    check_carrying_out(request)


def _check_extending(request: PrivacyRequest, said: Said, now: int) -> None:
    cases.check_extending(request, said.text, now)


def _check_refusing(request: PrivacyRequest, said: Said, now: int) -> None:
    cases.check_refusing(request, said.text)
    if not said.details.ground:
        check_refusing_objection(request)


def _check_act(act: Act, what: str) -> Callable[[PrivacyRequest, Said, int], None]:
    def check(request: PrivacyRequest, said: Said, now: int) -> None:
        next_state(request.state, act)
        if not said.text.strip():
            raise cases.ReasonMissing(what)

    return check


def _check_asking_identity(request: PrivacyRequest, said: Said, now: int) -> None:
    cases.check_asking_identity(request)
    _check_act(Act.ASK_IDENTITY, "Say what the person is asked.")(request, said, now)


CHECKS: Mapping[Step, Callable[[PrivacyRequest, Said, int], None]] = {
    Step.CARRY_OUT: _check_carrying_out,
    Step.EXTEND: _check_extending,
    Step.REFUSE: _check_refusing,
    Step.ASK_IDENTITY: _check_asking_identity,
    Step.ASK_CLARIFICATION: _check_act(Act.ASK_CLARIFICATION, "Say what the person is asked."),
    Step.ANSWER: _check_act(Act.ANSWER, "Write what the person is told."),
    Step.ASK_FEE: lambda request, said, now: check_fee(request, said.details, said.text),
    Step.WEIGH: lambda request, said, now: check_weighing(request, said.details),
    Step.ANNOUNCE_LIFTING: lambda request, said, now: check_announcing(request, said.text),
    Step.NOT_FOUND: lambda request, said, now: cases.check_finding_nobody(request, said.text),
    Step.LIFT: lambda request, said, now: check_lifting(request),
    Step.FORWARD: lambda request, said, now: check_forwarding(request),
}

Way = Callable[[PrivacyRequest, Said, By, int, Mapping[str, Any]], None]


def _ask(act: Act) -> Way:
    def way(request: PrivacyRequest, said: Said, by: By, now: int, facts: Mapping[str, Any]) -> None:
        cases.ask_person(request, act, question=said.text, by=by, now=now, facts=facts)

    return way


def _acknowledge(request: PrivacyRequest, said: Said, by: By, now: int, facts: Mapping[str, Any]) -> None:
    write_step(request, TELL, by, now, facts={"kind": "received", **facts}, words=Words(said.text, said.subject))


def _clarify(request: PrivacyRequest, said: Said, by: By, now: int, facts: Mapping[str, Any]) -> None:
    cases.clarify(request, said=said.text, by=by, now=now)


def _extend(request: PrivacyRequest, said: Said, by: By, now: int, facts: Mapping[str, Any]) -> None:
    cases.extend(request, words=Words(said.text, said.subject), by=by, now=now, facts=facts)


def _refuse(request: PrivacyRequest, said: Said, by: By, now: int, facts: Mapping[str, Any]) -> None:
    ground = {"ground": said.details.ground.value} if said.details.ground else {}
    cases.refuse(request, words=Words(said.text, said.subject), by=by, now=now, facts={**facts, **ground})


def _carry_out(request: PrivacyRequest, said: Said, by: By, now: int, facts: Mapping[str, Any]) -> None:
    carry_out(request, said.details, by=by, now=now, facts=facts)
    if request.source == OPENDSR and request.state == RequestState.EXECUTING:
        # It was the controller who asked: the signed callback is the answer.
        cases.answer(request, words=Words(""), by=by, now=now, facts={"told": OPENDSR})


def _answer(request: PrivacyRequest, said: Said, by: By, now: int, facts: Mapping[str, Any]) -> None:
    cases.answer(request, words=Words(said.text, said.subject), by=by, now=now, facts=facts)


def _withdraw(request: PrivacyRequest, said: Said, by: By, now: int, facts: Mapping[str, Any]) -> None:
    cases.withdraw(request, by=by, now=now, said=said.text)


def _note(request: PrivacyRequest, said: Said, by: By, now: int, facts: Mapping[str, Any]) -> None:
    cases.add_note(request, text=said.text, by=by, now=now)


def _ask_fee(request: PrivacyRequest, said: Said, by: By, now: int, facts: Mapping[str, Any]) -> None:
    more = {"ground": said.details.ground.value, "fee": said.details.fee}
    write_step(request, Step.ASK_FEE, by, now, facts={**facts, **more}, words=Words(said.text, said.subject))


def _weigh(request: PrivacyRequest, said: Said, by: By, now: int, facts: Mapping[str, Any]) -> None:
    weigh(request, said.details, by=by, now=now)


def _announce(request: PrivacyRequest, said: Said, by: By, now: int, facts: Mapping[str, Any]) -> None:
    write_step(request, ANNOUNCE, by, now, facts=facts, words=Words(said.text, said.subject))


def _not_found(request: PrivacyRequest, said: Said, by: By, now: int, facts: Mapping[str, Any]) -> None:
    cases.find_nobody(request, words=Words(said.text, said.subject), by=by, now=now, facts=facts)


def _lift(request: PrivacyRequest, said: Said, by: By, now: int, facts: Mapping[str, Any]) -> None:
    lift(request, said.text, by=by, now=now)


def _forward(request: PrivacyRequest, said: Said, by: By, now: int, facts: Mapping[str, Any]) -> None:
    if said.how == How.MAIL:
        forward(request, by=by, now=now)
    else:
        note_forwarded(request, said=said.text, by=by, now=now)


WAYS: Mapping[Step, Way] = {
    Step.ACKNOWLEDGE: _acknowledge,
    Step.ASK_IDENTITY: _ask(Act.ASK_IDENTITY),
    Step.ASK_CLARIFICATION: _ask(Act.ASK_CLARIFICATION),
    Step.CLARIFY: _clarify,
    Step.EXTEND: _extend,
    Step.REFUSE: _refuse,
    Step.CARRY_OUT: _carry_out,
    Step.ANSWER: _answer,
    Step.WITHDRAW: _withdraw,
    Step.NOTE: _note,
    Step.ASK_FEE: _ask_fee,
    Step.WEIGH: _weigh,
    Step.ANNOUNCE_LIFTING: _announce,
    Step.LIFT: _lift,
    Step.NOT_FOUND: _not_found,
    Step.FORWARD: _forward,
}
