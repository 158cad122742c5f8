"""“Nothing is moving because …” (row D18): facts about the queue, the ways and the senders, turned into sentences that say what keeps mail from going.

`explain` is a pure function of facts; `stuck_facts.py` reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from troth.kernel.clock import MINUTE
from troth.messages.controls import CANCELLED, INSTALLATION, WHOLE, Control
from troth.messages.lane_settings import LaneRow
from troth.messages.lanes import NO_PACE

SLOW = 5 * MINUTE
"""What is due for longer is not moving, or too slowly."""
_WHY = {
    "by_hand": "somebody stopped it",
    "contested": "its instruction is contested",
    "moved": "this database was restored or copied here, and nobody has confirmed that it is the one that sends",
    "complaints": "too many people call its mail spam",
    "bounces": "too many of its addresses do not exist",
    CANCELLED: "it was cancelled",
}


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about the sending of one workspace at a moment."""

    now: int
    workspace_id: int
    send_mode: str = "live"
    has_tester: bool = True
    due: int = 0
    """Messages queued whose moment has come; counted up to a bound, as all numbers here."""
    later: int = 0
    """Messages queued for a later moment."""
    undecided: int = 0
    """Messages that wait for the better variant of their newsletter."""
    sending: int = 0
    held: int = 0
    oldest_due: int | None = None
    next_due: int | None = None
    """The earliest later moment."""
    put_off: Mapping[str, int] = msgspec.field(default_factory=dict)
    """Of the earliest that are queued: for which reason they were put off, and how many."""
    controls: Sequence[Control] = ()
    lanes: Sequence[LaneRow] = ()
    senders_alive: int = 0
    senders_dead: int = 0
    sent_lately: int = 0
    """Messages that went in the last minute."""
    is_locked: bool = False
    """Whether somebody holds the database's lock for writing."""


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """One reason, with its remedy, and the moment at which it ends by itself if it does."""

    code: str
    says: str
    remedy: str = ""
    until: int | None = None
    stops: bool = True
    """Whether it keeps mail from going; else it only tells how things stand."""


def explain(facts: Facts) -> list[Sentence]:
    """Why mail does not move, the strongest reason first; where nothing stops it, how it goes on."""
    found = [*_stops(facts), *_mode(facts), *_senders(facts), *_lock(facts), *_lanes(facts)]
    return [*found, *_state(facts, is_stopped=any(sentence.stops for sentence in found))]


def next_wake(facts: Facts, sentences: Sequence[Sentence]) -> int | None:
    """When something changes by itself; None when nothing will."""
    moments = [sentence.until for sentence in sentences if sentence.until and sentence.until > facts.now]
    moments += [facts.next_due] if facts.next_due and facts.next_due > facts.now else []
    return min(moments, default=None)


def _stops(facts: Facts) -> Iterator[Sentence]:
    for control in sorted(facts.controls, key=lambda one: (one.workspace_id != INSTALLATION, one.source)):
        if control.stopped_at is None or control.workspace_id not in (INSTALLATION, facts.workspace_id):
            continue
        scope = (
            "The whole installation"
            if control.workspace_id == INSTALLATION
            else f"“{control.source}”"
            if control.source
            else "This workspace"
        )
        what = " sends no marketing" if control.marketing_only else " sends nothing"
        why = _WHY.get(control.why, control.why)
        yield Sentence(
            code=f"stopped:{control.why}",
            says=f"{scope}{what}: {why}{f' ({control.note})' if control.note else ''}; stopped by {control.by}.",
            remedy=_remedy(control),
            stops=control.source == WHOLE and not control.marketing_only,
        )


def _remedy(control: Control) -> str:
    if control.why == "moved":
        return "If no other server works on this queue, confirm it: `troth sending confirm`."
    if control.why == CANCELLED:
        return ""
    if control.by == "governor":
        return "Find out whom it was sent to and why they complain or do not exist; then let it go, and the governor counts from there."
    return "Let it go when it may go on."


def _mode(facts: Facts) -> Iterator[Sentence]:
    if facts.send_mode == "off":
        yield Sentence(code="sending_off", says="Sending is off in this workspace.", remedy="Switch it on in the settings, under Sending.")
    elif facts.send_mode == "test" and not facts.has_tester:
        yield Sentence(
            code="no_tester",
            says="The workspace is in test mode without an address to send to.",
            remedy="Give it an address in the settings, under Sending.",
        )


def _senders(facts: Facts) -> Iterator[Sentence]:
    if not facts.senders_alive:
        yield Sentence(
            code="no_sender",
            says="No sender runs on this data directory.",
            remedy="Start `troth serve`, or `troth serve --role sender`; if senders run on another machine, look there.",
        )
    if facts.senders_dead and facts.sending:
        yield Sentence(
            code="sender_died",
            says="A sender died and left messages behind; what was on its way is settled as unknown, the rest is queued again.",
            stops=False,
        )


def _lock(facts: Facts) -> Iterator[Sentence]:
    if facts.is_locked:
        yield Sentence(
            code="locked",
            says="Somebody holds the database's lock for writing, and everything else waits.",
            remedy="Look for an import, a backup or a forgotten transaction.",
        )


def _lanes(facts: Facts) -> Iterator[Sentence]:
    """Only lanes that somebody waits for, or that are in trouble."""
    for way, mailbox, pace, lane, breaker in facts.lanes:
        whom = f"Mail to {mailbox} by {way}" if mailbox else f"Mail by {way}"
        if not breaker.is_closed:
            until = max(breaker.open_until, facts.now)
            says = f"{whom} waits: it could not be reached {breaker.failures} times in a row. One message tries it again, and the others follow it."
            yield Sentence(code="breaker_open", says=says, remedy="Check the mail server and its settings.", until=until)
        if lane.paused_until > facts.now:
            says = f"{whom} rests after {lane.refusals} temporary refusals in a row (4xx)."
            yield Sentence(code="refused_for_now", says=says, until=lane.paused_until, stops=not mailbox)
        if pace == NO_PACE:
            continue
        waiting = facts.put_off.get(f"paced:{mailbox or way}", 0)
        ceiling = pace.ceiling(facts.now)
        if ceiling and lane.day == facts.now // 86_400_000 and lane.today >= ceiling:
            until = (facts.now // 86_400_000 + 1) * 86_400_000
            yield Sentence(code="ceiling", says=f"{whom} has reached its {ceiling:,} messages of today.", until=until, stops=not mailbox)
        elif waiting and pace.per_second:
            yield Sentence(code="paced", says=f"{whom} goes at {pace.per_second:g} a second, as it was set.", stops=False)


def _state(facts: Facts, *, is_stopped: bool) -> Iterator[Sentence]:
    waiting = facts.due + facts.later + facts.undecided + facts.sending + facts.held
    if not waiting:
        yield Sentence(code="nothing_waits", says="Nothing waits to be sent.", stops=False)
        return
    late = facts.now - facts.oldest_due if facts.oldest_due is not None else 0
    if facts.due and not is_stopped:
        if late > SLOW and not facts.sent_lately:
            says = f"{facts.due:,} messages are due for up to {late // MINUTE} minutes, a sender runs, and nothing has gone in the last minute."
            yield Sentence(code="not_moving", says=says, remedy="Look at the sender's log for `duty_failed`, and at `troth doctor`.")
        elif late > SLOW:
            says = f"{facts.due:,} messages are due for up to {late // MINUTE} minutes: they come in faster than they go out."
            yield Sentence(
                code="too_slow", says=says, remedy="Start more senders (`--senders`), or ask your provider for a higher rate.", stops=False
            )
        else:
            yield Sentence(
                code="moving", says=f"Mail is going out: {facts.sent_lately:,} in the last minute, {facts.due:,} are due.", stops=False
            )
    if facts.held:
        yield Sentence(code="held", says=f"{facts.held:,} messages are held, and go when what holds them ends.", stops=False)
    if facts.later and facts.next_due is not None:
        says = f"{facts.later:,} messages wait for their moment; the next comes at the time told here."
        yield Sentence(code="later", says=says, until=facts.next_due, stops=False)
    if facts.undecided:
        says = f"{facts.undecided:,} messages wait until the better variant of their newsletter is known."
        yield Sentence(code="undecided", says=says, stops=False)
