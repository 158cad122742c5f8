"""What a receipt of consent says, as JSON-LD in the words of the Data Privacy Vocabulary (ISO/IEC TS 27560 as mapped by the DPV). Pure.

All that describes the decision is drawn from the committed fields alone, so that whoever verifies a receipt can draw it again and compare.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from troth.kernel.clock import iso

CONTEXT: dict[str, Any] = {
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "loc": "https://w3id.org/dpv/loc#",
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "troth": "urn:troth:consent#",
    "dpv:hasLegalBasis": {"@type": "@id"},
    "dpv:hasJurisdiction": {"@type": "@id"},
    "dpv:hasApplicableLaw": {"@type": "@id"},
    "dpv:hasLocation": {"@type": "@id"},
    "dpv:isExercisedAt": {"@type": "@id"},
    "dpv:hasDuration": {"@type": "xsd:duration"},
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
JURISDICTION, LAW = "loc:EU", "eu-gdpr:GDPR"
DELETION_LAG = "P30D"
"""How long an encrypted backup may still hold what was erased; it forgets when it is restored."""
_COUNTRY = re.compile(r"[A-Z]{2}")
_REACHED_AT = re.compile(r"[^\s<>@,;]+@[^\s<>@,;]+\.[A-Za-z]{2,}|https?://[^\s<>]+")


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


def describe_controller(workspace_id: int, said: str, name: str, contact: str) -> dict[str, Any]:
    """Who answers for it (Art. 13(1)(a)): as the notice named them, its first line the name, the others the address; else by a name alone."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    found = _REACHED_AT.search(said)
    told = {
        "@id": controller_id(workspace_id),
        "@type": "dpv:DataController",
        "dpv:hasName": lines[0] if lines else name,
        "dpv:hasAddress": ", ".join(lines[1:]),
        "dpv:hasContact": found[0].rstrip(".") if found else contact,
    }
    return {term: value for term, value in told.items() if value}


def controller_id(workspace_id: int) -> str:
    """The name of a workspace's controller in its receipts."""
    return f"urn:troth:controller:{workspace_id}"


def describe_terms(terms: Mapping[str, Any], says: Mapping[str, str], *, stored_in: Sequence[str], withdraw_at: str) -> dict[str, Any]:
    """What the person agreed to or refused: the purpose as it was then, and what the notice said. Its terms are those that ISO/IEC TS 27560 asks for."""
    categories = list(terms.get("data_categories") or ()) or [line.strip() for line in says.get("data", "").splitlines() if line.strip()]
    duration = {"dpv:hasDuration": terms["retention"]} if terms.get("retention") else {"dct:description": "as long as the person is known"}
    told: dict[str, Any] = {
        "dpv:hasLegalBasis": BASES.get(terms.get("legal_basis", ""), ""),
        "dpv:hasJurisdiction": JURISDICTION,
        "dpv:hasApplicableLaw": LAW,
        "dpv:hasPersonalData": [{"@type": _data_type(terms), "dct:title": category} for category in categories],
        "dpv:hasStorageCondition": [
            *({"@type": "dpv:StorageLocation", "dpv:hasLocation": f"loc:{code}"} for code in stored_in if _COUNTRY.fullmatch(code)),
            {"@type": "dpv:StorageDuration", **duration},
            {"@type": "dpv:StorageDeletion", "dpv:hasDuration": DELETION_LAG},
        ],
        "dpv:hasRecipient": [{"@type": "dpv:Recipient", "dpv:hasName": name} for name in terms.get("recipients") or ()],
        "dpv:hasConsentControl": _withdrawal(says, withdraw_at),
        "dpv:hasAuthority": {"@type": "dpv:Authority", "dpv:hasName": says["authority"]} if says.get("authority") else None,
        "troth:transfers": terms.get("transfers") or "",
        "troth:retention": terms.get("retention", ""),
        "troth:recipients": terms.get("recipients") or [],
    }
    kept = ("troth:retention", "troth:recipients")
    return {term: value for term, value in told.items() if value or term in kept}


def _data_type(terms: Mapping[str, Any]) -> str:
    return "dpv:SpecialCategoryPersonalData" if terms.get("special_category") else "dpv:PersonalData"


def _withdrawal(says: Mapping[str, str], withdraw_at: str) -> dict[str, Any]:
    """How it is taken back (Art. 7(3)): at an address that is the person's alone, or in the words of the notice."""
    where = {"dpv:isExercisedAt": withdraw_at} if withdraw_at else {}
    return {
        "@type": "dpv:WithdrawConsent",
        **where,
        "dct:description": says.get("withdrawal") or "by the link in every mail, or by a word to the controller",
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
