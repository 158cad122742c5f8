"""OpenDSR: what is signed can be checked by anybody, and a certificate is believed only if everything about it holds."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.core.management import call_command
from django.core.management.base import CommandError

from tests.authority import Authority, Certified, _sign, rsa_key
from tests.http_server import Asked, run_provider
from troth.kernel.clock import DAY, now_ms
from troth.privacy.opendsr import bodies, own_certificate, revocation
from troth.privacy.opendsr.certificates import CertificateRejected, check_certificate
from troth.privacy.opendsr.revocation import Revocation
from troth.privacy.opendsr.signatures import sign, verify, verify_digest
from troth.privacy.opendsr.trust import open_session

DOMAIN = "opendsr.example.com"
BODY = b'{"request_status":"completed"}'


@pytest.fixture
def authority(tmp_path: Path, settings: Any) -> Iterator[Authority]:
    made = Authority()
    settings.TROTH_OPENDSR_ROOTS = made.write_root(tmp_path)
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    revocation.forget_answers()
    yield made
    revocation.forget_answers()


@pytest.fixture
def installed(authority: Authority, tmp_path: Path, settings: Any) -> Certified:
    made = authority.issue(DOMAIN)
    made.install(tmp_path, settings)
    return made


def test_openssl_finds_our_signature_genuine(installed: Certified, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(BODY)
    (tmp_path / "signature").write_bytes(base64.b64decode(sign(BODY)))
    (tmp_path / "public").write_bytes(installed.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    command = ["openssl", "dgst", "-sha256", "-verify", "public", "-signature", "signature"]
    try:
        told = subprocess.run([*command, "body"], cwd=tmp_path, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no openssl on this machine")
    assert told.stdout.strip() == "Verified OK"
    (tmp_path / "body").write_bytes(BODY + b" ")
    assert subprocess.run([*command, "body"], cwd=tmp_path, capture_output=True, check=False).returncode != 0


def test_a_signature_fits_its_body_alone_and_also_its_digest(installed: Certified) -> None:
    signature = sign(BODY)
    assert verify(BODY, signature, installed.pem)
    assert verify_digest(sha256(BODY).digest(), signature, installed.pem)
    assert not verify(BODY + b" ", signature, installed.pem)
    assert not verify(BODY, signature[:-4] + "AAA=", installed.pem)
    assert not verify(BODY, "no base64 at all", installed.pem)
    assert not verify(BODY, signature, b"no certificate")


def test_elliptic_curves_are_accepted_from_others(authority: Authority) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    other = authority.issue(DOMAIN, key=key)
    signature = base64.b64encode(key.sign(BODY, ec.ECDSA(SHA256()))).decode()
    assert verify(BODY, signature, other.pem)
    assert verify_digest(sha256(BODY).digest(), signature, other.pem)
    assert not verify(BODY + b" ", signature, other.pem)


def test_a_certificate_from_a_trusted_authority_for_this_domain_is_believed(authority: Authority) -> None:
    found = check_certificate(authority.issue(DOMAIN).pem, DOMAIN, now_ms())
    assert found.revocation is Revocation.NOT_NAMED
    assert len(found.chain) == 3
    assert 29 * DAY < found.valid_until - now_ms() < 31 * DAY


@pytest.mark.parametrize("reason", ["expired", "wrong_domain", "untrusted", "unreadable", "not yet valid", "stranger", "chain"])
def test_a_certificate_is_rejected_with_the_reason(authority: Authority, reason: str) -> None:
    pem = {
        "expired": lambda: authority.issue(DOMAIN, days=(-30, -1)).pem,
        "not yet valid": lambda: authority.issue(DOMAIN, days=(1, 30)).pem,
        "wrong_domain": lambda: authority.issue("other.example.com").pem,
        "untrusted": lambda: authority.self_signed(DOMAIN).pem,
        "stranger": lambda: Authority().issue(DOMAIN).pem,
        "chain": lambda: authority.issue(DOMAIN).certificate.public_bytes(Encoding.PEM),
        "unreadable": lambda: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    }[reason]()
    with pytest.raises(CertificateRejected) as refused:
        check_certificate(pem, DOMAIN, now_ms())
    told = {"not yet valid": "expired", "stranger": "untrusted", "chain": "untrusted"}
    assert refused.value.reason == told.get(reason, reason)


def test_a_list_of_revoked_certificates_is_asked(authority: Authority) -> None:
    with run_provider(lambda asked: (200, authority.list_revoked())) as server:
        good, bad = (authority.issue(DOMAIN, crl_url=f"{server.url}/list.crl") for _ in range(2))
        authority.revoked.append(bad.certificate)
        assert check_certificate(good.pem, DOMAIN, now_ms()).revocation is Revocation.GOOD
        assert check_certificate(good.pem, DOMAIN, now_ms()).revocation is Revocation.GOOD
        assert len(server.asked) == 1, "what was said counts for a while"
        assert _reason(bad, authority) == "revoked"


@pytest.mark.parametrize("wrong", ["signed by another", "out of date", "not there", "not a list"])
def test_a_list_that_proves_nothing_does_not_make_a_certificate_good(authority: Authority, wrong: str) -> None:
    content = {
        "signed by another": lambda: (200, authority.list_revoked(by=authority.root)),
        "out of date": lambda: (200, authority.list_revoked(days=(-3, -1))),
        "not there": lambda: (404, b""),
        "not a list": lambda: (200, b"hello"),
    }[wrong]
    with run_provider(lambda asked: content()) as server:
        assert _reason(authority.issue(DOMAIN, crl_url=f"{server.url}/list.crl"), authority) == "revocation_unknown"


def test_whom_the_authority_has_answer_is_asked_too(authority: Authority) -> None:
    holder: list[x509.Certificate] = []
    appointed_key = ec.generate_private_key(ec.SECP256R1())
    usage = [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING])]
    appointed = Certified(
        appointed_key, _sign("Answers", appointed_key, authority.middle.key, authority.middle.certificate, more=list(usage)), []
    )
    usurper = Certified(appointed_key, _sign("Usurps", appointed_key, authority.middle.key, authority.middle.certificate), [])
    signers: list[Certified | None] = [None]

    def answer(asked: Asked) -> tuple[int, bytes]:
        return 200, authority.answer_status(asked.body, holder[-1], by=signers[-1])

    with run_provider(answer) as server:
        for signer, told in ((None, Revocation.GOOD), (appointed, Revocation.GOOD), (usurper, None)):
            one = authority.issue(DOMAIN, ocsp_url=f"{server.url}/ocsp")
            holder.append(one.certificate)
            signers.append(signer)
            if told:
                assert check_certificate(one.pem, DOMAIN, now_ms()).revocation is told
            else:
                assert _reason(one, authority) == "revocation_unknown"
        signers.append(None)
        authority.revoked.append(holder[-1])
        assert _reason(Certified(rsa_key(), holder[-1], one.between), authority) == "revoked"


def _reason(one: Certified, authority: Authority) -> str:
    with pytest.raises(CertificateRejected) as refused:
        check_certificate(one.pem, DOMAIN, now_ms())
    return refused.value.reason


def test_https_to_others_trusts_the_own_authority_and_still_no_self_signed_certificate(authority: Authority, tmp_path: Path) -> None:
    import requests

    good, bad = authority.issue(DOMAIN, address="127.0.0.1"), authority.self_signed(DOMAIN)
    with run_provider(tls=good.tls(tmp_path)) as server, open_session() as session:
        assert session.get(server.url, timeout=5).status_code == 200
    with run_provider(tls=bad.tls(tmp_path)) as server, open_session() as session, pytest.raises(requests.exceptions.SSLError):
        session.get(server.url, timeout=5)


def test_a_key_that_others_can_read_signs_nothing(installed: Certified, settings: Any) -> None:
    Path(settings.TROTH_OPENDSR_KEY).chmod(0o644)
    with pytest.raises(own_certificate.CertificateMissing, match="chmod 600"):
        own_certificate.load_key(Path(settings.TROTH_OPENDSR_KEY), "")


def test_a_new_key_may_be_encrypted_and_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "own.key"
    made = own_certificate.make_key(path, "secret")
    assert b"ENCRYPTED" in path.read_bytes()
    assert own_certificate.load_key(path, "secret").public_key() == made.public_key()
    for wrong in ("", "other"):
        with pytest.raises(own_certificate.CertificateMissing, match="PASSWORD"):
            own_certificate.load_key(path, wrong)
    with pytest.raises(own_certificate.CertificateMissing, match="there already"):
        own_certificate.make_key(path, "secret")
    asked = x509.load_pem_x509_csr(own_certificate.request_certificate(made, DOMAIN, "Acme"))
    assert asked.is_signature_valid
    assert asked.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName) == [DOMAIN]


def test_the_command_makes_a_key_asks_for_a_certificate_and_checks_what_came(
    authority: Authority, tmp_path: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.TROTH_OPENDSR_URL = "http://127.0.0.1:8000"
    with pytest.raises(CommandError, match="https address"):
        call_command("opendsr_certificate")
    settings.TROTH_OPENDSR_URL = f"https://{DOMAIN}"
    settings.TROTH_OPENDSR_KEY, settings.TROTH_OPENDSR_CERTIFICATE = str(tmp_path / "new.key"), str(tmp_path / "new.pem")
    with pytest.raises(own_certificate.CertificateMissing, match="--new"):
        call_command("opendsr_certificate")
    call_command("opendsr_certificate", new=True, organisation="Acme")
    asked = x509.load_pem_x509_csr(capsys.readouterr().out.encode())
    key = own_certificate.load_key(tmp_path / "new.key", "")
    assert asked.public_key() == key.public_key()
    (tmp_path / "new.pem").write_bytes(authority.issue(DOMAIN, key=key).pem)
    call_command("opendsr_certificate")
    told = capsys.readouterr().out
    assert "good: others will believe it" in told
    assert "revocation   not named" in told
    (tmp_path / "new.pem").write_bytes(authority.issue("other.example.com", key=key).pem)
    with pytest.raises(CommandError, match="not for this domain"):
        call_command("opendsr_certificate")


def test_a_body_of_either_version_is_read_and_a_wrong_one_is_explained_without_its_values() -> None:
    first: dict[str, Any] = {
        "subject_request_id": "a7551968-d5d6-44b2-9831-815ac9017798",
        "subject_request_type": "erasure",
        "submitted_time": "2026-10-02T15:00:00Z",
        "subject_identities": [{"identity_type": "email", "identity_value": "dana@example.com", "identity_format": "raw"}],
        "api_version": "1.0",
    }
    read = bodies.read(json.dumps(first).encode(), bodies.Request)
    assert bodies.to_ms(read.submitted_time) == 1_790_953_200_000
    assert bodies.to_ms(bodies.to_moment(1_790_953_200_123)) == 1_790_953_200_123
    assert json.loads(bodies.write(read)) == first
    wrong = [
        ({"subject_request_id": None}, "subject_request_id"),
        ({"submitted_time": "dana@example.com"}, "submitted_time"),
        ({"submitted_time": "2026-10-02T15:00:00"}, "submitted_time"),
        ({"subject_identities": [{"identity_type": "email", "identity_value": "dana@example.com"}]}, "identity_format field is required"),
        ({"subject_identities": {"email": "dana@example.com"}}, "subject_identities"),
    ]
    for change, told in wrong:
        with pytest.raises(bodies.BodyInvalid, match=told) as refused:
            bodies.read(json.dumps({**first, **change}).encode(), bodies.Request)
        assert "dana" not in str(refused.value)
    for raw in (b"{", b"\xff", b'{"extra":' * 100_000):
        with pytest.raises(bodies.BodyInvalid, match="not JSON"):
            bodies.read(raw, bodies.Request)


def test_headers_have_two_names() -> None:
    for version in (bodies.V1, bodies.V2):
        assert bodies.read_headers(bodies.headers_for(version, DOMAIN, "c2ln")) == (DOMAIN, "c2ln")
    assert bodies.read_headers({"x-opendsr-processor-domain": "Opendsr.Example.com"}) == (DOMAIN, "")
