"""A certificate can be checked by anybody who has the public key, and cannot be changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from troth.privacy.certificate import CertificateInvalid, certify, public_key_pem, verify_certificate

CLAIMS = {"type": "erasure", "request_id": "r-1", "levels": [{"level": "L1", "reached": True}], "note": "Köln"}


def test_a_certificate_is_verified_with_the_public_key() -> None:
    assert verify_certificate(certify(CLAIMS), public_key_pem()) == CLAIMS


def test_changed_claims_are_noticed() -> None:
    document = json.loads(certify(CLAIMS))
    document["claims"]["levels"].append({"level": "L2", "reached": True})

    with pytest.raises(CertificateInvalid, match="not those that were signed"):
        verify_certificate(json.dumps(document))


def test_a_signature_of_another_installation_is_noticed_although_its_key_lies_beside_it() -> None:
    stranger = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    with pytest.raises(CertificateInvalid, match="another installation"):
        verify_certificate(certify(CLAIMS), stranger)


def test_an_unsigned_certificate_is_refused() -> None:
    document = json.loads(certify(CLAIMS))
    document["jws"] = "eyJhbGciOiJub25lIn0." + document["jws"].split(".")[1] + "."

    with pytest.raises(CertificateInvalid):
        verify_certificate(json.dumps(document))


def test_whoever_has_no_troth_set_up_verifies_with_the_public_key_alone(tmp_path: Path) -> None:
    """An auditor's machine: no data directory, no master key, no database, and none is made."""
    file, pem = tmp_path / "certificate.json", tmp_path / "key.pem"
    file.write_text(certify(CLAIMS))
    pem.write_text(public_key_pem())
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("TROTH_", "DJANGO_"))}
    words = [sys.executable, "-c", "import sys; from troth.project.cli import main; sys.exit(main())", "privacy", "verify", str(file)]
    told = subprocess.run([*words, "--public-key", str(pem)], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "Genuine: erasure r-1, None, reached L1.\n"), told.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["certificate.json", "key.pem"]


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"claims": {}, "jws": 7}', '{"claims": {}, "jws": "a.b"}', "x" * 10])
def test_what_is_no_certificate_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(CertificateInvalid):
        verify_certificate(text)


@given(st.data())
def test_no_single_changed_character_of_the_signature_part_passes(data: st.DataObject) -> None:
    document = json.loads(certify(CLAIMS))
    token = document["jws"]
    place = data.draw(st.integers(0, len(token) - 3))
    other = data.draw(st.sampled_from("ABCXYZabcxyz019-_").filter(lambda letter: letter != token[place]))
    document["jws"] = token[:place] + other + token[place + 1 :]

    with pytest.raises(CertificateInvalid):
        verify_certificate(json.dumps(document))
