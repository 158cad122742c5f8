"""What comes from outside comes in time, or is given up: nobody holds a thread of ours by sending a byte now and then."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.authority import Authority
from tests.http_server import run_provider
from troth.messages.channels.outside import make_session, read_most

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"


@contextlib.contextmanager
def dripping(at_once: bytes, drop: bytes) -> Iterator[str]:
    """A server that answers with some bytes at once and then with one drop after the other, for as long as anybody listens."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(at_once)
                    while not over.wait(0.02):
                        connection.sendall(drop)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        finally:
            over.set()
            thread.join(5)


@pytest.fixture(autouse=True)
def _this_machine_may_be_reached(settings: Any) -> None:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]


@pytest.mark.parametrize(
    ("at_once", "drop"), [(b"", b"H"), (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"), (HEAD, b"x")], ids=["status", "headers", "body"]
)
def test_an_answer_that_drips_is_given_up_wherever_it_is(at_once: bytes, drop: bytes) -> None:
    with dripping(at_once, drop) as url, make_session(whole_within_s=0.3) as session:
        begun = time.monotonic()
        with pytest.raises((requests.Timeout, requests.ConnectionError)), session.get(url, timeout=(5, 60), stream=True) as response:
            read_most(response, 5_000)
        assert time.monotonic() - begun < 10


def test_whoever_says_nothing_is_waited_for_as_long_as_the_request_says() -> None:
    with dripping(b"", b"") as url, make_session(whole_within_s=60) as session, pytest.raises(requests.ReadTimeout):
        session.get(url, timeout=(5, 0.2))


@pytest.mark.parametrize("is_secure", [False, True], ids=["http", "https"])
def test_connections_are_kept_and_answers_whole(tmp_path: Any, is_secure: bool) -> None:
    authority = Authority()
    own = authority.issue("localhost").tls(tmp_path) if is_secure else None
    with run_provider(lambda asked: (200, b"x" * 200_000), tls=own) as provider, make_session(whole_within_s=20) as session:
        session.verify = False
        for _ in range(3):
            with (
                pytest.warns() if is_secure else contextlib.nullcontext(),
                session.get(provider.url, timeout=(5, 5), stream=True) as response,
            ):
                assert len(read_most(response, 300_000)) == 200_000
    assert len(provider.asked) == 3
