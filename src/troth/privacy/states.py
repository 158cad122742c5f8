"""How a request may go: one table of states and acts. Pure.

`deleted` and `residue_found` are an erasure that is being verified, `erased` one that is done; `executing` is a request whose right was carried
out and whose answer to the person is still to be given.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from troth.kernel.errors import TrothError
from troth.privacy.models import RequestState, RequestType

S = RequestState


class Act(StrEnum):
    """What can be done with a request."""

    ASK_IDENTITY = "ask_identity"
    ASK_CLARIFICATION = "ask_clarification"
    IDENTIFY = "identify"
    """It is known who is asking."""
    CLARIFY = "clarify"
    """The person said what they mean."""
    EXTEND = "extend"
    CARRY_OUT = "carry_out"
    DELETE = "delete"
    FIND_RESIDUE = "find_residue"
    FIND_NOTHING = "find_nothing"
    ANSWER = "answer"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    """The person takes the request back."""
    LOOK = "look"
    """Somebody who was not on file was looked for by what they told now."""
    FIND_NOBODY = "find_nobody"
    """Who asks was told that nothing is found about them (Art. 11(2), 12(2))."""


TABLE: Mapping[tuple[RequestState, Act], RequestState] = MappingProxyType(
    {
        (S.AWAITING_CONFIRMATION, Act.ASK_IDENTITY): S.IDENTITY_CHECK,
        (S.AWAITING_CONFIRMATION, Act.IDENTIFY): S.RUNNING,
        (S.AWAITING_CONFIRMATION, Act.DELETE): S.DELETED,
        (S.AWAITING_CONFIRMATION, Act.REFUSE): S.REFUSED,
        (S.AWAITING_CONFIRMATION, Act.WITHDRAW): S.WITHDRAWN,
        **{
            (state, act): after
            for state in (S.RECEIVED, S.RUNNING, S.EXTENDED)
            for act, after in {
                Act.ASK_IDENTITY: S.IDENTITY_CHECK,
                Act.ASK_CLARIFICATION: S.CLARIFICATION,
                Act.IDENTIFY: S.EXTENDED if state == S.EXTENDED else S.RUNNING,
                Act.CARRY_OUT: S.EXECUTING,
                Act.DELETE: S.DELETED,
                Act.REFUSE: S.REFUSED,
                Act.WITHDRAW: S.WITHDRAWN,
            }.items()
        },
        **{
            (state, act): after
            for state in (S.RECEIVED, S.RUNNING, S.EXTENDED, S.IDENTITY_CHECK)
            for act, after in {Act.LOOK: S.RUNNING if state == S.IDENTITY_CHECK else state, Act.FIND_NOBODY: S.DONE}.items()
        },
        (S.RECEIVED, Act.EXTEND): S.EXTENDED,
        (S.RUNNING, Act.EXTEND): S.EXTENDED,
        # Asked late, a question does not stop the clock: the extension must still be told inside the first month.
        (S.IDENTITY_CHECK, Act.EXTEND): S.IDENTITY_CHECK,
        (S.CLARIFICATION, Act.EXTEND): S.CLARIFICATION,
        (S.IDENTITY_CHECK, Act.ASK_IDENTITY): S.IDENTITY_CHECK,
        (S.IDENTITY_CHECK, Act.IDENTIFY): S.RUNNING,
        (S.IDENTITY_CHECK, Act.REFUSE): S.REFUSED,
        (S.IDENTITY_CHECK, Act.WITHDRAW): S.WITHDRAWN,
        (S.CLARIFICATION, Act.CLARIFY): S.RUNNING,
        (S.CLARIFICATION, Act.IDENTIFY): S.CLARIFICATION,
        (S.CLARIFICATION, Act.REFUSE): S.REFUSED,
        (S.CLARIFICATION, Act.WITHDRAW): S.WITHDRAWN,
        (S.EXECUTING, Act.ANSWER): S.DONE,
        (S.DELETED, Act.FIND_RESIDUE): S.RESIDUE_FOUND,
        (S.DELETED, Act.FIND_NOTHING): S.ERASED,
        (S.RESIDUE_FOUND, Act.FIND_RESIDUE): S.RESIDUE_FOUND,
        (S.RESIDUE_FOUND, Act.FIND_NOTHING): S.ERASED,
    }
)
OPEN = frozenset(state for state, _act in TABLE)
"""Whoever asked still waits for something."""
CLOSED = frozenset(RequestState) - OPEN
VERIFYING = frozenset({S.DELETED, S.RESIDUE_FOUND})
UNANSWERED = OPEN - VERIFYING
"""The person has no answer yet: what can be overdue. Of a person who is deleted nobody can be told any more."""


class StepImpossible(TrothError):
    """What was asked does not fit where the request is."""


def next_state(state: str, act: Act, *, is_extended: bool = False) -> RequestState:
    """Where an act leads; whatever runs again after a question stays extended if it was. Raises StepImpossible, saying what is possible."""
    after = TABLE.get((RequestState(state), act))
    if after is None:
        raise StepImpossible(f"A request that is {_say(state)} cannot be moved by “{_say(act)}”: {_say_possible(state)}.")
    return S.EXTENDED if after == S.RUNNING and is_extended else after


def check_refusable(right: str) -> None:
    """Raises StepImpossible for a withdrawal of consent: it counts at any time, as easily as the consent was given (Art. 7(3))."""
    if right == RequestType.CONSENT_WITHDRAWAL:
        raise StepImpossible("A withdrawal of consent is not refused, put off or charged for (Art. 7(3)): carry it out.")


def possible_acts(state: str, right: str, *, is_known: bool = False, is_extended: bool = False) -> list[Act]:
    """What members can do with a request in a state; what Troth does by itself, or who is not on file needs, is left out. An erasure is carried out by deleting.

    `is_known`: it is known well enough who asks, so nobody is asked who they are; `is_extended`: the term was extended, which it is once.
    """
    needed = {Act.CARRY_OUT: Act.DELETE} if right == RequestType.ERASURE else {}
    own = {
        Act.DELETE,
        Act.FIND_RESIDUE,
        Act.FIND_NOTHING,
        Act.LOOK,
        Act.FIND_NOBODY,
        *({Act.ASK_IDENTITY} if is_known else ()),
        *({Act.EXTEND} if is_extended else ()),
        *({Act.EXTEND, Act.REFUSE} if right == RequestType.CONSENT_WITHDRAWAL else ()),
    }
    return [act for act in Act if act not in own and (state, needed.get(act, act)) in TABLE]


def _say(word: str) -> str:
    return str(word).replace("_", " ")


def _say_possible(state: str) -> str:
    acts = [_say(act) for act in Act if (state, act) in TABLE]
    return f"possible is {', '.join(acts)}" if acts else "it is closed"
