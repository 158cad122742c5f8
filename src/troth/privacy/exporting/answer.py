"""What an answer to a request for access tells beside the data itself (Art. 15(1), (2) GDPR).

That is: who is answerable, for what purposes, how long each kind of data is kept, which safeguards cover transfers, which decisions were taken
about the person and why, and the person's rights. The recipients by name, with times, are a section of the data like any other (`disclosures`). Why something was decided about a person is known
above: packages that decide register how they tell it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from troth.consent.catalog import load_catalog
from troth.consent.models import Purpose
from troth.consent.purpose_names import translate_name
from troth.kernel.clock import iso
from troth.kernel.personal_data import Subject
from troth.kernel.speech import ENGLISH, Speech
from troth.kernel.spoken_durations import say_duration_in
from troth.people.lookup import load_person
from troth.privacy.disclosures.reading import find_recipients_of
from troth.privacy.inventory.reading import read_inventory
from troth.privacy.models import RetentionRule
from troth.privacy.record.companies import find_companies
from troth.privacy.record.parties import read_parties
from troth.privacy.retention.rules import reaches
from troth.segments.evaluate import Explained
from troth.segments.looking import explain_membership
from troth.segments.membership import segments_of
from troth.segments.registry import get_segment
from troth.workspaces.models import Workspace

NO_END = "as long as the person is known"
OUTSIDE = ("", "none_needed")
"""Transfer tools that say that data stays in the EEA, or nothing at all."""
TOOLS = {
    "adequacy": "a decision of the Commission that protection there is adequate (Art. 45)",
    "scc_1": "standard contractual clauses, decision (EU) 2021/914, module 1 (Art. 46(2)(c))",
    "scc_2": "standard contractual clauses, decision (EU) 2021/914, module 2 (Art. 46(2)(c))",
    "scc_3": "standard contractual clauses, decision (EU) 2021/914, module 3 (Art. 46(2)(c))",
    "scc_4": "standard contractual clauses, decision (EU) 2021/914, module 4 (Art. 46(2)(c))",
    "bcr": "binding corporate rules (Art. 47)",
    "derogation": "a derogation for the specific situation (Art. 49)",
}
RIGHTS = (
    "rectification (Art. 16)",
    "erasure (Art. 17)",
    "restriction of processing (Art. 18)",
    "portability (Art. 20)",
    "objection (Art. 21)",
    "withdrawal of any consent at any time (Art. 7(3))",
    "complaint to a supervisory authority (Art. 77)",
    "judicial remedy (Art. 79)",
)

GROUPS = {"all": "all of ({conditions})", "any": "at least one of ({conditions})", "not": "it must not be that ({conditions})"}
"""How conditions within others hang together."""
Decision = dict[str, Any]
"""`{about, at, decided, because: [...]}`, in words; nothing about other persons."""
_tellers: list[Callable[[Subject, int, Speech], Iterator[Decision]]] = []


def register_decisions(tell: Callable[[Subject, int, Speech], Iterator[Decision]]) -> None:
    """Have a package above tell what was decided about a person, and why, in words of a language; the latest first, and not without end."""
    _tellers.append(tell)


def read_answer(subject: Subject, now: int, say: Speech = ENGLISH) -> dict[str, Any]:
    """All of it, as plain values in words of a language. Raises PersonNotFound."""
    return {
        "controller": _controller(subject.workspace_id),
        "purposes": list(_purposes(subject.workspace_id, now, say)),
        "retention": list(_retention(subject, say)),
        "transfers": list(_transfers(subject, say)),
        "decisions": [*_segments(subject, now, say), *(decision for tell in _tellers for decision in tell(subject, now, say))],
        "automated_decisions": list(_automated(subject.workspace_id, say)),
        "rights": [say(right) for right in RIGHTS],
    }


def _controller(workspace_id: int) -> dict[str, Any]:
    parties, workspace = read_parties(workspace_id), Workspace.objects.get(pk=workspace_id)
    told = {
        "name": parties.name or workspace.name,
        "address": parties.address,
        "contact": parties.contact or workspace.privacy_contact,
        "data_protection_officer": parties.dpo,
        "representative": parties.representative,
        "joint_controllers": parties.joint_controllers,
    }
    return {name: value for name, value in told.items() if value}


def _purposes(workspace_id: int, now: int, say: Speech) -> Iterator[dict[str, Any]]:
    load_catalog(workspace_id)  # a new workspace gets its purposes when they are first read
    purposes = list(Purpose.objects.filter(workspace_id=workspace_id, archived=False).order_by("name"))
    companies = find_companies(workspace_id, [purpose.key for purpose in purposes], now)
    for purpose in purposes:
        yield {
            "name": translate_name(purpose.key, purpose.name, say.language),
            "key": purpose.key,
            "what_is_done": purpose.description.get(say.language) or purpose.description.get("en") or "",
            "legal_basis": purpose.legal_basis,
            "recipients": list(dict.fromkeys([*purpose.recipients, *(own.name for own in companies[purpose.key])])),
            "transfers": purpose.transfers,
            "retention": purpose.retention or say(NO_END),
        }


def _retention(subject: Subject, say: Speech) -> Iterator[dict[str, Any]]:
    """How long each attribute, and each kind of event, of the person is kept: by its purpose, and by the schedules that reach it."""
    person = load_person(subject)
    rules = list(RetentionRule.objects.filter(workspace_id=subject.workspace_id, is_active=True))
    for item in read_inventory(subject.workspace_id, with_uses=False):
        if item.kind == "property" or (item.kind == "attribute" and item.top not in person.attributes):
            continue
        source, at = person.origins.get(item.top, ("", 0)) if item.kind == "attribute" else ("", 0)
        yield {
            "kind": item.kind,
            "name": item.name or item.event,
            "purpose": item.purpose,
            "source": source or None,
            "since": iso(at) if at else None,
            "retention": item.retention or say(NO_END),
            "schedules": [
                say(
                    "{title}: {period} from {trigger}",
                    title=rule.title,
                    period=say_duration_in(rule.period, say.language),
                    trigger=say.named(rule.trigger),
                )
                for rule in rules
                if reaches(rule, item)
            ],
        }


def _transfers(subject: Subject, say: Speech) -> Iterator[dict[str, Any]]:
    """The safeguards of transfers to third countries (Art. 15(2), 46): of each processor that got data of the person."""
    for recipient in find_recipients_of([subject]):
        own = recipient.processor
        if own is not None and own.transfer_tool not in OUTSIDE:
            yield {
                "recipient": own.name,
                "location": own.location or None,
                "safeguard": say(TOOLS[own.transfer_tool]),
                "assessment": own.tia or None,
                "agreement": own.dpa or None,
            }


def _segments(subject: Subject, now: int, say: Speech) -> Iterator[Decision]:
    """The segments that the person is in: what they are, or did, that put them there."""
    for segment_id, since in segments_of(subject.workspace_id, subject.person_id):
        segment = get_segment(subject.workspace_id, segment_id)
        why = explain_membership(segment, subject, now, say)
        yield {
            "about": say("the segment “{name}”", name=segment.name),
            "at": iso(since),
            "decided": say("you are in it"),
            "because": list(_reasons(why.tree, say)),
        }


def _reasons(tree: Explained, say: Speech) -> Iterator[str]:
    """Conditions that all have to hold, one by one."""
    if tree.says == "all":
        for part in tree.parts:
            yield from _reasons(part, say)
    else:
        yield _reason(tree, say)


def _reason(tree: Explained, say: Speech) -> str:
    within = "; ".join(_reason(part, say) for part in tree.parts)
    if tree.says in GROUPS:
        return say(GROUPS[tree.says], conditions=within)
    evidence = f" ({', '.join(tree.evidence)})" if tree.evidence else ""
    return f"{tree.says}{evidence}: {say('yes' if tree.holds else 'no')}{f' [{within}]' if within else ''}"


def _automated(workspace_id: int, say: Speech) -> Iterator[dict[str, Any]]:
    """Purposes that declare decisions by machine with effect, and the logic involved (Art. 15(1)(h), 22)."""
    for purpose in Purpose.objects.filter(workspace_id=workspace_id, archived=False).exclude(automated_decision="").order_by("name"):
        yield {
            "purpose": translate_name(purpose.key, purpose.name, say.language),
            "logic": purpose.automated_decision,
            "review": say("by a person, on request (Art. 22(3))"),
        }
