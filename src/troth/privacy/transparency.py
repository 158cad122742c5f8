"""What a workspace tells everybody of how it handles data (Art. 5(1)(a), 12 to 14 GDPR): facts of its settings, and its requests as counts.

Nothing in it is about anybody: numbers of requests under FEWEST are not told.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from troth.consent.catalog import load_catalog
from troth.consent.ledger.log import head_of
from troth.consent.models import NoticeVersion, Purpose
from troth.kernel.clock import DAY
from troth.privacy.models import PrivacyRequest, Processor
from troth.privacy.models.proofs import ProofRun
from troth.privacy.processors.register import list_used
from troth.privacy.proofs.reading import last_proof
from troth.privacy.record.companies import find_reached, name_companies
from troth.workspaces.models import Workspace

YEAR = 365 * DAY
FEWEST = 5
"""Fewer requests of a type than this might tell of somebody."""
MOST = 10_000


@dataclass(frozen=True)
class Answered:
    """Requests of a type in the last year. `days`: how long the answer took, in the middle; None while none was answered."""

    type: str
    number: int
    days: float | None


@dataclass(frozen=True)
class Transparency:
    """All that the page tells."""

    name: str
    contact: str
    purposes: list[Purpose]
    notices: list[NoticeVersion]
    """The newest version of each notice, in each language."""
    companies: dict[str, list[Processor]]
    """By the key of a purpose: those of the register to whom data goes for it."""
    unnamed: set[str]
    """Purposes for which data leaves this machine by what nobody named: of those it cannot be said that nobody else has it."""
    processors: list[Processor]
    """Those that may be used, and those that are proposed."""
    requests: list[Answered]
    has_few: bool
    """Whether some types had too few requests to be told."""
    ledger: int
    """Entries of the ledger of decisions."""
    proof: ProofRun | None
    """The newest proof of erasure that came to its end."""


def read_transparency(workspace: Workspace, now: int) -> Transparency:
    """Read it as it stands. `now` in milliseconds."""
    load_catalog(workspace.pk)  # a new workspace gets its purposes when they are first read
    versions = NoticeVersion.objects.filter(workspace_id=workspace.pk).order_by("notice", "language", "-version")
    newest = {(one.notice, one.language): one for one in reversed(list(versions))}
    answered = _answered(workspace.pk, now)
    purposes = list(Purpose.objects.filter(workspace_id=workspace.pk, archived=False).order_by("name"))
    processors = list_used(workspace.pk, now)
    reached = find_reached(workspace.pk, [purpose.key for purpose in purposes])
    return Transparency(
        name=workspace.name,
        contact=workspace.privacy_contact,
        purposes=purposes,
        companies=name_companies(reached, processors),
        unnamed={key for key, ways in reached.items() if any(not one.is_here for one in ways)},
        notices=sorted(newest.values(), key=lambda one: (one.notice, one.language)),
        processors=processors,
        requests=[one for one in answered if one.number >= FEWEST],
        has_few=any(one.number < FEWEST for one in answered),
        ledger=head_of(workspace.pk)[0],
        proof=last_proof(),
    )


def _answered(workspace_id: int, now: int) -> list[Answered]:
    rows = PrivacyRequest.objects.filter(workspace_id=workspace_id, received_at__gte=now - YEAR).order_by("-received_at")
    took: dict[str, list[int | None]] = {}
    for type_, received_at, closed_at in rows.values_list("type", "received_at", "closed_at")[:MOST]:
        took.setdefault(type_, []).append(None if closed_at is None else closed_at - received_at)
    return [Answered(type_, len(times), _in_days([one for one in times if one is not None])) for type_, times in sorted(took.items())]


def _in_days(times: list[int]) -> float | None:
    return round(median(times) / DAY, 1) if times else None
