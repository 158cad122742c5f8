"""What the preference page asks and what a person chose there, as decisions. Plain functions; no HTTP."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from troth.consent.catalog import Catalog, PurposeRule, TopicRule, load_catalog
from troth.consent.gate import OBJECTABLE
from troth.consent.models import EVERYTHING, LegalBasis, Record, Stance, Standing
from troth.consent.purpose_names import name_in
from troth.consent.wishes import CHANNELS, PACES, channel_key, topic_key
from troth.intake.commands import Decision
from troth.kernel.personal_data import Subject
from troth.messages.configured import list_media
from troth.pages.decisions import Said, decide
from troth.pages.preference_words import VERSION, WORDS, explain, notice_of
from troth.pages.receipt_links import ReceiptLink, seal_link
from troth.pages.sender import sender_of

PREFERENCES = "preference_page"
GPC = "gpc"
"""The method of an objection that the browser expressed by `Sec-GPC: 1` (Art. 21(5))."""


@dataclass(frozen=True)
class Choice:
    """A box of the page: a purpose to agree or object to, or a topic."""

    key: str
    name: str
    explanation: str
    chosen: bool
    """Agreed to, objected to, or wanted."""
    receipt: str = ""
    """The token of the receipt of the standing decision; empty: there is none."""
    topics: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class Asked:
    """All that the page asks one person, and where they stand."""

    consents: list[Choice]
    objections: list[Choice]
    pace: str
    """The key of the pace that they want; empty: as it comes."""
    has_pace: bool
    restricted: bool
    channels: list[Choice]
    """By what marketing may come; empty where there is only one way."""
    sharing: tuple[str, ...]
    """The names of the purposes that Global Privacy Control objects to."""


@dataclass(frozen=True)
class Posted:
    """What came with the form. `seen` are the keys that the page had; None: only the consents' boxes, as in forms made by hand."""

    purposes: Collection[str] = ()
    objections: Collection[str] = ()
    topics: Collection[str] = ()
    channels: Collection[str] = ()
    pace: str = ""
    seen: Collection[str] | None = None
    gpc: bool = False


@dataclass(frozen=True)
class _Stood:
    """Where a person stands, by key."""

    standing: Mapping[str, int] = field(default_factory=dict)
    receipts: Mapping[str, str] = field(default_factory=dict)

    def granted(self, key: str) -> bool:
        return self.standing.get(key) == Standing.GRANTED

    def refused(self, key: str) -> bool:
        return self.standing.get(key) == Standing.REFUSED


def list_asked(workspace_id: int, subject: Subject | None, language: str) -> Asked:
    """What the page shows, in a language of `preference_words`; without a subject, as nobody who ever decided anything would see it."""
    catalog, stood = load_catalog(workspace_id), _load(subject)
    rules = list(_asked_rules(catalog))
    return Asked(
        consents=[_choice(catalog, rule, stood, language) for rule in rules if rule.basis == LegalBasis.CONSENT],
        objections=[_choice(catalog, rule, stood, language) for rule in rules if rule.basis != LegalBasis.CONSENT],
        pace=next((key for key in reversed(PACES) if stood.refused(key)), ""),
        has_pace=any(rule.is_marketing for rule in rules),
        channels=_channels(workspace_id, stood, language) if any(rule.is_marketing for rule in rules) else [],
        restricted=stood.refused(EVERYTHING),
        sharing=tuple(name_in(catalog.purposes[key], language) for key in catalog.sharing),
    )


def save_choices(subject: Subject, posted: Posted, *, language: str, now: int) -> int:
    """Record what changed: a tick grants or objects, an empty box takes back. Returns the number of decisions recorded."""
    catalog, stood = load_catalog(subject.workspace_id), _load(subject)
    proof = _Proof(language, str(sender_of(subject.workspace_id)))
    said = [
        *_say_consents(catalog, stood, posted, proof),
        *_say_objections(catalog, stood, posted, proof),
        *_say_topics(catalog, stood, posted, proof),
        *_say_channels(stood, posted, proof),
        *_say_pace(stood, posted, proof),
    ]
    decide(subject, said, method=PREFERENCES, now=now)
    told = {key for key, decision, _ in said if decision is Decision.GRANT}
    signal: list[Said] = [
        (key, Decision.OBJECT, {})
        for key in (catalog.sharing if posted.gpc else [])
        if key not in told and not stood.granted(key) and not stood.refused(key)
    ]
    decide(subject, signal, method=GPC, now=now)
    return len(said) + len(signal)


def stop_everything(subject: Subject, *, now: int) -> int:
    """No to all that can be refused: consents are taken back or refused, the rest is objected to (Art. 7(3), 21). Returns the decisions recorded."""
    stood, said = _load(subject), list[Said]()
    for rule in _asked_rules(load_catalog(subject.workspace_id)):
        if not stood.refused(rule.key):
            taken_back = Decision.WITHDRAW if stood.granted(rule.key) else Decision.REFUSE
            said.append((rule.key, taken_back if rule.basis == LegalBasis.CONSENT else Decision.OBJECT, {}))
    decide(subject, said, method=PREFERENCES, now=now)
    return len(said)


def _asked_rules(catalog: Catalog) -> Iterator[PurposeRule]:
    """What a person can say yes or no to, marketing first: it is what most come for."""
    for rule in sorted(catalog.purposes.values(), key=lambda rule: (not rule.is_marketing, rule.name)):
        if rule.basis == LegalBasis.CONSENT or rule.basis in OBJECTABLE or rule.is_marketing:
            yield rule


def _load(subject: Subject | None) -> _Stood:
    if subject is None:
        return _Stood()
    rows = list(Stance.objects.filter(bucket=subject.bucket, person_id=subject.person_id))
    # What a consent proved that ended long ago is gone; where the person stands is known without it.
    proven = Record.objects.filter(bucket=subject.bucket, person_id=subject.person_id, record_id__in=[row.record_id for row in rows])
    held = set(proven.values_list("record_id", flat=True))
    links = {
        row.purpose: seal_link(ReceiptLink(subject.workspace_id, subject.person_id, row.record_id)) for row in rows if row.record_id in held
    }
    return _Stood({row.purpose: row.standing for row in rows}, links)


def _choice(catalog: Catalog, rule: PurposeRule, stood: _Stood, language: str) -> Choice:
    topics = [
        Choice(topic.key, topic.name_in(language), "", chosen=not stood.refused(topic_key(topic.key)))
        for topic in _topics_of(catalog, rule)
    ]
    chosen = stood.granted(rule.key) if rule.basis == LegalBasis.CONSENT else stood.refused(rule.key)
    return Choice(
        key=rule.key,
        name=name_in(rule, language),
        explanation=explain(rule, language),
        chosen=chosen,
        receipt=stood.receipts.get(rule.key, ""),
        topics=tuple(topics),
    )


def _topics_of(catalog: Catalog, rule: PurposeRule) -> Iterator[TopicRule]:
    yield from (topic for topic in catalog.topics.values() if topic.purpose == rule.key and not topic.archived)


@dataclass(frozen=True)
class _Proof:
    """What was shown, word for word, and how the box stood before (Art. 7(1))."""

    language: str
    sender: str

    def of(self, *parts: str, control: str = "checkbox") -> dict[str, Any]:
        return {
            "notice": notice_of(self.language, self.sender, *parts),
            "notice_version": VERSION,
            "language": self.language,
            "surface_language": self.language,
            "default_state": "unchecked",
            "control_kind": control,
            "page": "/p/",
        }


def _say_consents(catalog: Catalog, stood: _Stood, posted: Posted, proof: _Proof) -> Iterator[Said]:
    for rule in _asked_rules(catalog):
        if rule.basis != LegalBasis.CONSENT or (posted.seen is not None and rule.key not in posted.seen):
            continue
        if rule.key in posted.purposes and not stood.granted(rule.key):
            words = WORDS[proof.language]["agree"]
            shown = proof.of(name_in(rule, proof.language), explain(rule, proof.language), words)
            yield rule.key, Decision.GRANT, {**shown, "control_label": words, "purposes": [rule.key]}
        elif rule.key not in posted.purposes and stood.granted(rule.key):
            yield rule.key, Decision.WITHDRAW, {"notice_version": VERSION}


def _say_objections(catalog: Catalog, stood: _Stood, posted: Posted, proof: _Proof) -> Iterator[Said]:
    for rule in _asked_rules(catalog):
        if rule.basis == LegalBasis.CONSENT or rule.key not in (posted.seen or ()):
            continue
        if rule.key in posted.objections and not stood.refused(rule.key):
            yield rule.key, Decision.OBJECT, {"notice_version": VERSION}
        elif rule.key not in posted.objections and stood.refused(rule.key):
            shown = proof.of(name_in(rule, proof.language), explain(rule, proof.language), WORDS[proof.language]["not_objected"])
            yield rule.key, Decision.GRANT, shown


def _say_topics(catalog: Catalog, stood: _Stood, posted: Posted, proof: _Proof) -> Iterator[Said]:
    for topic in catalog.topics.values():
        key = topic_key(topic.key)
        if topic.archived or key not in (posted.seen or ()):
            continue
        if topic.key in posted.topics and stood.refused(key):
            purpose = catalog.rule(topic.purpose)
            within = name_in(purpose, proof.language) if purpose else ""
            yield key, Decision.GRANT, proof.of(within, WORDS[proof.language]["topics"], topic.name_in(proof.language))
        elif topic.key not in posted.topics and not stood.refused(key):
            yield key, Decision.OBJECT, {"notice_version": VERSION}


def _channels(workspace_id: int, stood: _Stood, language: str) -> list[Choice]:
    """The ways that the workspace has, where it has more than one: what never comes need not be refused."""
    keys = [channel_key(medium) for medium in list_media(workspace_id)]
    return [Choice(key, WORDS[language][key], "", chosen=not stood.refused(key)) for key in keys] if len(keys) > 1 else []


def _say_channels(stood: _Stood, posted: Posted, proof: _Proof) -> Iterator[Said]:
    for key in CHANNELS:
        if key not in (posted.seen or ()):
            continue
        if key in posted.channels and stood.refused(key):
            words = WORDS[proof.language]
            yield key, Decision.GRANT, proof.of(words["channels"], words[key])
        elif key not in posted.channels and not stood.refused(key):
            yield key, Decision.OBJECT, {"notice_version": VERSION}


def _say_pace(stood: _Stood, posted: Posted, proof: _Proof) -> Iterator[Said]:
    for key in PACES:
        if "pace" not in (posted.seen or ()):
            return
        if key == posted.pace and not stood.refused(key):
            yield key, Decision.OBJECT, {"notice_version": VERSION}
        elif key != posted.pace and stood.refused(key):
            words = WORDS[proof.language]
            yield key, Decision.GRANT, proof.of(words["pace"], words.get(posted.pace, words["pace_any"]), control="radio")
