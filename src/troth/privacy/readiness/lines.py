"""The list that a company goes through before it goes live, each line filled from facts, and where it is mended."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from troth.consent.catalog import load_catalog
from troth.consent.models import LegalBasis, NoticeVersion, Purpose
from troth.kernel.clock import DAY
from troth.kernel.sql import is_sqlite
from troth.messages.configured import list_channels
from troth.messages.domains import list_domains
from troth.privacy.backups.taking import list_backups
from troth.privacy.breaches.clock import HOURS
from troth.privacy.contests.telling import count_unanswered
from troth.privacy.inventory.drift import find_drift
from troth.privacy.models import Breach, PrivacyRequest
from troth.privacy.proofs.telling import judge_last
from troth.privacy.readiness.impact import read_impact
from troth.privacy.readiness.line import Line
from troth.privacy.readiness.registers import look_at_registers
from troth.privacy.states import UNANSWERED
from troth.workspaces.agreements.registry import Kind, read_statuses
from troth.workspaces.branding import read_brand
from troth.workspaces.models import Member, Role, SendMode, Workspace

FRESH_BACKUP = 2 * DAY


def read_lines(workspace: Workspace, now: int) -> list[Line]:
    """Every line of the list, in the order in which one goes through it. `now` in milliseconds."""
    load_catalog(workspace.pk)  # a new workspace gets its purposes when they are first read
    return [line for ask in QUESTIONS for line in ask(workspace, now)]


def _controller(workspace: Workspace, now: int) -> Iterator[Line]:
    yield Line(
        "privacy_contact", bool(workspace.privacy_contact), workspace.privacy_contact or "nobody is named whom people can ask", "settings"
    )
    seat = workspace.seat_country
    yield Line("seat", bool(seat), seat or "the public holidays of the seat are not counted in legal terms", "settings")
    brand = read_brand(workspace.pk)
    missing = [name for name, url in (("privacy policy", brand.privacy_url), ("imprint", brand.imprint_url)) if not url]
    yield Line(
        "links",
        not missing,
        f"the pages for people lack: {', '.join(missing)}" if missing else "privacy policy and imprint are linked",
        "preferences/look",
    )
    owners = Member.objects.filter(workspace=workspace, role=Role.OWNER).count()
    yield Line(
        "owners",
        owners > 1,
        f"{owners} owner{'s' if owners != 1 else ''}: with one alone nobody can act when they cannot",
        "settings/members",
    )


def _agreements(workspace: Workspace, now: int) -> Iterator[Line]:
    for status in read_statuses(workspace.pk):
        who = f"accepted by {status.accepted.name}" if status.accepted else "not accepted yet"
        says = who if status.counts or not status.accepted else f"only version {status.accepted.version.number} was accepted"
        if status.kind is not Kind.PRIVACY:
            yield Line(f"agreement_{status.kind.value}", status.counts, says, f"agreements/{status.kind.value}")


def _purposes(workspace: Workspace, now: int) -> Iterator[Line]:
    purposes = list(Purpose.objects.filter(workspace_id=workspace.pk, archived=False).order_by("name"))
    undescribed = [purpose.name for purpose in purposes if not purpose.description]
    yield Line(
        "purposes_described", not undescribed, _named(undescribed, "without a description in plain words"), _edit(purposes, undescribed)
    )
    endless = [purpose.name for purpose in purposes if not purpose.retention]
    yield Line(
        "purposes_end",
        not endless,
        _named(endless, "without an end: data is kept as long as the person is known"),
        _edit(purposes, endless),
    )
    asked = {key for said in NoticeVersion.objects.filter(workspace_id=workspace.pk).values_list("purposes", flat=True) for key in said}
    unasked = [purpose.name for purpose in purposes if purpose.legal_basis == LegalBasis.CONSENT and purpose.key not in asked]
    yield Line("notices", not unasked, _named(unasked, "rest on consent, and no published notice asks for it"), "notices")


def _inventory(workspace: Workspace, now: int) -> Iterator[Line]:
    drift = find_drift(workspace.pk)
    undeclared = len(drift.unassigned) + len(drift.undeclared) + len(drift.sensitive) + len(drift.unregistered)
    yield Line(
        "inventory",
        not undeclared,
        f"{undeclared} thing{'s are' if undeclared != 1 else ' is'} stored or handed on but not declared"
        if undeclared
        else "all is declared",
        "inventory/drift",
    )
    impact = read_impact(workspace)
    says = f"{len(impact.met)} of nine criteria {'is' if len(impact.met) == 1 else 'are'} met" + (
        "" if impact.is_fine else ": an assessment is to be signed"
    )
    yield Line("impact", impact.is_fine, says, "readiness/impact")


def _sending(workspace: Workspace, now: int) -> Iterator[Line]:
    domains = list_domains(workspace.pk)
    signed = [row.domain for row in domains if row.signs]
    yield Line(
        "domain",
        bool(signed),
        f"mail is signed for {', '.join(signed)}" if signed else "no sending domain is set up and signed",
        "channels",
    )
    active = [row for row in list_channels(workspace.pk) if row.is_active]
    yield Line(
        "channels",
        None,
        f"{len(active)} channel{'s' if len(active) != 1 else ''} of its own"
        if active
        else "mail goes by the installation's own mail server",
        "channels",
    )
    mode = {SendMode.LIVE: "mail goes to the persons", SendMode.TEST: "all mail goes to one address", SendMode.OFF: "mail is held"}
    yield Line("send_mode", workspace.send_mode == SendMode.LIVE, mode[SendMode(workspace.send_mode)], "settings/sending")


def has_fresh_backup(now: int) -> bool:
    """Whether the newest backup is of the last two days."""
    newest = max((backup.created_at for backup in list_backups()), default=None)
    return newest is not None and now - newest <= FRESH_BACKUP


def _duties(workspace: Workspace, now: int) -> Iterator[Line]:
    overdue = PrivacyRequest.objects.filter(workspace_id=workspace.pk, state__in=UNANSWERED, due_at__lt=now).count()
    yield Line(
        "requests",
        not overdue,
        f"{overdue} request{'s are' if overdue != 1 else ' is'} overdue" if overdue else "no request is overdue",
        "desk?show=overdue",
    )
    running = Breach.objects.filter(workspace_id=workspace.pk, closed_at=None, authority_told_at=None).exclude(decision="no_risk")
    late = running.filter(aware_at__lt=now - HOURS * 3_600_000).count()
    yield Line(
        "breaches",
        not late,
        f"{late} breach{'es are' if late != 1 else ' is'} past 72 hours" if late else "no breach waits past 72 hours",
        "breaches",
    )
    yield _contests(workspace, now)
    is_proven, says = judge_last(now)
    yield Line("proof", is_proven, says, "proofs")
    if not is_sqlite():
        yield Line(
            "backup", None, "backups of PostgreSQL are made by its own tools: let them expire within the retention you tell people", ""
        )
        return
    fresh = has_fresh_backup(now)
    yield Line(
        "backup",
        fresh,
        "the newest is fresh" if fresh else "none of the last two days: have one made every day (troth backup create)",
        "readiness/backup",
    )


def _contests(workspace: Workspace, now: int) -> Line:
    """What a processor holds to infringe the law is not left standing: the controller knows, and answers (Art. 28(3), last sentence)."""
    unanswered, untold = count_unanswered(workspace.pk, now)
    register = "agreements/instructions"
    if untold:
        is_unreachable = bool(workspace.processes_for) and not workspace.controller_contact
        why = (
            "its address is not known"
            if is_unreachable
            else "no mail reached it: it is tried again, or tell it yourself and write down what it says"
        )
        return Line(
            "contests",
            False,
            f"the controller was not told of contested instructions ({untold}): {why}",
            "settings" if is_unreachable else register,
        )
    wait = "1 contested instruction waits" if unanswered == 1 else f"{unanswered} contested instructions wait"
    says = f"{wait} for the controller: ask it, and write down what it says" if unanswered else "none waits for the controller"
    return Line("contests", not unanswered, says, register)


QUESTIONS: tuple[Callable[[Workspace, int], Iterator[Line]], ...] = (
    *(_controller, _agreements, _purposes, _inventory),
    *(look_at_registers, _sending, _duties),
)


def _edit(purposes: list[Purpose], names: list[str]) -> str:
    """The page of the first purpose that is to be mended."""
    return next((f"purposes/{purpose.key}/edit" for purpose in purposes if purpose.name in names), "purposes")


def _named(names: list[str], trouble: str) -> str:
    return f"{', '.join(names)}: {trouble}" if names else "all of them"
