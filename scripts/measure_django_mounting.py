"""Measures three ways to mount Django behind the dispatcher: its ASGI handler, our WSGI bridge, and a2wsgi where it can be imported.

    python scripts/measure_django_mounting.py [--rounds 3] [--seconds 4]

Needs wrk. Each way serves the same views, with the settings and middleware of Troth, in one uvicorn process; the rounds are interleaved, so that a
busy machine disturbs all alike. The figures in docs/decisions/003-how-django-is-mounted.md come from here; compare ratios, not numbers.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

WAYS = ("django-asgi", "own-bridge", "a2wsgi")
PAGES = ("/plain", "/read")
PAUSE = 0.3


def make_application(way: str) -> Any:
    """Django with the views below, mounted in one of the ways."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "troth.project.settings")
    import django
    from django.conf import settings

    django.setup()
    settings.ROOT_URLCONF = __name__
    _add_views()
    if way == "django-asgi":
        from django.core.handlers.asgi import ASGIHandler

        return ASGIHandler()
    from django.core.handlers.wsgi import WSGIHandler

    if way == "own-bridge":
        from troth.project.wsgi_in_threads import WsgiInThreads

        return WsgiInThreads(WSGIHandler())
    from a2wsgi import WSGIMiddleware

    return WSGIMiddleware(WSGIHandler(), workers=8)


urlpatterns: list[Any] = []


def _add_views() -> None:
    from django.http import HttpResponse, StreamingHttpResponse
    from django.urls import path

    from troth.workspaces.models import Workspace

    def plain(request: HttpRequest) -> HttpResponse:
        return HttpResponse("ok")

    def read(request: HttpRequest) -> HttpResponse:
        return HttpResponse(",".join(Workspace.objects.values_list("name", flat=True)))

    def stream(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(_parts())

    urlpatterns[:] = [path("plain", plain), path("read", read), path("stream", stream)]


def _parts() -> Iterator[bytes]:
    for _ in range(4):
        yield b"x" * 1000
        time.sleep(PAUSE)


def serve(way: str, port: int) -> None:
    """Serve one way until SIGTERM."""
    import uvicorn

    uvicorn.run(
        make_application(way), port=port, loop="uvloop", http="httptools", lifespan="off", access_log=False, log_config=None, ws="none"
    )


def measure(rounds: int, seconds: int) -> None:
    """Print a table."""
    results: dict[tuple[str, str], list[float]] = {}
    notes: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as data:
        environment = {**os.environ, "TROTH_DATA": data}
        troth = [sys.executable, "-m", "troth.project.cli"]
        subprocess.run([*troth, "init"], env=environment, check=True, stdout=subprocess.DEVNULL)
        subprocess.run([*troth, "workspace", "create", "Acme"], env=environment, check=True, stdout=subprocess.DEVNULL)
        for number in range(rounds):
            for way in WAYS:
                _measure_way(way, environment, seconds, results, notes, first=number == 0)
    for way in WAYS:
        for page in PAGES:
            rates = results.get((way, page))
            if rates:
                print(f"{way:12} {page:7} {statistics.median(rates):8,.0f} requests/s   of {', '.join(f'{rate:,.0f}' for rate in rates)}")
        print(f"{way:12} {notes.get(way, 'cannot be imported')}")


def _measure_way(
    way: str,
    environment: dict[str, str],
    seconds: int,
    results: dict[tuple[str, str], list[float]],
    notes: dict[str, str],
    *,
    first: bool,
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([sys.executable, __file__, "--serve", way, "--port", str(port)], env=environment)
    try:
        if not _wait(server, lambda: _fetch(port, "/plain")[0] == 200):
            return
        for page in PAGES:
            done = subprocess.run(
                ["wrk", "-t1", "-c16", f"-d{seconds}s", f"http://127.0.0.1:{port}{page}"], capture_output=True, text=True, check=True
            )
            if "Non-2xx" in done.stdout:
                raise SystemExit(done.stdout)
            results.setdefault((way, page), []).append(float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1)))  # type: ignore[union-attr]
        if first:
            _, to_first, to_last = _fetch(port, "/stream")
            kind = "streams" if to_first < PAUSE else "does NOT stream"
            notes[way] = f"{kind}: first part after {to_first * 1000:.0f} ms, last after {to_last * 1000:.0f} ms"
    finally:
        server.terminate()
        server.wait(20)


def _wait(server: subprocess.Popen[bytes], check: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if check():
                return True
        except OSError:
            pass
        time.sleep(0.05)
    return False


def _fetch(port: int, page: str) -> tuple[int, float, float]:
    """Status, seconds to the first part of the body, seconds to the end."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    started = time.monotonic()
    connection.request("GET", page)
    answer = connection.getresponse()
    answer.read(1)
    to_first = time.monotonic() - started
    answer.read()
    return answer.status, to_first, time.monotonic() - started


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--serve", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.serve, chosen.port)
    else:
        measure(chosen.rounds, chosen.seconds)
