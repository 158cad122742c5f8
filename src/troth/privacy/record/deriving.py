"""The record, derived: per purpose what Art. 30(1) asks for, from what was declared and from what is really stored and handed on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from troth.consent.models import Notice, Purpose
from troth.consent.purposes import list_purposes
from troth.kernel.clock import DAY
from troth.kernel.personal_data import Store, stores
from troth.kernel.spoken_durations import say_duration
from troth.kernel.sql import is_sqlite
from troth.privacy.backups.taking import KEPT_FOR
from troth.privacy.inventory.beside import find_beside, find_sendings
from troth.privacy.inventory.reading import Item, read_inventory
from troth.privacy.inventory.recipients import Recipient, find_recipients
from troth.privacy.inventory.rules import CATEGORIES
from troth.privacy.models import Processor, RetentionRule
from troth.privacy.processors.register import list_used
from troth.privacy.record.companies import companies_of, reached_for, say_transfer
from troth.privacy.record.parties import Parties, read_parties
from troth.privacy.retention.rules import list_rules, reaches
from troth.privacy.storage.keyring import EPOCH
from troth.workspaces.models import Workspace

TRIGGERS_IN_WORDS = {
    "age": "it was collected",
    "last_activity": "the person was last active",
    "consent_end": "the consent ended",
    "year_end": "the end of the year in which the consent ended",
}


@dataclass(frozen=True)
class Missing:
    """What the record lacks: the field of Art. 30, what to do, and the page below the workspace where it is done."""

    article: str
    says: str
    path: str


@dataclass(frozen=True)
class Activity:
    """One purpose as the record tells it."""

    purpose: Purpose
    categories: list[str]
    """Of personal data: those that were declared, and those that are stored: what the inventory finds, and what is held beside it."""
    names: int
    """How many attributes, events and properties are stored for it."""
    sources: list[str]
    recipients: list[str]
    """Those that were declared, and those that data really goes to for this purpose."""
    transfers: list[str]
    """Out of the EEA: what the purpose declares, and what the register says of the companies that data goes to for it."""
    limits: list[str]
    """When the data is erased: by the purpose, and by the schedules that are on and reach data of it."""
    notices: list[str]

    @property
    def says(self) -> str:
        """What is done, in plain words; empty: nobody said."""
        return str(self.purpose.description.get("en") or next(iter(self.purpose.description.values()), ""))


@dataclass(frozen=True)
class Record:
    """The record of a workspace at a moment."""

    parties: Parties
    at: int
    activities: list[Activity] = field(default_factory=list)
    recipients: list[Recipient] = field(default_factory=list)
    """Everybody whom data reaches as the workspace is set up."""
    processors: list[Processor] = field(default_factory=list)
    """Those of the register that are used, or are proposed."""
    stores: Sequence[Store] = ()
    """Every kind of personal data that is kept at all, with its own end."""
    measures: list[str] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)

    @property
    def is_processors(self) -> bool:
        """Whether it is the record of Art. 30(2)."""
        return self.parties.role == "processor"

    @property
    def transfers(self) -> list[str]:
        """What the purposes and the register of processors say about third countries and safeguards."""
        said = [one.purpose.transfers for one in self.activities]
        said += [say_transfer(own) for own in self.processors]
        return list(dict.fromkeys(text for text in said if text))


def read_record(workspace_id: int, now: int) -> Record:
    """The record as it is now. Raises nothing: what is not known is `missing`."""
    parties = read_parties(workspace_id)
    purposes = [purpose for purpose in list_purposes(workspace_id) if not purpose.archived]
    by_purpose: dict[str, list[Item]] = {}
    for item in read_inventory(workspace_id, with_uses=False):
        by_purpose.setdefault(item.purpose, []).append(item)
    recipients, sendings = find_recipients(workspace_id), find_sendings(workspace_id)
    beside = find_beside(workspace_id, sendings)
    processors = list_used(workspace_id, now)
    rules = [rule for rule in list_rules(workspace_id) if rule.is_active]
    notices = list(Notice.objects.filter(workspace_id=workspace_id, version__gt=0).order_by("title"))
    activities = [
        _describe(
            purpose,
            by_purpose.get(purpose.key, []),
            beside.get(purpose.key, set()),
            reached := reached_for(purpose.key, recipients, sendings),
            companies_of(reached, processors),
            rules,
            notices,
        )
        for purpose in purposes
    ]
    return Record(
        parties=parties,
        at=now,
        activities=activities,
        recipients=recipients,
        processors=processors,
        stores=sorted(stores(), key=lambda store: store.title),
        measures=list_measures(workspace_id),
        missing=_find_missing(parties, activities),
    )


def _describe(
    purpose: Purpose,
    items: list[Item],
    beside: set[str],
    reached: Iterable[Recipient],
    companies: Iterable[Processor],
    rules: Iterable[RetentionRule],
    notices: Iterable[Notice],
) -> Activity:
    stored = Counter(item.category for item in items if item.category != "none")
    held = [*(key for key, _ in stored.most_common()), *sorted(beside - stored.keys())]
    declared = list(purpose.data_categories)
    return Activity(
        purpose=purpose,
        categories=[*declared, *(str(CATEGORIES[key]).partition(":")[0] for key in held)],
        names=len(items),
        sources=[door for door, _ in sum((item.doors for item in items), Counter[str]()).most_common() if door],
        recipients=list(dict.fromkeys([*purpose.recipients, *(one.name for one in reached), *(own.name for own in companies)])),
        transfers=[text for text in (purpose.transfers, *(say_transfer(own) for own in companies)) if text],
        limits=[
            f"after {say_duration(purpose.retention)}" if purpose.retention else "when the person is erased",
            *(_say(rule) for rule in rules if any(reaches(rule, item) for item in items)),
        ],
        notices=[notice.title for notice in notices if purpose.key in notice.purposes],
    )


def _say(rule: RetentionRule) -> str:
    what = " · ".join(part for part in (rule.category, rule.event, rule.name) if part) or "the whole person"
    return f"{what}: {say_duration(rule.period)} after {TRIGGERS_IN_WORDS[rule.trigger]}"


def list_measures(workspace_id: int) -> list[str]:
    """What the system itself does (Art. 32(1)), from how it is set up."""
    days = Workspace.objects.values_list("audit_days", flat=True).get(pk=workspace_id)
    measures = [
        "Data is taken in, used for choosing people, sent and handed on only where a recorded legal basis permits it for that person.",
        "Members have roles of least privilege; passwords are hashed with argon2; second factors and passkeys are offered.",
        f"Every look at a person's data by a member is written to an audit log, which is kept for {days} days.",
        "Keys of the API are kept as hashes and have scopes; secrets of providers are encrypted with the installation's master key.",
        "Who was erased is recognised by keyed hashes alone and is not taken in again; a restored backup forgets them again before it serves.",
        "Consents are kept in an append-only ledger with signed checkpoints, so that no record is changed or removed unseen.",
    ]
    if is_sqlite():
        measures.append(
            f"Backups are encrypted, expire after {KEPT_FOR // DAY} days and are rewritten without erased persons within {EPOCH // DAY} days; deleted rows are overwritten on disk."
        )
    return measures


def _find_missing(parties: Parties, activities: Iterable[Activity]) -> list[Missing]:
    found = []
    for is_lacking, article, says in (
        (not parties.contact, "30(1)(a)", "Say how the controller is reached."),
        (not parties.address, "30(1)(a)", "Say where the controller has its seat."),
        (not parties.dpo and not parties.dpo_not_needed, "30(1)(a)", "Name the data protection officer, or say that none is needed."),
        (not parties.people and parties.role == "controller", "30(1)(c)", "Say of which kinds of people data is processed."),
        (parties.role == "processor" and not parties.controllers, "30(2)(a)", "Name each controller on whose behalf data is processed."),
        *(
            (parties.role == "processor" and not getattr(own, name), f"30(2)({letter})", f"{says} {own.name}.")
            for own in parties.controllers
            for name, letter, says in (("contact", "a", "Say how to reach"), ("categories", "b", "Say what is done for"))
        ),
    ):
        if is_lacking:
            found.append(Missing(article, says, "record/parties"))
    if parties.role == "processor":
        return found
    for one in activities:
        purpose, path = one.purpose, f"purposes/{one.purpose.key}/edit"
        if not purpose.description:
            found.append(Missing("30(1)(b)", f"Say in plain words what is done for “{purpose.name}”.", path))
        if one.names and not purpose.data_categories:
            found.append(Missing("30(1)(c)", f"Name the kinds of data that “{purpose.name}” uses.", path))
        if one.names and not purpose.retention:
            found.append(Missing("30(1)(f)", f"Say how long data is kept for “{purpose.name}”.", path))
    return found
