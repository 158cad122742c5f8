"""From occasions to messages: what the person had of the campaign before, what the gate says, and a message, queued or skipped with its reasons.

Choosing whom to mail by what they did is profiling: a marketing campaign needs the person's consent to that, and to its own purpose. A campaign
of a purpose without consent (a receipt under the contract) needs neither. Both need what the data in the mail was collected for (decision 006).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from troth.campaigns.entry import Earlier, Occasion, find_due, find_entry, judge_occasion
from troth.campaigns.purpose_checking import context_of_reads
from troth.campaigns.versions import Rule
from troth.consent.catalog import PROFILING, load_catalog
from troth.consent.decisions import FactsKey, load_all_facts
from troth.consent.gate import Facts, Operation, Verdict, decide
from troth.content.models import Template
from troth.kernel.ids import bucket_of
from troth.kernel.personal_data import Subject
from troth.kernel.sql import PERSON_KEY, select_by_keys
from troth.messages.decisions import Decision
from troth.messages.enqueue import NewMessage, enqueue
from troth.messages.needs import Asked, ask_for

KIND = "campaign"


class Match(NamedTuple):
    """Something that happened, and a campaign that waits for such."""

    rule: Rule
    occasion: Occasion


def source_of(campaign_id: int) -> str:
    """What the messages of a campaign name as their source."""
    return f"{KIND}:{campaign_id}"


def enter(matches: Sequence[Match], now: int) -> int:
    """Make the messages that follow, in the caller's transaction; returns how many are new.

    What does not meet the campaign's own rules leaves no row: what was no occasion for a message need not be kept. What the gate refuses does.
    """
    if not matches:
        return 0
    gate = Gate(matches)
    earlier = load_earlier(match for match in matches if match.rule.rules.reentry.rule != "every")
    messages = []
    for match in matches:
        rule, occasion = match
        before = earlier.setdefault((rule.campaign_id, occasion.person_id), [])
        said = judge_occasion(rule, occasion, before, now)
        if not said[-1].allow:
            continue
        verdicts = gate.ask(match, now)
        message = make_message(match, [*said, *verdicts], now, is_marketing=gate.is_marketing(match), reads=gate.reads_of(match))
        if all(verdict.allow for verdict in verdicts):
            before.append(Earlier(now, message.entry))
        messages.append(message)
    return enqueue(messages, now)


def make_message(match: Match, decisions: list[Verdict | Decision], now: int, *, is_marketing: bool, reads: dict[str, Any]) -> NewMessage:
    """The message that follows from a match; `reads` goes into its context, see `context_of_reads`."""
    rule, occasion = match
    due_at, expires_at = find_due(rule, occasion, now)
    return NewMessage(
        subject=Subject(occasion.workspace_id, occasion.person_id),
        source=source_of(rule.campaign_id),
        occurrence=occasion.occurrence,
        channel=rule.rules.medium,
        purpose=rule.purpose,
        is_marketing=is_marketing,
        template_id=rule.template_id,
        due_at=due_at,
        expires_at=expires_at,
        context={**occasion.context, **reads},
        verdicts=decisions,
        priority=rule.rules.priority,
        entry=find_entry(rule, occasion),
    )


def load_earlier(matches: Iterable[Match]) -> dict[tuple[int, int], list[Earlier]]:
    """What persons had of campaigns, or are about to have, by campaign and person: one read."""
    keys = sorted({(bucket_of(o.person_id), o.person_id, source_of(rule.campaign_id)) for rule, o in matches})
    rows = select_by_keys(
        "SELECT m.person_id, m.source, m.message_id, m.created_at, m.entry",
        "JOIN messages_message m ON m.bucket = k.column1 AND m.person_id = k.column2 AND m.source = k.column3"
        " AND m.state NOT IN ('skipped', 'cancelled', 'failed')",
        keys,
        (*PERSON_KEY, "text"),
    )
    found: dict[tuple[int, int], dict[int, Earlier]] = {}
    for person_id, source, message_id, created_at, entry in rows:
        found.setdefault((int(source.removeprefix(f"{KIND}:")), person_id), {})[message_id] = Earlier(created_at, entry)
    return {key: list(own.values()) for key, own in found.items()}


class Gate:
    """The gate for many matches at once: templates and facts are read once, however many there are."""

    def __init__(self, matches: Sequence[Match], further: Asked | None = None) -> None:
        """`further`: what is asked beside what the published template says, of a draft that has none."""
        rules = {_key_of(match): match.rule for match in matches}
        self._reads = {key: context_of_reads(rule.workspace_id, rule.trigger, rule.rules) for key, rule in rules.items()}
        self._asked = _find_asked(rules, self._reads)
        if further:
            self._asked = {key: _join(asked, further) for key, asked in self._asked.items()}
        self._facts = _load_facts(matches, self._asked)

    def is_marketing(self, match: Match) -> bool:
        """Whether its purpose is marketing; one that is gone counts as such."""
        known = load_catalog(match.occasion.workspace_id).purposes.get(match.rule.purpose)
        return known is None or known.is_marketing

    def reads_of(self, match: Match) -> dict[str, Any]:
        """What choosing the person and the moment read, for the message's context."""
        return self._reads[_key_of(match)]

    def ask(self, match: Match, now: int) -> list[Verdict]:
        """Whether the person may be chosen, and be sent it: the verdicts in order; of what is wanted only the refusals."""
        occasion = match.occasion
        wanted = self._asked[_key_of(match)]
        verdicts: list[Verdict] = []
        for purpose in wanted.purposes:
            operation = Operation.PROFILE if purpose == PROFILING and self.is_marketing(match) else Operation.MESSAGE
            verdicts.append(self._decide(occasion, purpose, operation, now))
        for wish in wanted.wishes:
            said = self._decide(occasion, wish, Operation.MESSAGE, now)
            verdicts += [] if said.allow else [said]
        return verdicts + wanted.refusals(Operation.MESSAGE, now)

    def _decide(self, occasion: Occasion, purpose: str, operation: Operation, now: int) -> Verdict:
        facts = self._facts[occasion.workspace_id, purpose, occasion.person_id]
        return decide(facts, purpose=purpose, operation=operation, at=now)


def _join(asked: Asked, further: Asked) -> Asked:
    return asked._replace(
        purposes=tuple(dict.fromkeys((*asked.purposes, *further.purposes))), wishes=tuple(dict.fromkeys((*asked.wishes, *further.wishes)))
    )


Key = tuple[int, int, int]
"""Workspace, campaign and template."""


def _key_of(match: Match) -> Key:
    return match.occasion.workspace_id, match.rule.campaign_id, match.rule.template_id


def _find_asked(rules: Mapping[Key, Rule], reads: Mapping[Key, dict[str, Any]]) -> dict[Key, Asked]:
    """What each campaign has to be asked for, once for all persons; all templates in one read."""
    templates = Template.objects.in_bulk({rule.template_id for rule in rules.values()})
    found = {}
    for key, rule in rules.items():
        context = {"event": {"name": rule.event}} if rule.event else {}
        context |= reads[key]
        found[key] = ask_for(templates.get(rule.template_id), rule.purpose, context, load_catalog(rule.workspace_id), rule.rules.medium)
    return found


def _load_facts(matches: Sequence[Match], asked: Mapping[Key, Asked]) -> dict[FactsKey, Facts]:
    """Facts for every (workspace, purpose or wish, person) at stake."""
    return load_all_facts(
        (match.occasion.workspace_id, purpose, match.occasion.person_id)
        for match in matches
        for own in [asked[_key_of(match)]]
        for purpose in (*own.purposes, *own.wishes)
    )
