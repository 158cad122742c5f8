"""Apple's push service on this machine: HTTP/2 over TLS, with answers by token."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded


@dataclass
class Apple:
    """What it was sent, by stream: headers and payload."""

    port: int = 0
    trust: Any = None
    answers: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Token → status and reason; else 200."""
    got: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)


class _Connection(asyncio.Protocol):
    def __init__(self, apple: Apple) -> None:
        self.apple, self.h2, self.open = apple, H2Connection(H2Configuration(client_side=False, header_encoding="utf-8")), {}

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.h2.initiate_connection()
        transport.write(self.h2.data_to_send())

    def data_received(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            if isinstance(event, RequestReceived):
                self.open[event.stream_id] = (dict(event.headers), bytearray())
            elif isinstance(event, DataReceived):
                self.open[event.stream_id][1].extend(event.data)
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, StreamEnded):
                headers, body = self.open.pop(event.stream_id)
                self.apple.got.append((headers, json.loads(body)))
                status, reason = self.apple.answers.get(headers[":path"].rpartition("/")[2], ("200", ""))
                told = [(":status", status), ("apns-id", headers["apns-id"])]
                self.h2.send_headers(event.stream_id, told, end_stream=not reason)
                if reason:
                    self.h2.send_data(event.stream_id, json.dumps({"reason": reason}).encode(), end_stream=True)
        self.transport.write(self.h2.data_to_send())


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    certificate, private = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    encoding = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(*encoding))
    return certificate, private


@contextmanager
def run_apple(folder: Path) -> Iterator[Apple]:
    apple = Apple()
    certificate, private = _certificate(folder)
    server_side = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server_side.load_cert_chain(certificate, private)
    server_side.set_alpn_protocols(["h2"])
    apple.trust = ssl.create_default_context(cafile=str(certificate))
    apple.trust.set_alpn_protocols(["h2"])
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: _Connection(apple), "127.0.0.1", 0, ssl=server_side))
    apple.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield apple
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        server.close()
        loop.close()
