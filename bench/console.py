"""How long the console's pages take on a million people and ten million events: the median of sequential requests over loopback, as a browser sees it."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import console_data
from bench.server import free_port, wait_for

REQUESTS = 20
WARM_UP = 3
GOAL_MS = 100
MAY_BE_AS_OLD_AS = 24 * 3600
"""Seconds after which the kept data is filled anew, so that today's figures are of today."""
HERE = Path(__file__).parent

PAGES = (
    ("home", ""),
    ("home, 30 days", "?range=30d"),
    ("people", "people"),
    ("people, second page", "people>older"),
    ("people, searched by e-mail", "people?q=heavy.person@example.com"),
    ("people, searched by a beginning", "people?q=ada"),
    ("people, filtered", "people?plan=team"),
    ("a person with 10,000 events", "people/{person_id}"),
    ("their timeline, second page", "people/{person_id}>older"),
    ("live", "live"),
    ("campaigns", "campaigns"),
    ("a campaign", "campaigns/{campaign_id}"),
    ("outbox", "outbox"),
    ("outbox, second page", "outbox>older"),
    ("outbox, failed only", "outbox?state=failed"),
    ("a message", "outbox/{message_id}"),
    ("settings", "settings"),
    ("members", "settings/members"),
    ("keys", "settings/keys"),
    ("set-up", "settings/setup"),
    ("audit", "audit"),
    ("audit, second page", "audit>older"),
    ("search", "search?q=ada"),
)
"""What is measured, with its path below the workspace. `>older` follows the link to the next page."""


@dataclass(frozen=True)
class Figure:
    """Milliseconds of a page; `status` is 200, or why there are none."""

    what: str
    path: str
    status: int
    median: float = 0.0
    worst: float = 0.0
    kilobytes: float = 0.0


def measure_console(
    folder: Path,
    note: Callable[[str, str, str, bool | None], None],
    *,
    people: int = console_data.PEOPLE,
    events: int = console_data.EVENTS,
) -> list[Figure]:
    """Fill, or take what was filled before, serve, and ask each page; prints a table and notes each page against the goal."""
    told = _filled(folder.resolve(), people, events)
    with _served(folder.resolve()) as port:
        figures = [_measure(port, told, what, path) for what, path in PAGES]
    table = Table("page", "path", "median ms", "worst ms", "kB", title=f"The console on {people:,} people and {events:,} events")
    for one in figures:
        row = (
            (f"{one.median:.1f}", f"{one.worst:.1f}", f"{one.kilobytes:.0f}") if one.status == 200 else (f"missing ({one.status})", "", "")
        )
        table.add_row(one.what, one.path, *row)
        value = f"{one.median:.1f} ms (worst {one.worst:.1f})" if one.status == 200 else f"missing ({one.status})"
        note(f"console, {one.what}", f"{GOAL_MS} ms", value, one.status == 200 and one.median < GOAL_MS)
    Console().print(table)
    return figures


def _filled(folder: Path, people: int, events: int) -> dict[str, Any]:
    """The data directory with that many, with the tables of today; filled again when the filling changed, or a day has passed."""
    recipe = hashlib.sha256(f"{people} {events}".encode())
    for part in ("data", "people", "statements"):
        recipe.update((HERE / f"console_{part}.py").read_bytes())
    kept = folder.with_suffix(".json")
    if kept.exists() and folder.exists():
        told = dict(json.loads(kept.read_text()))
        if told["recipe"] == recipe.hexdigest() and time.time() - told["at"] < MAY_BE_AS_OLD_AS:
            subprocess.run(
                [sys.executable, "-m", "troth.project.cli", "init"],
                env={**os.environ, "TROTH_DATA": str(folder)},
                check=True,
                stdout=subprocess.DEVNULL,
            )
            return told
    shutil.rmtree(folder, ignore_errors=True)
    kept.unlink(missing_ok=True)
    command = [sys.executable, "-m", "bench.console_data", str(folder), "--people", str(people), "--events", str(events)]
    made = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told = {**json.loads(made.stdout.splitlines()[-1]), "recipe": recipe.hexdigest(), "at": time.time()}
    kept.write_text(json.dumps(told))
    return told


@contextmanager
def _served(data: Path) -> Iterator[int]:
    port = free_port()
    settings = {**os.environ, "TROTH_DATA": str(data), "TROTH_URL": f"http://127.0.0.1:{port}"}
    process = subprocess.Popen([sys.executable, "-m", "troth.project.cli", "serve", "--port", str(port)], env=settings)
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz")
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _measure(port: int, told: dict[str, Any], what: str, path: str) -> Figure:
    session = told["sessions"]["owner"]
    path, _, further = path.partition(">")
    address = f"/console/{told['examples']['workspace_id']}/" + path.format(**told["examples"])
    status, _, body = _get(port, address, session)
    if further and status == 200:
        link = _next_page(body)
        if not link:
            return Figure(what, address, 404)
        address = link if link.startswith("/") else address.partition("?")[0] + link
        status, _, body = _get(port, address, session)
    if status != 200:
        return Figure(what, address, status)
    for _ in range(WARM_UP):
        _get(port, address, session)
    times = sorted(_get(port, address, session)[1] for _ in range(REQUESTS))
    return Figure(what, address.partition("?")[0] if further else address, 200, statistics.median(times), times[-1], len(body) / 1000)


def _next_page(body: str) -> str:
    """Where the page says that older rows are: the pager's link, or the address from which a timeline loads itself on."""
    import html
    import re

    found = re.search(
        r'href="([^"]+)"[^>]*rel="next"|rel="next"[^>]*href="([^"]+)"|hx-get="([^"]*before=[^"]+)"|href="([^"]*before=[^"]+)"', body
    )
    return html.unescape(next(link for link in found.groups() if link)) if found else ""


def _get(port: int, path: str, session: str) -> tuple[int, float, str]:
    """Status, milliseconds and body; over a connection of its own, as the server sees a new visitor."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.connect()
    begun = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": f"sessionid={session}", "Accept": "text/html"})
    answer = connection.getresponse()
    body = answer.read()
    took = 1000 * (time.perf_counter() - begun)
    connection.close()
    return answer.status, took, body.decode(errors="replace")


if __name__ == "__main__":
    import argparse

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=console_data.PEOPLE)
    options.add_argument("--events", type=int, default=console_data.EVENTS)
    chosen = options.parse_args()
    results = Path("bench-results")
    results.mkdir(exist_ok=True)
    measure_console(
        results / f"data-console-{chosen.people}-{chosen.events}", lambda *row: None, people=chosen.people, events=chosen.events
    )
