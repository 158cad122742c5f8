"""OpenDSR by a client certificate in the place of a key's text: checked by a proxy that ends TLS, and believed from that proxy alone."""

from __future__ import annotations

import http.client
import io
import json
import ssl
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.core.management import call_command
from django.test import Client

from tests.authority import Authority, Certified, _sign
from tests.conftest import Served, make_served
from troth.workspaces.client_certificates import read_certificate
from troth.workspaces.keys import KeyInvalid, create_key
from troth.workspaces.models import AuditEntry, Key

HEADER = "X-Client-Cert"
STATUS = f"/v2/status/{uuid4()}"


def client_certificate(authority: Authority, name: str) -> Certified:
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    made = _sign(name, key, authority.middle.key, authority.middle.certificate, more=[usage])
    return Certified(key, made, [authority.middle.certificate])


def pem_of(one: Certified) -> bytes:
    return one.certificate.public_bytes(Encoding.PEM)


def write(one: Certified, folder: Path, name: str) -> tuple[str, str]:
    """Certificate with those between, and key, as files."""
    chain, key = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_bytes(pem_of(one) + b"".join(each.public_bytes(Encoding.PEM) for each in one.between))
    key.write_bytes(one.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(chain), str(key)


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def believed(settings: Any) -> None:
    settings.TROTH_CLIENT_CERTIFICATE_HEADER, settings.TROTH_TRUSTED_PROXIES = HEADER, ["127.0.0.1", "10.1.0.0/16"]


def ask(certificate: bytes | None, address: str = "127.0.0.1", token: str = "") -> tuple[int, str]:
    headers = {HEADER: quote(certificate.decode())} if certificate else {}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    answer = Client(headers=headers, REMOTE_ADDR=address).get(STATUS)
    return answer.status_code, answer.json()["error"]["errors"][0]["reason"]


def bind(workspace: Any, token: str, file: Path, pem: bytes) -> str:
    file.write_bytes(pem)
    told = io.StringIO()
    call_command(
        "key_certificate", str(workspace.pk), Key.objects.get(digest__isnull=False, label="dsr").prefix, file=str(file), stdout=told
    )
    return told.getvalue()


KNOWN, UNKNOWN = (404, "unknown_request"), (401, "key")


def test_a_certificate_opens_what_its_key_may_from_a_trusted_proxy_alone(
    workspace: Any, authority: Authority, believed: None, tmp_path: Path
) -> None:
    mine, other = client_certificate(authority, "acme.example"), client_certificate(authority, "mallory.example")
    token = create_key(workspace, "api", scopes=frozenset({"dsr:write"}), label="dsr")
    assert ask(pem_of(mine)) == UNKNOWN, "bound to no key yet"
    assert "SHA-256" in bind(workspace, token, tmp_path / "client.pem", pem_of(mine))
    assert ask(pem_of(mine)) == KNOWN and ask(pem_of(mine), "10.1.2.3") == KNOWN
    assert ask(pem_of(other)) == UNKNOWN and ask(None) == UNKNOWN
    assert ask(pem_of(mine), "192.0.2.7") == UNKNOWN, "anybody could write the header"
    assert ask(None, token=token) == (401, "certificate") == ask(pem_of(other), token=token), "the key's text alone opens it no more"
    assert ask(pem_of(mine), token=token) == KNOWN
    assert AuditEntry.objects.get(action="key.bound").detail["sha256"]
    Key.objects.filter(label="dsr").update(revoked_at="2026-01-01T00:00:00Z")
    assert ask(pem_of(mine)) == UNKNOWN


def test_it_is_off_by_default_and_a_certificate_stands_for_one_key(workspace: Any, authority: Authority, tmp_path: Path) -> None:
    mine = client_certificate(authority, "acme.example")
    token = create_key(workspace, "api", scopes=frozenset({"dsr:write"}), label="dsr")
    bind(workspace, token, tmp_path / "client.pem", pem_of(mine))
    assert ask(pem_of(mine)) == UNKNOWN
    create_key(workspace, "api", scopes=frozenset({"dsr:write"}), label="second")
    second = Key.objects.get(label="second").prefix
    with pytest.raises(KeyInvalid, match="another key"):
        call_command("key_certificate", str(workspace.pk), second, file=str(tmp_path / "client.pem"))
    (tmp_path / "none.pem").write_bytes(b"nothing")
    with pytest.raises(KeyInvalid, match="no certificate"):
        call_command("key_certificate", str(workspace.pk), second, file=str(tmp_path / "none.pem"))
    call_command("key_certificate", str(workspace.pk), Key.objects.get(label="dsr").prefix, remove=True, stdout=io.StringIO())
    assert ask(None, token=token) == KNOWN


def test_certificates_are_read_as_proxies_write_them_and_never_two_at_once(authority: Authority) -> None:
    mine, other = client_certificate(authority, "a.example"), client_certificate(authority, "b.example")
    pem, der = pem_of(mine).decode(), mine.certificate.public_bytes(Encoding.DER)
    digest = read_certificate(quote(pem))
    assert len(digest) == 64 and digest == read_certificate(pem) == read_certificate(f":{b64encode(der).decode()}:")
    rfc = f":{b64encode(der).decode()}:"
    for wrong in ("", "x", quote(pem) + "," + quote(pem_of(other).decode()), f"{rfc},{rfc}", "::", ":!:", "A" * 20_000, pem[:-40]):
        assert read_certificate(wrong) == ""


class Proxy(BaseHTTPRequestHandler):
    """Ends TLS, asks for a client certificate, takes away what the client claims, and passes on which certificate it was."""

    behind: tuple[str, int]

    def do_GET(self) -> None:
        passed = {name: value for name, value in self.headers.items() if name.lower() not in (HEADER.lower(), "host")}
        der = self.connection.getpeercert(binary_form=True)  # type: ignore[attr-defined]  # the connection is TLS
        if der:
            passed[HEADER] = f":{b64encode(der).decode()}:"
        connection = http.client.HTTPConnection(*self.behind, timeout=30)
        connection.request("GET", self.path, headers=passed)
        answer = connection.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        connection.close()

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    own = make_served(tmp_path, TROTH_CLIENT_CERTIFICATE_HEADER=HEADER, TROTH_TRUSTED_PROXIES="127.0.0.1")
    own.start()
    yield own
    assert own.stop() == 0


def test_for_real_a_handshake_with_the_certificate_opens_it_and_nothing_that_the_client_writes_does(
    served: Served, authority: Authority, tmp_path: Path
) -> None:
    mine, other = client_certificate(authority, "acme.example"), client_certificate(authority, "mallory.example")
    (tmp_path / "client.pem").write_bytes(pem_of(mine))
    kind, secret = served.workspace["auth_token"].removeprefix("tr_").split("_", 1)
    prefix = f"tr_{kind}_{secret[:4]}"
    done = served.cli("key", "certificate", "Acme", prefix, "--file", str(tmp_path / "client.pem"))
    assert done.returncode == 0 and "SHA-256" in done.stdout, done.stderr
    roots = authority.write_root(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=roots)
    context.load_cert_chain(*write(authority.issue("localhost", address="127.0.0.1"), tmp_path, "server"))
    context.verify_mode = ssl.CERT_OPTIONAL
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Proxy,), {"behind": ("127.0.0.1", served.port)}))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def call(one: Certified | None, **claimed: str) -> tuple[int, str]:
        outgoing = ssl.create_default_context(cafile=roots)
        if one:
            outgoing.load_cert_chain(*write(one, tmp_path, "caller"))
        connection = http.client.HTTPSConnection("127.0.0.1", server.server_address[1], context=outgoing, timeout=30)
        connection.request("GET", STATUS, headers=claimed)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())["error"]["errors"][0]["reason"]

    try:
        claim = quote(pem_of(mine).decode())
        assert call(mine) == KNOWN
        assert call(other) == UNKNOWN and call(None) == UNKNOWN
        assert call(other, **{HEADER: claim}) == UNKNOWN and call(None, **{HEADER: claim}) == UNKNOWN
        assert call(None, X_Client_Cert=claim) == UNKNOWN, "nor under a name that passes for it"
    finally:
        server.shutdown()
        server.server_close()
