"""The rights, and the history of a request, in words: what was done, by which door, and what there is to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from troth.console.showing import put_in_words, put_plainly
from troth.privacy.models import RequestStep, RequestType

STEPS: Mapping[str, Promise] = {
    "open": later("The request came"),
    "note": later("Note"),
    "code": later("A code was mailed"),
    "identify": later("It is known who asks"),
    "ask_identity": later("The person was asked who they are"),
    "ask_clarification": later("The person was asked what they mean"),
    "clarify": later("The person said what they mean"),
    "extend": later("Two months more: the person was told"),
    "carry_out": later("Carried out"),
    "delete": later("Deleted"),
    "find_residue": later("The search found something"),
    "find_nothing": later("The search found nothing"),
    "answer": later("The person was answered"),
    "refuse": later("Refused: the person was told"),
    "withdraw": later("The person took it back"),
    "close": later("Honoured at once"),
    "hand_out": later("The data was fetched"),
    "look": later("Looked for again"),
    "find_nobody": later("The person was told that nothing is found"),
    "freeze": later("What the person objects to stands still"),
    "unfreeze": later("What stood still goes on"),
    "ask_fee": later("A fee was asked"),
    "weigh": later("The grounds were weighed"),
    "announce_lifting": later("The person was told that the restriction ends"),
    "lift": later("The restriction was lifted"),
    "forward": later("It was passed on to the controller"),
    "contest": later("The instruction was contested: it waits for the controller"),
    "contest_settled": later("The controller spoke on the contested instruction"),
    "hold_ended": later("What a legal hold kept was erased"),
    "callback": later("The sender could not be told"),
}
DOORS: Mapping[str, Promise] = {
    "api": later("by the API"),
    "cli": later("at the command line"),
    "console": later("in the console"),
    "page": later("on “my data”"),
    "opendsr": later("over OpenDSR"),
    "vero": later("by the Vero API"),
    "segment": later("by the Segment API"),
    "worker": later("by Troth itself"),
    "retention": later("by a schedule of retention"),
}
MEANS: Mapping[str, Promise] = {
    "login": later("logged in at your product"),
    "link": later("a link to the address on file"),
    "code": later("a code to the address on file"),
    "two_on_file": later("two things on file"),
    "datum": later("one thing on file"),
    "mandate": later("an agent’s mandate"),
    "asserted": later("your systems know who asked"),
}
STAGES: Mapping[str, Promise] = {
    "new": later("it needs somebody"),
    "week": later("due within a week"),
    "days": later("due within two days"),
    "over": later("the term is over"),
    "waiting": later("the person has not answered for two weeks"),
}
TOLD: Mapping[str, Promise] = {
    "mail": later("by mail"),
    "otherwise": later("by letter, telephone or in person"),
    "page": later("on the page"),
    "opendsr": later("by the signed callback"),
}
CLOCK = {True: later("the clock stands still"), False: later("the clock runs on")}


def name_step(step: RequestStep) -> str:
    """What was done."""
    if step.act == "tell":
        if "stage" not in step.facts:
            return _("The person was told that it came")
        return _("Members were reminded") if step.facts.get("mails") else _("A reminder was due, and no mail could leave")
    return str(STEPS.get(step.act, put_in_words(step.act)))


def name_door(door: str) -> str:
    """By which door."""
    return str(DOORS.get(door, door))


def name_means(means: str) -> str:
    """By what means it is known who asks."""
    return str(MEANS.get(means, put_in_words(means)))


def list_facts(step: RequestStep) -> list[str]:
    """What there is to know of it, each in a few words."""
    return [said for name, value in step.facts.items() if (said := _say_fact(name, value))]


def _say_fact(name: str, value: Any) -> str:
    if name == "stage":
        return str(STAGES.get(value, value))
    if name == "told" and isinstance(value, str):
        return str(TOLD.get(value, value))
    if name == "means":
        return name_means(value)
    if name == "stops_clock":
        return str(CLOCK[bool(value)])
    if name == "mails" and not value:
        return ""
    if name == "mails":
        return _("%(number)d mails") % {"number": value} if value != 1 else _("1 mail")
    if name == "kind":
        return ""
    return f"{put_in_words(name)}: {put_plainly(value)}"


def name_rights() -> list[tuple[str, str]]:
    """Every right and how it is called, to choose one."""
    return [(right.value, name_right(right)) for right in RequestType]


def name_right(right: str) -> str:
    """As the heading of a request calls it."""
    return capfirst(put_in_words(right))
