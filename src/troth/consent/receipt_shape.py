"""What a receipt of consent says, as JSON-LD in the words of the Data Privacy Vocabulary (ISO/IEC TS 27560 as mapped by the DPV). Pure.

All that describes the decision is drawn from the committed fields alone, so that whoever verifies a receipt can draw it again and compare.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troth.kernel.clock import iso

CONTEXT: dict[str, Any] = {
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "troth": "urn:troth:consent#",
    "dpv:hasLegalBasis": {"@type": "@id"},
    "dpv:isIndicatedBy": {"@type": "@id"},
    "dpv:isIndicatedAtTime": {"@type": "xsd:dateTime"},
    "dct:created": {"@type": "xsd:dateTime"},
    "dct:conformsTo": {"@type": "@id"},
    "troth:proof": {"@type": "@json"},
}
"""Inlined, so that reading a receipt needs no network."""
CONFORMS_TO = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"
BASES = {
    "consent": "eu-gdpr:A6-1-a",
    "contract": "eu-gdpr:A6-1-b",
    "legal_obligation": "eu-gdpr:A6-1-c",
    "vital_interest": "eu-gdpr:A6-1-d",
    "public_task": "eu-gdpr:A6-1-e",
    "legitimate_interest": "eu-gdpr:A6-1-f",
}
BY_PERSON = "dpv:DataSubject"
BY_CONTROLLER = "dpv:DataController"
SAID_BY_CONTROLLER = frozenset({"soft_opt_in", "restrict", "lift"})


def describe_decision(committed: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a receipt that is drawn from the committed fields of its record."""
    state, valid_until = committed.get("state") or "", committed.get("valid_until")
    status: dict[str, Any] = {
        "@type": [f"dpv:{state}" if state.startswith(("Consent", "Renewed")) else "troth:Decision"],
        "troth:decision": committed["decision"],
        "dpv:isIndicatedAtTime": iso(committed["at"]),
        "dpv:isIndicatedBy": BY_CONTROLLER if committed["decision"] in SAID_BY_CONTROLLER else BY_PERSON,
        "dpv:hasIndicationMethod": _method(committed),
        "troth:permits": bool(committed["valid"]) and committed["decision"] in ("grant", "soft_opt_in"),
        "troth:failedRules": list(committed.get("rules") or ()),
    }
    if valid_until is not None:
        status["dct:valid"] = f"{iso(committed['at'])}/{iso(valid_until)}"
    return {
        "@id": f"urn:troth:record:{committed['workspace_id']}:{committed['record_id']}",
        "@type": "dpv:ConsentRecord",
        "dct:identifier": str(committed["record_id"]),
        "dpv:hasDataSubject": {
            "@id": f"urn:troth:subject:{committed['workspace_id']}:{committed['subject_ref']}",
            "@type": "dpv:DataSubject",
        },
        "dpv:hasPurpose": {
            "@id": f"urn:troth:purpose:{committed['workspace_id']}:{committed['purpose']}",
            "@type": "dpv:Purpose",
            "dct:identifier": committed["purpose"],
            "dct:hasVersion": str(committed.get("purpose_version") or 0),
        },
        "dpv:hasNotice": _notice(committed),
        "dpv:hasConsentStatus": [status],
    }


def _notice(committed: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "@type": "dpv:ConsentNotice",
        "dct:identifier": committed.get("notice") or "",
        "dct:hasVersion": committed.get("notice_version") or "",
        "dct:language": committed.get("language") or "",
        "troth:textSha256": committed.get("notice_hash") or "",
    }


def _method(committed: Mapping[str, Any]) -> str:
    """In words, with what the person did, where the evidence says it (Art. 7(1))."""
    evidence = committed["evidence"]
    parts = [f"{committed['method']}, received through {committed['source']}"]
    if control := evidence.get("control_kind"):
        parts.append(f"by {control}")
    if before := evidence.get("default_state"):
        parts.append(f"the box was {before} before")
    if (confirmation := evidence.get("double_opt_in")) and isinstance(confirmation, Mapping):
        parts.append(f"confirmed by the press of a button ({confirmation.get('method', '')}) on the page that a mail led to")
    return "; ".join(parts)
