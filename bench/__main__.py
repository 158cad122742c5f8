"""`make bench`: measures, prints a table, writes bench-results/latest.json; `ARGS="console rights"` measures only those parts, `inventory:10000000` one at another size. Never a test: these figures depend on the machine and its load."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.consent import measure_consent
from bench.console import measure_console
from bench.content import measure_content
from bench.inventory import measure_inventory
from bench.newsletters import measure_newsletters
from bench.rights import measure_rights
from bench.segments import measure_segments
from bench.sending import measure_sending
from bench.server import bare, troth, wait_for_empty_inbox, wrk
from bench.tracking import measure_tracking
from bench.triggers import measure_triggers

RESULTS = Path("bench-results")
PEOPLE = "20000"
ROUNDS = 3


def main() -> int:
    """Run all benchmarks."""
    console = Console()
    RESULTS.mkdir(exist_ok=True)
    rows: list[dict[str, object]] = []
    size = 0

    def note(what: str, goal: str, value: str, met: bool | None) -> None:
        rows.append({"what": what, "goal": goal, "measured": value, "met": met})
        console.print(f"{what}: {value} (goal {goal})")

    parts: dict[str, Callable[[], object]] = {
        "ingest": lambda: measure_ingest(note),
        "triggers": lambda: measure_triggers(RESULTS / "data-triggers", note),
        "tracking": lambda: measure_tracking(RESULTS / "data-tracking", note),
        "sending": lambda: measure_sending(RESULTS / "data-sending", note),
        "rights": lambda: measure_rights(RESULTS / "data-rights", note, size or 1_000_000),
        "inventory": lambda: measure_inventory(RESULTS / "data-inventory", note, size or 1_000_000),
        "segments": lambda: measure_segments(RESULTS / "data-segments", note),
        "consent": lambda: measure_consent(RESULTS / "data-consent", note),
        "newsletters": lambda: measure_newsletters(RESULTS / "data-newsletters", note),
        "content": lambda: measure_content(note),
        "console": lambda: measure_console(RESULTS / "data-console", note),
    }
    for part in sys.argv[1:] or parts:
        name, _, given = part.partition(":")
        size = int(given or 0)
        parts[name]()
    table = Table("what", "goal", "measured", "")
    for row in rows:
        table.add_row(str(row["what"]), str(row["goal"]), str(row["measured"]), {True: "met", False: "missed", None: ""}[row["met"]])  # type: ignore[index]
    console.print(table)
    (RESULTS / "latest.json").write_text(json.dumps({"at": time.strftime("%FT%TZ", time.gmtime()), "rows": rows}, indent=2))
    return 0


def measure_ingest(note: object) -> None:
    """Single events and batches beside the bare application, in alternating rounds."""
    assert callable(note)
    with troth(RESULTS / "data-ingest") as server, bare() as yardstick:
        idle = server.memory()
        token, key = server.workspace["auth_token"], server.workspace["write_key"]
        wrk(server.url, "single.lua", token, PEOPLE, seconds=4)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            theirs.append(wrk(yardstick, "single.lua", token, PEOPLE, seconds=5)["rate"])
            ours.append(wrk(server.url, "single.lua", token, PEOPLE, seconds=5))
        rate, base = statistics.median(row["rate"] for row in ours), statistics.median(theirs)
        errors = sum(row["errors"] for row in ours)
        note(
            "single events, durable, requests/s",
            "0.4 of bare",
            f"{rate:,.0f} = {rate / base:.2f} of {base:,.0f} ({errors:.0f} errors)",
            rate >= 0.4 * base,
        )
        note("single events, requests/s", "12,000", f"{rate:,.0f}", rate >= 12_000)
        pause = max(1, round(64_000 / (rate / 2)))
        wait_for_empty_inbox(server.url)
        half = wrk(server.url, "single.lua", token, PEOPLE, str(pause), seconds=8)
        note("p99 at half of that load", "25 ms", f"{half['p99_ms']:.1f} ms at {half['rate']:,.0f}/s", half["p99_ms"] <= 25)
        batches = [wrk(server.url, "batch.lua", key, PEOPLE, connections=16, seconds=5) for _ in range(ROUNDS)]
        events = 100 * statistics.median(row["rate"] for row in batches)
        note("Segment batches of 100, events/s", "80,000", f"{events:,.0f}", events >= 80_000)
        loaded = server.memory()
        note(
            "memory idle / under load, MB per process",
            "150 / 400",
            f"{idle} / {loaded}",
            max(idle.values()) <= 150 and max(loaded.values()) <= 400,
        )


if __name__ == "__main__":
    sys.exit(main())
