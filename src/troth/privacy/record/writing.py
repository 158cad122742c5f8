"""The record as JSON, as CSV (an activity a line) and as an archival PDF."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec

from troth.kernel.clock import iso
from troth.kernel.pdf import Document
from troth.privacy.record.deriving import Activity, Record
from troth.privacy.record.parties import Parties

COLUMNS = (
    "purpose",
    "legal_basis",
    "description",
    "people",
    "data_categories",
    "sources",
    "recipients",
    "transfers",
    "retention",
    "notices",
    "time_limits",
)
OF_ALL = ("controller", "address", "contact", "representative", "joint_controllers", "dpo", "measures")
"""What is the same for every line of the CSV, so that each has all that Art. 30 asks for."""
UNSAID = "not said yet"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_PARTIES = (
    ("name", "Controller"),
    ("address", "Address"),
    ("contact", "Contact"),
    ("joint_controllers", "Joint controllers"),
    ("representative", "Representative in the Union"),
)


def plain_record(record: Record) -> dict[str, Any]:
    """The record for JSON."""
    shared = {
        "kind": "processor" if record.is_processors else "controller",
        "article": "30(2)" if record.is_processors else "30(1)",
        "at": iso(record.at),
        "parties": msgspec.to_builtins(record.parties),
        "transfers": record.transfers,
        "recipients_in_use": [{"kind": one.kind, "name": one.name} for one in record.recipients],
        "processors": [
            {"name": own.name, "service": own.service, "location": own.location, "transfer_tool": own.transfer_tool}
            for own in record.processors
        ],
        "measures": _measures(record),
        "stores": [
            {"title": own.title, "category": own.category, "purpose": own.purpose, "retention": own.retention} for own in record.stores
        ],
        "missing": [{"article": one.article, "says": one.says, "path": one.path} for one in record.missing],
    }
    return shared if record.is_processors else {**shared, "activities": [_plain(one, record) for one in record.activities]}


def _plain(one: Activity, record: Record) -> dict[str, Any]:
    purpose = one.purpose
    return {
        "key": purpose.key,
        "purpose": purpose.name,
        "legal_basis": purpose.legal_basis,
        "description": purpose.description,
        "people": record.parties.people,
        "data_categories": one.categories,
        "special_category": purpose.special_category,
        "stored_names": one.names,
        "sources": one.sources,
        "recipients": one.recipients,
        "transfers": "; ".join(one.transfers),
        "retention": purpose.retention,
        "time_limits": one.limits,
        "automated_decision": purpose.automated_decision,
        "notices": one.notices,
    }


def write_csv(record: Record) -> str:
    """An activity a line (RFC 4180), of a processor a controller a line; what a spreadsheet would run begins with an apostrophe."""
    written = io.StringIO()
    writer = csv.writer(written)
    if record.is_processors:
        writer.writerow(("controller", "contact", "dpo", "categories_of_processing", "transfers", "processor", *OF_ALL[1:]))
        for own in record.parties.controllers:
            writer.writerow(map(_cell, (own.name, own.contact, own.dpo, own.categories, "; ".join(record.transfers), *_of_all(record))))
        return written.getvalue()
    writer.writerow((*COLUMNS, *OF_ALL))
    for one in record.activities:
        plain = _plain(one, record)
        plain["description"] = one.says
        told = ["; ".join(value) if isinstance(value := plain[name], list) else str(value) for name in COLUMNS]
        writer.writerow(map(_cell, (*told, *_of_all(record))))
    return written.getvalue()


def _of_all(record: Record) -> tuple[str, ...]:
    parties = record.parties
    officer = parties.dpo or (_no_officer(parties) if parties.dpo_not_needed else "")
    texts = (parties.name, parties.address, parties.contact, parties.representative, parties.joint_controllers)
    return (*texts, officer, "; ".join(_measures(record)))


def _measures(record: Record) -> list[str]:
    return [*record.measures, *([record.parties.measures] if record.parties.measures else [])]


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def write_pdf(record: Record) -> bytes:
    """The record as PDF/A, as it is handed to an authority (Art. 30(4))."""
    parties = record.parties
    article = "30(2)" if record.is_processors else "30(1)"
    document = Document(
        "Record of processing activities",
        under=f"Art. {article} GDPR · {parties.name} · as of {iso(record.at)[:10]}",
        foot=f"{parties.name}, record of processing, {iso(record.at)}",
    )
    told = [(label, getattr(parties, name)) for name, label in _PARTIES]
    facts = [(label, text or UNSAID) for label, text in told if text or label in ("Controller", "Address", "Contact")]
    if record.is_processors:
        facts[0] = ("Processor", facts[0][1])
    document.facts([*facts, ("Data protection officer", parties.dpo or (_no_officer(parties) if parties.dpo_not_needed else UNSAID))])
    if record.is_processors:
        document.heading("Processing on behalf of controllers")
        rows = [[own.name, own.contact, own.dpo or "–", own.categories or UNSAID] for own in parties.controllers]
        document.table(["Controller", "Contact", "Data protection officer", "Categories of processing"], rows)
    else:
        document.heading("Processing activities")
        for one in record.activities:
            _write_activity(document, one, record)
    document.heading("Transfers to third countries")
    document.text("\n\n".join(record.transfers) or "None.")
    if record.recipients:
        document.heading("Recipients as the system is set up")
        document.items([f"{one.name} ({one.kind})" for one in record.recipients])
    if record.processors:
        document.heading("Processors (Art. 28)")
        rows = [
            [own.name, own.service or "–", own.location or UNSAID, own.transfer_tool.replace("_", " ") or UNSAID]
            for own in record.processors
        ]
        document.table(["Processor", "Service", "Place", "Transfer tool"], rows)
    document.heading("What is kept of persons, and when it is erased")
    document.table(
        ["Data", "Category", "Why", "How long"], [[own.title, own.category, own.purpose, own.retention] for own in record.stores]
    )
    document.heading("Technical and organisational measures (Art. 32(1))")
    document.items(_measures(record))
    return document.as_pdf()


def _no_officer(parties: Parties) -> str:
    return f"none needed: {parties.dpo_assessment}" if parties.dpo_assessment else "none needed"


def _write_activity(document: Document, one: Activity, record: Record) -> None:
    purpose = one.purpose
    document.heading(purpose.name)
    document.text(one.says)
    document.facts(
        [
            ("Legal basis", purpose.legal_basis.replace("_", " ")),
            ("Categories of people", "; ".join(record.parties.people) or UNSAID),
            ("Categories of data", "; ".join(one.categories) or "none stored"),
            ("Sources", "; ".join(one.sources) or "–"),
            ("Recipients", "; ".join(one.recipients) or "none"),
            ("Third countries", "; ".join(one.transfers) or "none"),
            ("Erasure", "; ".join(one.limits)),
            *([("Automated decisions", purpose.automated_decision)] if purpose.automated_decision else []),
            *([("Notices", "; ".join(one.notices))] if one.notices else []),
        ]
    )
