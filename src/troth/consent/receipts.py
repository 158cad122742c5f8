"""Receipts: what a person gets of a decision, to read, to keep and to verify without us (Art. 7(1), 5(2); ISO/IEC TS 27560 through the DPV)."""

from __future__ import annotations

import base64
from typing import Any

from troth.consent.catalog import load_catalog
from troth.consent.ledger.checkpoints import make_checkpoint
from troth.consent.ledger.commitment import TOLD, plain_value
from troth.consent.ledger.log import append_for, nodes_of
from troth.consent.ledger.merkle import prove_inclusion
from troth.consent.models import Checkpoint, NoticeVersion, Record
from troth.consent.notices import NoticeUnknown, read_text
from troth.consent.purposes import list_versions
from troth.consent.receipt_shape import BASES, CONFORMS_TO, CONTEXT, describe_decision
from troth.consent.verifying import DECISION, PROOF, SIGNATURE, TEXT, signed_part
from troth.consent.wishes import is_wish
from troth.kernel.clock import iso
from troth.kernel.crypto import signing_key
from troth.kernel.errors import TrothError
from troth.workspaces.models import Workspace


class RecordUnknown(TrothError):
    """No such record of this person."""


def find_record(workspace_id: int, person_id: int, bucket: int, record_id: int) -> Record:
    """A record of a person of a workspace. Raises RecordUnknown."""
    found = Record.objects.filter(bucket=bucket, person_id=person_id, record_id=record_id, workspace_id=workspace_id).first()
    if found is None:
        raise RecordUnknown("There is no such record of this person.")
    return found


def make_receipt(record: Record, now: int) -> dict[str, Any]:
    """The receipt of a record as JSON-LD, signed. A record that waits for the ledger is appended first; `now` in milliseconds."""
    if record.leaf is None:
        while append_for(record.workspace_id):
            pass
        record.refresh_from_db()
    committed = plain_value({name: getattr(record, name) for name in TOLD[record.schema]})
    terms = _terms_then(record)
    receipt: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": f"{record.workspace_id}-{record.record_id}",
        "dct:conformsTo": CONFORMS_TO,
        "dct:created": iso(now),
        "dpv:hasDataController": _controller(record),
        "dpv:hasLegalBasis": BASES.get(terms.get("legal_basis", ""), ""),
        "troth:purposeName": terms.get("name", record.purpose),
        "troth:purposeDescription": _in_language(terms.get("description") or {}, record.language),
        "troth:retention": terms.get("retention", ""),
        "troth:recipients": terms.get("recipients") or [],
        DECISION: describe_decision(committed),
        TEXT: _text_of(record),
        PROOF: {"committed": committed, "salt": bytes(record.salt or b"").hex(), "ledger": _place(record, now)},
    }
    receipt[SIGNATURE] = base64.b64encode(signing_key().sign(signed_part(receipt))).decode()
    return receipt


def _terms_then(record: Record) -> dict[str, Any]:
    """The purpose as it was when the person decided."""
    if is_wish(record.purpose):
        rule = load_catalog(record.workspace_id).rule(record.purpose)
        return {"name": rule.name if rule else record.purpose}
    versions = {version.version: version.snapshot for version in list_versions(record.workspace_id, record.purpose)}
    found: dict[str, Any] = versions.get(record.purpose_version) or versions[max(versions)]
    return found


def _controller(record: Record) -> dict[str, Any]:
    """As the notice named them; else the name of the workspace."""
    shown = NoticeVersion.objects.filter(workspace_id=record.workspace_id, notice=record.notice, language=record.language)
    version = shown.filter(version=int(record.notice_version)).first() if record.notice and record.notice_version.isdigit() else None
    name = version.says.get("controller", "") if version else ""
    if not name:
        name = Workspace.objects.values_list("name", flat=True).filter(pk=record.workspace_id).first() or ""
    return {"@id": f"urn:troth:controller:{record.workspace_id}", "@type": "dpv:DataController", "dpv:hasName": name}


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
    path = prove_inclusion(record.leaf, checkpoint.size, nodes_of(record.workspace_id))
    return {"leaf": record.leaf, "path": [base64.b64encode(step).decode() for step in path], "checkpoint": checkpoint.note}
