"""What privacy's own tables hold of a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet

from troth.kernel.clock import iso, now_ms
from troth.kernel.personal_data import Store, Subject, Table, declare
from troth.kernel.tenancy import declare_of_installation
from troth.people.identifiers import EMAIL
from troth.people.queries import load_identifiers
from troth.privacy.disclosures.log import merge
from troth.privacy.disclosures.reading import export_disclosures
from troth.privacy.history import CLOSE, By, make_step, write_steps
from troth.privacy.inventory.storing import take_off
from troth.privacy.models import LegalHold, PrivacyRequest, RequestState, RequestWords
from troth.privacy.models.desk import RequesterFile
from troth.privacy.models.disclosures import Disclosure, NoticeState, RecipientNotice
from troth.privacy.opendsr.forgetting import export_opendsr, void_opendsr
from troth.privacy.states import UNANSWERED

declare_of_installation("privacy.DomainCertificate", "the certificates with which processors sign, as anybody can fetch them")
declare_of_installation("privacy.ProofRun", "the daily proof of erasure, on made-up persons of a workspace of its own")
declare_of_installation("privacy.Compaction", "when the database's files were rewritten")
declare_of_installation("privacy.LedgerPosition", "how far the erasure ledger is applied")
declare_of_installation("privacy.InventoryPosition", "how far the inventory has counted")
declare_of_installation(
    "privacy.Leaving", "that a workspace or account left, and the certificate of it: kept as proof, for a time, and names nobody"
)

_words = Table(model=RequestWords, times=("at",), hidden=("words_id",), order_by="words_id")


def _export(subject: Subject) -> Iterator[dict[str, Any]]:
    rows = PrivacyRequest.objects.filter(workspace_id=subject.workspace_id, person_id=subject.person_id).order_by("received_at")
    for row in rows.iterator():
        yield {
            "id": str(row.id),
            "type": row.type,
            "state": row.state,
            "source": row.source,
            "received_at": iso(row.received_at),
            "due_at": iso(row.due_at),
            "closed_at": None if row.closed_at is None else iso(row.closed_at),
            "extended_at": None if row.extended_at is None else iso(row.extended_at),
            "identified_by": row.identity,
        }


def _requests_of(subjects: Sequence[Subject]) -> QuerySet[PrivacyRequest]:
    return PrivacyRequest.objects.filter(
        workspace_id__in={subject.workspace_id for subject in subjects}, person_id__in=[subject.person_id for subject in subjects]
    )


def _erase(subjects: Sequence[Subject]) -> Counter[int]:
    """Cut the tie to the persons and close what is open; that somebody asked, and when it was answered, stays provable (Art. 5(2), 17(3)(b))."""
    rows = _requests_of(subjects)
    now = now_ms()
    found = Counter(person_id for person_id in rows.values_list("person_id", flat=True) if person_id is not None)
    closed = list(rows.filter(state__in=UNANSWERED).values_list("pk", "workspace_id"))
    rows.filter(state__in=UNANSWERED).update(state=RequestState.DONE, closed_at=now)
    write_steps((make_step(pk, workspace_id, RequestState.DONE, CLOSE, By("erasure"), now) for pk, workspace_id in closed), now)
    rows.update(person_id=None, tell_at=None, code_digest=None, code_until=None)
    return found


def _move(source: Subject, target: Subject) -> int:
    rows = PrivacyRequest.objects.filter(workspace_id=source.workspace_id, person_id=source.person_id)
    return rows.update(person_id=target.person_id)


declare(
    Store(
        name="privacy.requests",
        title="Privacy requests",
        category="decision",
        purpose="carry out and prove the exercise of rights (Art. 5(2), 12)",
        origin="the person, or the customer on the person's behalf",
        retention="the tie to the person until erased; the request without it stays as proof",
        export=_export,
        erase=_erase,
        move=_move,
        models=("privacy.PrivacyRequest",),
        columns=("type", "state", "received_at"),
    )
)


def _nothing(subject: Subject) -> Iterator[dict[str, Any]]:
    """Counts by name are nobody's data."""
    return iter(())


declare(
    Store(
        name="privacy.inventory",
        title="The data inventory: how much is stored under which names; numbers and forms, no values",
        category="technical",
        purpose="keep the record of processing (Art. 30)",
        origin="derived from events and attributes",
        retention="as long as something is stored under the name; what an erased person counted is taken off when they are erased",
        export=_nothing,
        erase=take_off,
        move=lambda source, target: 0,
        models=("privacy.InventoryItem",),
        erase_order=47,
    )
)

declare(
    Store(
        name="privacy.words",
        title="What was written in privacy requests: reasons, questions and answers",
        category="correspondence",
        purpose="answer the person, and prove how they were answered (Art. 5(2), 12)",
        origin="the person, and members who answer them",
        retention="until erased",
        export=_words.export,
        erase=_words.erase,
        move=_words.move,
        models=("privacy.RequestWords",),
        columns=("kind", "subject", "text"),
    )
)

declare(
    Store(
        name="privacy.opendsr",
        title="Requests that came over OpenDSR, and what their senders were told of them",
        category="decision",
        purpose="carry out and prove the exercise of rights (Art. 5(2), 12, 28(3))",
        origin="the controller's systems, on the person's behalf",
        retention="the tie to the person until erased; the request without it stays as proof; what was told 90 days",
        export=export_opendsr,
        erase=void_opendsr,
        move=lambda source, target: 0,
        models=("privacy.OpendsrRequest", "privacy.OpendsrCase", "privacy.OpendsrCallback"),
        columns=("type", "status", "submitted_at", "received_at"),
    )
)


def _addresses_of(subjects: Sequence[Subject]) -> dict[bytes, int]:
    """The tags of the persons' addresses, with whose they are."""
    held = load_identifiers([subject.person_id for subject in subjects])
    return {handle.tag: person_id for person_id, handles in held.items() for handle in handles if handle.kind == EMAIL}


def _files_of(subjects: Sequence[Subject]) -> QuerySet[RequesterFile]:
    """The files whose address is the persons' now: they asked before they were known."""
    return RequesterFile.objects.filter(
        workspace_id__in={subject.workspace_id for subject in subjects}, tag__in=list(_addresses_of(subjects))
    )


def _export_files(subject: Subject) -> Iterator[dict[str, Any]]:
    for file in _files_of([subject]).order_by("request_id"):
        written = [{"subject": said[0], "text": said[1]} for _step, said in sorted(file.words.items())]
        yield {
            "request": str(file.request_id),
            "address": file.address,
            "written": written,
            "until": iso(file.until) if file.until else None,
        }


def _erase_files(subjects: Sequence[Subject]) -> Counter[int]:
    whose = _addresses_of(subjects)
    found = Counter(whose[bytes(tag)] for tag in _files_of(subjects).values_list("tag", flat=True))
    _files_of(subjects).delete()
    return found


declare(
    Store(
        name="privacy.requesters",
        title="Files of requests that came before the person was known: where they can be answered, and what was written",
        category="correspondence",
        purpose="answer whoever asks and is not on file (Art. 11(2), 12(2))",
        origin="the person, and members who answer them",
        retention="180 days after the answer",
        export=_export_files,
        erase=_erase_files,
        move=lambda source, target: 0,
        models=("privacy.RequesterFile",),
        columns=("address", "words"),
        erase_order=40,
    )
)

_hold = Table(model=LegalHold, times=("until", "placed_at"), hidden=("hold_id",))
declare(
    Store(
        name="privacy.holds",
        title="Legal holds: what must be kept, why and until when",
        category="decision",
        purpose="establish, exercise or defend legal claims, or keep what a law demands (Art. 17(3))",
        origin="the customer",
        retention="until lifted or over, or until the person is erased: then it goes along with what it keeps",
        export=_hold.export,
        erase=_hold.erase,
        move=_hold.move,
        models=("privacy.LegalHold",),
        columns=("kind", "event", "name", "exception", "ground", "until"),
    )
)

_disclosure = Table(model=Disclosure)
declare(
    Store(
        name="privacy.disclosures",
        title="Recipients: who got data, by name, with times",
        category="communication",
        purpose="tell the person who got their data (Art. 15(1)(c)), and tell the recipients of corrections and erasure (Art. 19)",
        origin="noted by Troth when data leaves by a channel or webhook",
        retention="until erased; it goes last, when the recipients have been found",
        export=export_disclosures,
        erase=_disclosure.erase,
        move=merge,
        models=("privacy.Disclosure",),
        columns=("name", "what", "basis", "first_at", "last_at", "times"),
        erase_order=99,
    )
)


def _notices(subjects: Sequence[Subject]) -> QuerySet[RecipientNotice]:
    """Those of the persons' requests: they follow them on a merge."""
    return RecipientNotice.objects.filter(request__in=_requests_of(subjects))


def _export_notices(subject: Subject) -> Iterator[dict[str, Any]]:
    for row in _notices([subject]).order_by("opened_at", "name").iterator():
        yield {
            "recipient": row.name,
            "right": row.right,
            "state": row.state,
            "by": row.way,
            "opened_at": iso(row.opened_at),
            "told_at": None if row.told_at is None else iso(row.told_at),
            "answered_at": None if row.answered_at is None else iso(row.answered_at),
        }


def _erase_notices(subjects: Sequence[Subject]) -> Counter[int]:
    """Destroy what was still to be told of living persons: the notices of the erasure, opened apart, say more than they did."""
    own = dict(_notices(subjects).values_list("pk", "request__person_id"))
    mine = RecipientNotice.objects.filter(pk__in=own)
    mine.filter(state__in=(NoticeState.WAITING, NoticeState.BY_HAND)).update(
        state=NoticeState.CANCELLED, due_at=None, chase_at=None, silent_at=None
    )
    mine.update(sealed=None, sealed_until=None)
    return Counter(person_id for person_id in own.values() if person_id is not None)


declare(
    Store(
        name="privacy.notices",
        title="Recipients who were told of corrections, restrictions and objections, and what they answered",
        category="communication",
        purpose="tell recipients what became of the data they got (Art. 19)",
        origin="derived by Troth from requests and from the log of recipients",
        retention="the identifiers, encrypted, until the recipient has them, 30 days at most; that they were told stays as proof",
        export=_export_notices,
        erase=_erase_notices,
        move=lambda source, target: 0,
        models=("privacy.RecipientNotice",),
        columns=("name", "right", "state"),
        erase_order=48,
    )
)

declare(
    Store(
        name="privacy.kept",
        title="What legal holds keep of erased persons: sealed, apart, one item at a time",
        category="decision",
        purpose="establish, exercise or defend legal claims, or keep what a law demands (Art. 17(3))",
        origin="the stores in which it was when the person was erased",
        retention="until its hold ends; then it is erased by itself",
        export=_nothing,
        erase=lambda subjects: Counter(),
        move=lambda source, target: 0,
        models=("privacy.KeptItem",),
        columns=("sealed",),
    )
)
