"""Who got a person's data, by name: what the disclosure log says, with what the register of processors knows of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from django.db import connection

from troth.consent.catalog import load_catalog
from troth.consent.models import LegalBasis
from troth.kernel.clock import iso
from troth.kernel.personal_data import Subject, keys_of
from troth.privacy.disclosures.log import CHANNEL, CONTROLLER, DUTIES, MEMBER, RIGHTS_NOTICE, TRIAL, WEBHOOK
from troth.privacy.models import Processor, RequestType
from troth.privacy.models.disclosures import Disclosure
from troth.privacy.processors.register import list_processors

LINKS = {CHANNEL: "channels", WEBHOOK: "webhooks"}
"""In which field of the register a kind of recipient is linked."""
CONTENT = "what the message says"
BY_MEDIUM = {
    "email": ("e-mail address", CONTENT),
    "sms": ("phone number", CONTENT),
    "push": ("device token", CONTENT),
    "webhook": ("identifiers", CONTENT),
    "test": (CONTENT,),
}
BASES = {**dict.fromkeys(DUTIES, LegalBasis.LEGAL_OBLIGATION.value), TRIAL: LegalBasis.LEGITIMATE_INTEREST.value}
"""The legal basis of what goes for no purpose of the workspace's."""


class Recipient(NamedTuple):
    """Somebody who got data of a person: a processor of the register with all that is linked to it, or a channel or webhook by itself."""

    name: str
    processor: Processor | None
    rows: tuple[Disclosure, ...]

    @property
    def own(self) -> tuple[str, int]:
        """Kind and number of the channel or webhook by which it got the data first."""
        return self.rows[0].kind, self.rows[0].recipient_id


def was_mailed(subject: Subject, basis: str, since: int) -> bool:
    """Whether a mail of this basis about a person is noted from a moment on."""
    return any(row.kind == CHANNEL and row.basis == basis and row.last_at >= since for row in list_disclosures(subject))


def list_disclosures(subject: Subject) -> list[Disclosure]:
    """The log of a person, the earliest first."""
    return _read_logs([subject]).get(subject.person_id, [])


def find_recipients_of(subjects: Sequence[Subject]) -> list[Recipient]:
    """Everybody who got data of persons of one workspace, each once, whatever ways it took."""
    return find_recipients_of_many([subjects])[0]


def find_recipients_of_many(groups: Sequence[Sequence[Subject]]) -> list[list[Recipient]]:
    """The same for many groups of persons, each of one workspace."""
    logs = _read_logs([subject for group in groups for subject in group])
    register = cache(lambda workspace_id: list(list_processors(workspace_id)))
    found = []
    for group in groups:
        rows = [row for subject in group for row in logs.get(subject.person_id, ())]
        found.append(_put_together(rows, register(group[0].workspace_id)) if rows else [])
    return found


def _read_logs(subjects: Sequence[Subject]) -> dict[int, list[Disclosure]]:
    """The logs of persons by person id, each the earliest first."""
    workspaces = {subject.person_id: subject.workspace_id for subject in subjects}
    names = [str(field.column) for field in Disclosure._meta.local_concrete_fields]
    logs: dict[int, list[Disclosure]] = {}
    with connection.cursor() as cursor:
        for listed, values in keys_of(subjects):
            cursor.execute(
                f"SELECT {', '.join(names)} FROM privacy_disclosure WHERE (bucket, person_id) IN {listed}"
                " ORDER BY first_at, kind, recipient_id, what, basis",
                values,
            )
            for row in cursor.fetchall():
                own = Disclosure(**dict(zip(names, row, strict=True)))
                if own.workspace_id == workspaces[own.person_id]:
                    logs.setdefault(own.person_id, []).append(own)
    return logs


def _put_together(rows: Sequence[Disclosure], register: Sequence[Processor]) -> list[Recipient]:
    found: dict[tuple[str, int], list[Disclosure]] = {}
    processors: dict[tuple[str, int], Processor] = {}
    for row in rows:
        linked = _linked(row, register)
        for key in [("processor", own.pk) for own in linked] or [(row.kind, row.recipient_id)]:
            found.setdefault(key, []).append(row)
        processors |= {("processor", own.pk): own for own in linked}
    return [
        Recipient(processors[key].name if key in processors else own[-1].name, processors.get(key), tuple(own))
        for key, own in found.items()
    ]


def export_disclosures(subject: Subject) -> Iterator[dict[str, Any]]:
    """The log as its person reads it (Art. 15(1)(c)): recipients by name, with times, kinds of data, purpose, legal basis, and where they are."""
    rows = list_disclosures(subject)
    register = list(list_processors(subject.workspace_id)) if rows else []
    catalog = load_catalog(subject.workspace_id)
    for row in rows:
        linked = _linked(row, register)
        rule = catalog.rule(row.basis)
        yield {
            "recipient": ", ".join(own.name for own in linked) or row.name,
            "by": f"{row.kind} “{row.name}”",
            "data": list(categories_of(row)),
            "purpose": row.basis,
            "legal_basis": rule.basis if rule else BASES.get(row.basis),
            "first_at": iso(row.first_at),
            "last_at": iso(row.last_at),
            "times": row.times,
            "location": ", ".join(own.location for own in linked if own.location) or None,
            "transfer_tool": ", ".join(own.transfer_tool for own in linked if own.transfer_tool) or None,
        }


def categories_of(row: Disclosure) -> tuple[str, ...]:
    """Which kinds of data went."""
    if row.what == RIGHTS_NOTICE:
        return ("identifiers", "which right was exercised")
    if row.kind in (CHANNEL, MEMBER):
        return BY_MEDIUM.get(row.what, ("identifiers", CONTENT))
    if row.kind == CONTROLLER:
        return ("what the person provided",) if row.basis == RequestType.PORTABILITY else ("everything held",)
    return ("identifiers", row.what)


def _linked(row: Disclosure, register: Sequence[Processor]) -> list[Processor]:
    """The processors to whom a channel or webhook belongs, those that are not used any more too: they have the data."""
    field = LINKS.get(row.kind)
    return [own for own in register if field and row.recipient_id in getattr(own, field)]
