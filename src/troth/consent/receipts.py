"""Receipts: what a person gets of a decision, to read, to keep and to verify without us (Art. 7(1), 5(2); ISO/IEC TS 27560 through the DPV)."""

from __future__ import annotations

import base64
from functools import partial
from typing import Any

from django.conf import settings

from troth.consent.catalog import load_catalog
from troth.consent.ledger.checkpoints import make_checkpoint
from troth.consent.ledger.commitment import TOLD, plain_value
from troth.consent.ledger.log import append_for, compute
from troth.consent.ledger.merkle import prove_inclusion
from troth.consent.models import EVERYTHING, Checkpoint, NoticeVersion, Record
from troth.consent.notices import NoticeUnknown, read_text
from troth.consent.purposes import list_versions
from troth.consent.receipt_shape import (
    CONFORMS_TO,
    CONTEXT,
    controller_id,
    describe_controller,
    describe_decision,
    describe_terms,
)
from troth.consent.verifying import DECISION, PROOF, SIGNATURE, TEXT, signed_part
from troth.consent.wishes import is_wish
from troth.kernel.clock import iso
from troth.kernel.crypto import signing_key
from troth.kernel.errors import TrothError
from troth.workspaces.models import Brand, Workspace


class RecordUnknown(TrothError):
    """No such record of this person."""


def find_record(workspace_id: int, person_id: int, bucket: int, record_id: int) -> Record:
    """A record of a person of a workspace. Raises RecordUnknown."""
    found = Record.objects.filter(bucket=bucket, person_id=person_id, record_id=record_id, workspace_id=workspace_id).first()
    if found is None:
        raise RecordUnknown("There is no such record of this person.")
    return found


def find_merged_record(workspace_id: int, record_id: int) -> Record | None:
    """A record whose person was merged into another, wherever it lies now: over all buckets, from the index on a workspace's records."""
    return Record.objects.filter(workspace_id=workspace_id, record_id=record_id).first()


def make_receipt(record: Record, now: int, *, withdraw_at: str = "") -> dict[str, Any]:
    """The receipt of a record as JSON-LD, signed. A record that waits for the ledger is appended first; `now` in milliseconds.

    `withdraw_at` is the address where the person takes it back. It lets whoever has it decide for them: only for the person themselves.
    """
    if record.leaf is None:
        while append_for(record.workspace_id):
            pass
        record.refresh_from_db()
    committed = plain_value({name: getattr(record, name) for name in TOLD[record.schema]})
    terms, says = _terms_then(record), _said_by_notice(record)
    receipt: dict[str, Any] = {
        "@context": CONTEXT,
        "@id": f"urn:troth:receipt:{record.workspace_id}:{record.record_id}",
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": f"{record.workspace_id}-{record.record_id}",
        "dct:conformsTo": CONFORMS_TO,
        "dct:created": iso(now),
        "dct:publisher": {"@id": controller_id(record.workspace_id)},
        "dpv:hasDataController": _controller(record.workspace_id, says),
        **describe_terms(terms, says, stored_in=settings.TROTH_STORED_IN, withdraw_at=withdraw_at),
        "troth:purposeName": terms.get("name", record.purpose),
        "troth:purposeDescription": _in_language(terms.get("description") or {}, record.language),
        DECISION: describe_decision(committed),
        TEXT: _text_of(record),
        PROOF: {"committed": committed, "salt": bytes(record.salt or b"").hex(), "ledger": _place(record, now)},
    }
    receipt[SIGNATURE] = base64.b64encode(signing_key().sign(signed_part(receipt))).decode()
    return receipt


def _terms_then(record: Record) -> dict[str, Any]:
    """The purpose as it was when the person decided."""
    if record.purpose == EVERYTHING:
        return {"name": "All processing of your data (restriction, Art. 18)"}
    if is_wish(record.purpose):
        rule = load_catalog(record.workspace_id).rule(record.purpose)
        return {"name": rule.name if rule else record.purpose}
    versions = {version.version: version.snapshot for version in list_versions(record.workspace_id, record.purpose)}
    found: dict[str, Any] = versions.get(record.purpose_version) or versions[max(versions)]
    return found


def _said_by_notice(record: Record) -> dict[str, str]:
    """What the notice said that was shown, by the names of `notices.SAYS`; of a text that is no published notice, what the evidence says of it."""
    if record.notice and record.notice_version.isdigit():
        shown = NoticeVersion.objects.filter(workspace_id=record.workspace_id, notice=record.notice, language=record.language)
        version = shown.filter(version=int(record.notice_version)).first()
        return dict(version.says) if version else {}
    said = record.evidence.get("says") if isinstance(record.evidence, dict) else None
    return {str(name): words for name, words in said.items() if isinstance(words, str)} if isinstance(said, dict) else {}


def _controller(workspace_id: int, says: dict[str, str]) -> dict[str, Any]:
    name = Workspace.objects.values_list("name", flat=True).filter(pk=workspace_id).first() or ""
    contact = Brand.objects.values_list("imprint_url", flat=True).filter(workspace_id=workspace_id).first() or ""
    return describe_controller(workspace_id, says.get("controller", ""), name, contact)


def _text_of(record: Record) -> str:
    """Word for word what was shown; empty where it is known by its hash alone."""
    own = record.evidence.get("notice") if isinstance(record.evidence, dict) else None
    if isinstance(own, str) and own:
        return own
    try:
        return read_text(record.workspace_id, record.notice_hash) if record.notice_hash else ""
    except NoticeUnknown:
        return ""


def _in_language(description: dict[str, str], language: str) -> str:
    return description.get(language) or description.get(language.split("-", maxsplit=1)[0]) or ""


def _place(record: Record, now: int) -> dict[str, Any] | None:
    """Where the record stands in the ledger, and the proof, against a checkpoint that covers it."""
    if record.leaf is None:
        return None
    covering = Checkpoint.objects.filter(workspace_id=record.workspace_id, size__gt=record.leaf).order_by("size").first()
    checkpoint = covering or make_checkpoint(record.workspace_id, now)
    path = compute(record.workspace_id, partial(prove_inclusion, record.leaf, checkpoint.size))
    return {"leaf": record.leaf, "path": [base64.b64encode(step).decode() for step in path], "checkpoint": checkpoint.note}
