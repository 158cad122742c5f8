"""The vocabulary of the one door: whatever the wire format, a write of personal data becomes one of these.

A wire format turns bytes into commands; `troth.intake.apply` turns commands into rows. Times are integer milliseconds since
the epoch, UTC. Commands are values: frozen, compared by content, and free of any knowledge of HTTP.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from troth.consent.evidence import Finding


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A push token; `platform` is `ios`, `android` or `web`."""

    token: str
    platform: str


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who a command is about; at least one field is given. The values are as received: normalising is the door's work.

    `person_id`, Troth's own id, decides alone and never creates anybody; what else is given then is what the person has from now on.
    """

    person_id: int | None = None
    external_id: str | None = None
    anonymous_id: str | None = None
    email: str | None = None
    phone: str | None = None
    devices: tuple[Device, ...] = ()


class Decision(StrEnum):
    """What a person can say to a purpose."""

    GRANT = "grant"
    SOFT_OPT_IN = "soft_opt_in"
    """Said by the controller: a customer who could object and did not (Directive 2002/58/EC, Art. 13(2))."""
    WITHDRAW = "withdraw"
    REFUSE = "refuse"
    """Asked, the person said no."""
    DEFER = "defer"
    """Asked, the person closed the question: recorded, so that it is not asked again at once."""
    OBJECT = "object"
    """Art. 21: as a withdrawal, said as an objection; to direct marketing (no purpose named) it ends profiling for it too."""


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What every command carries: the tenant, the person, where it came from, and when it reached us."""

    workspace_id: int
    identity: Identity
    source: str
    """The door: `vero`, `segment`, `api`, `cli`, `page`, `import`, `demo`."""
    received_at: int
    gpc: bool = False
    """It came from a browser that objects to data being sold or shared (W3C, Global Privacy Control: `Sec-GPC: 1`)."""


class Identify(Command, frozen=True, kw_only=True):
    """Create or update a person. Attributes merge, the newest wins, `None` removes (Art. 16)."""

    attributes: dict[str, Any] = {}
    create: bool = True
    """False: an unknown person is left unknown (Vero `users/edit`)."""
    remove_identifiers: Identity | None = None
    """Identifiers that are the person's no more, of any kind (Art. 16); what they do not have is passed over."""
    rectifies: bool = False
    """A correction of what is held (Art. 16), made by a member or through the control API. It alone reaches somebody who is restricted, for wrong data
    may be why they are (Art. 18(1)(a)); what tracking says of them is dropped until the restriction is lifted."""


class Track(Command, frozen=True, kw_only=True):
    """Record an event, creating the person if need be."""

    name: str
    """As received; the door folds it (see `fold_event_name`)."""
    ts: int
    """When it happened."""
    properties: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    """Facts about the person that came along, merged as by `Identify`."""
    dedupe: str | bytes | None = None
    """Two events of one workspace with equal keys inside `dedupe_ms` are one event; None never repeats."""
    dedupe_ms: int = 0


class EditTags(Command, frozen=True, kw_only=True):
    """Add and remove tags of a person; creates nobody."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class Alias(Command, frozen=True, kw_only=True):
    """`previous` is the same person as `identity`: re-identify, or merge two known persons. A refusal beats a grant."""

    previous: Identity


CLAIMS = frozenset({Decision.GRANT, Decision.SOFT_OPT_IN})
"""What permits something, and so has to be proven."""
REFUSALS = frozenset({Decision.WITHDRAW, Decision.REFUSE, Decision.OBJECT})


class Decide(Command, frozen=True, kw_only=True):
    """A person's decision on a purpose, or on all marketing purposes (`purpose` None: global unsubscribe, objection to direct marketing)."""

    decision: Decision
    purpose: str | None = None
    method: str = "api"
    """How it was expressed: `api`, `unsubscribe_link`, `one_click`, `preference_page`, `console`, `cli`; or `context`: said along with
    every event, so that only a change is a decision."""
    evidence: dict[str, Any] = {}
    """What proves a grant (`consent.evidence`): the linter judges it. A claim that lacks something is recorded and permits nothing; one that shows a fault is
    refused."""


class Restrict(Command, frozen=True, kw_only=True):
    """Restrict the processing of a person (Art. 18), or lift the restriction; creates nobody.

    While it stands their data is kept and nothing else is done with it: what doors bring about them is dropped and counted, nothing is sent, handed
    over or computed. Their rights stay: decisions, export, erasure, correction (`Identify.rectifies`). Identities still join: the restriction follows.
    """

    purposes: tuple[str, ...] = ()
    """Only what is done for these, while an objection is weighed (Art. 18(1)(d)); empty: everything."""
    lift: bool = False
    """Whoever lifts must have told the person before (Art. 18(3))."""
    reason: str = ""
    """Why: free text, kept with the record and erased with the person."""
    method: str = "api"
    evidence: dict[str, Any] = {}


class Delete(Command, frozen=True, kw_only=True):
    """Erase the person (Art. 17). `confirmed` False, a key that browsers can see: only a request is opened."""

    confirmed: bool = True


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the door made of a command. `status` is one of `OUTCOMES`; `person_id` is 0 when there is none."""

    status: str
    person_id: int = 0
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    """What the linter found wrong with a claim of consent."""


ACCEPTED = "accepted"
DUPLICATE = "duplicate"
DROPPED = "dropped"  # suppressed or against a standing decision; callers are told the same as for accepted
UNKNOWN_PERSON = "unknown_person"
VOID_CLAIM = "void_claim"  # a consent that shows a fault: nothing of it is recorded but its number
OUTCOMES = (ACCEPTED, DUPLICATE, DROPPED, UNKNOWN_PERSON, VOID_CLAIM)
