"""Links and images are asked on demand, and nothing inside the network is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from troth.content.library import create_piece
from troth.messages.link_checking import check_addresses, find_addresses

ANSWERS = {
    "/ok": (200, "text/html", 10),
    "/gone": (404, "text/html", 0),
    "/a.png": (200, "image/png", 900_000),
    "/b.png": (200, "text/html", 9),
}


class Site(BaseHTTPRequestHandler):
    """A web site that knows no HEAD of one page."""

    def do_HEAD(self) -> None:
        if self.path == "/get-only":
            return self._say(405, "text/html", 0)
        return self._say(*ANSWERS.get(self.path, (200, "text/html", 0)))

    def do_GET(self) -> None:
        self._say(200, "text/html", 0)

    def _say(self, status: int, kind: str, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        """Be silent."""


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def template(workspace: Any, site: str) -> Any:
    body = (
        f"<a href='{site}/ok'>a</a>\n<a href='{site}/gone'>b</a><img src='{site}/a.png'>\n<img src='{site}/b.png'><a href='{site}/get-only'>g</a>"
        f"<a href='{site}/{{{{ person.id }}}}'>own</a><a href='mailto:a@b.test'>m</a>"
    )
    return create_piece(workspace.pk, kind="email", key="hello", parts={"en": {"subject": "S", "body": body}})


def test_what_answers_wrongly_is_told_with_its_place(workspace: Any, site: str, settings: Any) -> None:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    piece = template(workspace, site)
    assert len(find_addresses(piece)) == 5
    assert {(finding.line, finding.message) for finding in check_addresses(piece)} == {
        (2, "it answers 404."),
        (2, "this image has 900 kB: make it smaller, it is loaded on phones."),
        (3, "this is no image but text/html."),
    }


def test_nothing_inside_the_network_is_asked(workspace: Any, site: str, settings: Any) -> None:
    settings.TROTH_PRIVATE_TARGETS = []
    assert {finding.message for finding in check_addresses(template(workspace, site))} == {
        "it leads inside this network, where nobody who gets the mail can follow."
    }
