"""What stands before a served Troth and speaks HTTPS, as an operator's reverse proxy does."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass


@dataclass
class Front:
    """Where it listens, and to which port of this machine it passes everything on."""

    port: int
    target: int = 0


@contextmanager
def run_front(tls: ssl.SSLContext) -> Iterator[Front]:
    listener = socket.create_server(("127.0.0.1", 0))
    front = Front(listener.getsockname()[1])

    def accept() -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(plain,), daemon=True).start()

    def serve(plain: socket.socket) -> None:
        with (
            suppress(OSError),
            tls.wrap_socket(plain, server_side=True) as outer,
            socket.create_connection(("127.0.0.1", front.target)) as inner,
        ):
            back = threading.Thread(target=copy, args=(inner, outer), daemon=True)
            back.start()
            copy(outer, inner)
            back.join()

    def copy(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65_536):
                target.sendall(piece)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield front
    finally:
        listener.close()
