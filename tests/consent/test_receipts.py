"""Receipts verify with the public key alone, and whatever is changed in one is found."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
import time
import timeit
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.evidence import GIVEN
from troth.consent.catalog import MARKETING_EMAIL
from troth.consent.ledger.log import append_for
from troth.consent.models import Record
from troth.consent.receipts import make_receipt
from troth.consent.verifying import PROOF, SIGNATURE, ReceiptInvalid, signed_part, verify_receipt
from troth.intake.commands import Decide, Decision, Identify, Identity
from troth.intake.door import apply
from troth.kernel.crypto import signing_key
from troth.kernel.personal_data import Subject, erase_everywhere

NOW = 1_790_000_000_000


def decide(workspace: Any, who: str, decision: Decision = Decision.GRANT, **evidence: Any) -> Record:
    about = {"workspace_id": workspace.pk, "source": "api", "received_at": NOW, "identity": Identity(external_id=who)}
    said = Decide(decision=decision, purpose=MARKETING_EMAIL, evidence={**GIVEN, **evidence}, **about)
    person_id = apply([Identify(**about), said], now=NOW)[1].person_id
    return Record.objects.filter(person_id=person_id).order_by("-record_id")[0]


@pytest.fixture
def receipt(workspace: Any) -> dict[str, Any]:
    for number in range(20):
        decide(workspace, f"p{number}")
    decide(workspace, "dana", deep={"a": [1.0, None, True]})
    record = decide(workspace, "dana")
    return make_receipt(record, NOW)


def public_key() -> Any:
    return signing_key().public_key()


def test_a_receipt_verifies_with_the_public_key_alone_also_as_a_file(receipt: dict[str, Any]) -> None:
    found = verify_receipt(json.loads(json.dumps(receipt)), public_key())
    assert found.head is not None
    assert (found.leaf, found.head.size) == (21, 22)
    assert receipt["troth:noticeText"] == GIVEN["notice"]
    assert receipt["dpv:hasLegalBasis"] == "eu-gdpr:A6-1-a"
    status = receipt["dpv:hasRecordOfActivity"]["dpv:hasConsentStatus"][0]
    assert (status["@type"], status["troth:permits"]) == (["dpv:RenewedConsentGiven"], True)
    with pytest.raises(ReceiptInvalid, match="signature"):
        verify_receipt(receipt, Ed25519PrivateKey.generate().public_key())


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every leaf of a receipt."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    inner = [place for name, part in parts for place in places(part, (*path, name))]
    yield from inner or [path]


def changed(receipt: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    other = copy.deepcopy(receipt)
    holder: Any = other
    for name in path[:-1]:
        holder = holder[name]
    old = holder[path[-1]]
    holder[path[-1]] = old + 1 if type(old) is int else not old if isinstance(old, bool) else f"x{old}"
    return other


def test_whatever_is_changed_in_a_receipt_is_found(receipt: dict[str, Any]) -> None:
    tried = list(places(receipt))
    assert len(tried) > 60
    for path in tried:
        with pytest.raises(ReceiptInvalid):
            verify_receipt(changed(receipt, path), public_key())


def test_even_whoever_has_the_key_cannot_have_a_receipt_say_what_the_ledger_does_not(receipt: dict[str, Any]) -> None:
    import base64

    def sign(forged: dict[str, Any]) -> dict[str, Any]:
        return {**forged, SIGNATURE: base64.b64encode(signing_key().sign(signed_part(forged))).decode()}

    for path in places(receipt["dpv:hasRecordOfActivity"], ("dpv:hasRecordOfActivity",)):
        with pytest.raises(ReceiptInvalid, match="does not say"):
            verify_receipt(sign(changed(receipt, path)), public_key())
    for path in places(receipt[PROOF], (PROOF,)):
        with pytest.raises(ReceiptInvalid):
            verify_receipt(sign(changed(receipt, path)), public_key())
    with pytest.raises(ReceiptInvalid, match="text"):
        verify_receipt(sign(changed(receipt, ("troth:noticeText",))), public_key())


@pytest.mark.parametrize("broken", [{}, {"@type": "x"}, {SIGNATURE: "AAAA"}, {SIGNATURE: 7, PROOF: None}])
def test_what_is_no_receipt_is_refused_in_words(broken: dict[str, Any]) -> None:
    with pytest.raises(ReceiptInvalid):
        verify_receipt(broken, public_key())


@pytest.mark.parametrize("decision", [Decision.WITHDRAW, Decision.REFUSE, Decision.OBJECT, Decision.DEFER])
def test_a_refusal_has_a_receipt_too_and_permits_nothing(workspace: Any, decision: Decision) -> None:
    receipt = make_receipt(decide(workspace, "dana", decision), NOW)
    assert verify_receipt(receipt, public_key()).head
    assert receipt["dpv:hasRecordOfActivity"]["dpv:hasConsentStatus"][0]["troth:permits"] is False


def test_a_receipt_still_verifies_after_the_record_was_erased(workspace: Any, receipt: dict[str, Any]) -> None:
    subject = Subject(workspace.pk, receipt[PROOF]["committed"]["subject_ref"])
    erase_everywhere([subject])
    while append_for(workspace.pk):
        pass
    assert verify_receipt(receipt, public_key()).leaf == 21
    assert not Record.objects.filter(person_id=subject.person_id).exists()


def test_a_receipt_is_verified_in_less_than_a_millisecond(receipt: dict[str, Any]) -> None:
    key = public_key()
    assert min(timeit.repeat(lambda: verify_receipt(receipt, key), timer=time.process_time, number=20, repeat=7)) / 20 < 1e-3


def test_the_command_verifies_without_data_directory_or_database(receipt: dict[str, Any], tmp_path: Path) -> None:
    file, pem = tmp_path / "receipt.json", tmp_path / "key.pem"
    file.write_text(json.dumps(receipt, ensure_ascii=False))
    pem.write_bytes(public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("TROTH_", "DJANGO_"))}

    def verify() -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-c", "import sys; from troth.project.cli import main; sys.exit(main())", "consent", "verify", str(file)]
        return subprocess.run([*words, "--key", str(pem)], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)

    told = verify()
    assert (told.returncode, "Genuine: record" in told.stdout, "entry 21 of the ledger of 22" in told.stdout) == (0, True, True), (
        told.stderr
    )
    file.write_text(json.dumps(changed(receipt, ("troth:purposeName",))))
    told = verify()
    assert told.returncode == 1
    assert "signature does not fit" in told.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key.pem", "receipt.json"]
