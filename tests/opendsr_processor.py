"""A processor that speaks OpenDSR, written without Troth's own code: HTTPS, with a certificate of a test's authority, signing what it answers."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256

from tests.authority import Certified

DOMAIN = "localhost"
LATER = "2026-12-24T12:00:00Z"


@dataclass
class OpendsrProcessor:
    """What it was asked, and how it answers."""

    signs_with: Certified
    url: str = ""
    domain: str = DOMAIN
    identities: list[tuple[str, str]] = field(default_factory=lambda: [("email", "raw"), ("controller_customer_id", "raw")])
    types: list[str] = field(default_factory=lambda: ["access", "portability", "erasure"])
    asked: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, str, str]] = field(default_factory=list)
    """(method, path, authorization)."""
    state: str = "pending"
    more: dict[str, Any] = field(default_factory=dict)
    """Of a status or callback."""
    down: int = 0
    """Answers that are 503."""
    spoils: bool = False
    """Signs something else than it sends."""
    forgets: bool = False
    """Says in the receipt that it was asked something else."""
    certificate_host: str = DOMAIN

    def sign(self, body: bytes) -> dict[str, str]:
        signed = self.signs_with.key.sign(body + (b" " if self.spoils else b""), padding.PKCS1v15(), SHA256())
        return {"X-OpenDSR-Processor-Domain": self.domain, "X-OpenDSR-Signature": base64.b64encode(signed).decode()}

    def status_of(self, request_id: str) -> dict[str, Any]:
        return {
            "controller_id": "c1",
            "expected_completion_time": LATER,
            "subject_request_id": request_id,
            "request_status": self.state,
            **self.more,
        }

    def callback(self, request_id: str, state: str, **changed: Any) -> tuple[bytes, dict[str, str]]:
        """A callback as it would post it: body and headers."""
        own = next(asked for asked in self.asked if asked["subject_request_id"] == request_id)
        told = {
            **self.status_of(request_id),
            "request_status": state,
            "status_callback_url": own["status_callback_urls"][0],
            "results_count": 1,
            **changed,
        }
        body = json.dumps(told).encode()
        return body, self.sign(body)

    def answer(self, method: str, path: str, raw: bytes) -> tuple[int, bytes, dict[str, str]]:
        if path == "/v2/discovery":
            return 200, json.dumps(self._discovery()).encode(), {}
        if path == "/cert.pem":
            return 200, self.signs_with.pem, {}
        if self.down > 0:
            self.down -= 1
            return 503, b"{}", {}
        if method == "POST":
            asked = json.loads(raw)
            if asked not in self.asked:
                self.asked.append(asked)
            body = json.dumps(self._receipt(asked["subject_request_id"], raw)).encode()
            return 201, body, self.sign(body)
        request_id = path.rpartition("/")[2]
        if method == "DELETE":
            if self.state != "pending":
                return 400, b'{"error":{"code":400}}', {}
            self.state = "cancelled"
            body = json.dumps({"controller_id": "c1", "subject_request_id": request_id, "received_time": LATER}).encode()
            return 202, body, self.sign(body)
        body = json.dumps(self.status_of(request_id)).encode()
        return 200, body, self.sign(body)

    def _discovery(self) -> dict[str, Any]:
        port = self.url.rpartition(":")[2].partition("/")[0]
        return {
            "api_version": "2.0",
            "supported_identities": [{"identity_type": kind, "identity_format": form} for kind, form in self.identities],
            "supported_subject_request_types": self.types,
            "processor_certificate": f"https://{self.certificate_host}:{port}/cert.pem",
        }

    def _receipt(self, request_id: str, raw: bytes) -> dict[str, Any]:
        return {
            "controller_id": "c1",
            "expected_completion_time": LATER,
            "received_time": "2026-11-26T12:00:00Z",
            "encoded_request": base64.b64encode(b"{}" if self.forgets else raw).decode(),
            "subject_request_id": request_id,
        }


@contextmanager
def run_processor(certified: Certified, folder: Path) -> Iterator[OpendsrProcessor]:
    processor = OpendsrProcessor(certified)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            processor.calls.append((self.command, self.path, self.headers.get("Authorization", "")))
            status, body, headers = processor.answer(self.command, self.path, raw)
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _do

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = certified.tls(folder).wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    processor.url = f"https://{DOMAIN}:{server.server_address[1]}/v2"
    try:
        yield processor
    finally:
        server.shutdown()
        server.server_close()
