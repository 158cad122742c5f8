"""The real libraries of Segment and RudderStack understand every answer Troth gives: when to give up, when to send again."""

from __future__ import annotations

import gzip
import http.server
import json
import threading
from collections.abc import Iterator

import pytest
from clients_run import node, run


class Answers:
    """A server that gives the answers it was told, one after the other, and counts what it was asked."""

    def __init__(self) -> None:
        self.script: list[int] = []
        self.asked: list[bytes] = []
        answers = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answers.asked.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
                status = answers.script.pop(0) if answers.script else 200
                shape = {"success": True} if status == 200 else {"success": False, "status": status, "code": "told", "message": "As told."}
                body = json.dumps(shape).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                if status in (429, 503):
                    self.send_header("Retry-After", "1")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def answers() -> Iterator[Answers]:
    found = Answers()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.mark.parametrize(
    ("script", "asked", "errors"),
    [
        ([200], 1, False),
        ([400], 1, True),
        ([401], 1, True),
        ([413], 1, True),
        ([429, 200], 2, False),
        ([503, 200], 2, False),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, list) else None,
)
@pytest.mark.parametrize(
    ("client", "before", "after"),
    [
        pytest.param("segment_python.py", ("segment",), (), id="segment-python"),
        pytest.param("segment_python.py", ("rudderstack",), (), id="rudder-python"),
        pytest.param("segment_node.mjs", (), (), id="segment-node", marks=node),
        pytest.param("rudder_node.mjs", (), (), id="rudder-node", marks=node),
    ],
)
def test_a_library_understands_the_answers_we_give(
    answers: Answers,
    client: str,
    before: tuple[str, ...],
    after: tuple[str, ...],
    script: list[int],
    asked: int,
    errors: bool,
) -> None:
    answers.script = list(script)
    lines = run(client, *before, answers.url, "WK", "dana", *after, "one", seconds=40)
    assert lines[-1] == {"finished": True}
    assert (len(answers.asked), any("error" in line for line in lines)) == (asked, errors), lines
    # What is sent again carries the same ids, by which it is known as a duplicate.
    ids = [[message["messageId"] for message in json.loads(body)["batch"]] for body in answers.asked]
    assert ids == [ids[0]] * asked


@pytest.mark.parametrize("library", ["segment", "rudderstack"])
@pytest.mark.parametrize("status", [400, 401, 503])
def test_in_sync_mode_a_python_library_raises_what_it_is_told_and_does_not_repeat(answers: Answers, library: str, status: int) -> None:
    answers.script = [status]
    lines = run("segment_python.py", library, answers.url, "WK", "dana", "sync", "one")
    assert len(answers.asked) == 1
    assert "told" in lines[0]["error"] or "As told." in lines[0]["error"] or str(status) in lines[0]["error"]
