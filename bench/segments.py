"""Ten typical segments over ten million events of 200,000 people, and what it costs to look at 1,000 changed people for 100 segments."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PEOPLE = 200_000
EVENTS = 10_000_000
CHANGED = 1_000
MANY = 100
DAY = 86_400_000
NAMES = (("login", 40), ("viewed", 35), ("cart", 12), ("bought", 9), ("ticket", 4))
COUNTRIES = ("DE", "FR", "US", "GB", "ES", "IT", "NL", "SE")


def measure_segments(data: Path, note: Callable[[str, str, str, bool | None], None], events: int = EVENTS) -> None:
    """Fill a data directory in a process of its own, and measure there."""
    data = data.resolve()
    shutil.rmtree(data, ignore_errors=True)
    environment = {**os.environ, "TROTH_DATA": str(data), "DJANGO_SETTINGS_MODULE": "troth.project.settings"}
    subprocess.run([sys.executable, "-m", "troth.project.cli", "init"], env=environment, check=True, stdout=subprocess.DEVNULL)
    command = [sys.executable, "-m", "bench.segments", str(events)]
    answer = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(answer.stdout.splitlines()[-1])
    for name, (chosen, whole, members, timers) in found["segments"].items():
        told = f"{chosen:.2f} s to choose, {whole:.2f} s with {members:,} memberships and {timers:,} timers written"
        note(f"segment over {events:,} events: {name}", "1 s", told, chosen <= 1)
    note(f"{CHANGED:,} changed people, {MANY} segments", "1 s", f"{found['changed']:.2f} s", found["changed"] <= 1)
    note("a mark at the door, when nothing is read", "1 µs", f"{found['mark'] * 1e6:.2f} µs", found["mark"] <= 1e-6)
    shutil.rmtree(data, ignore_errors=True)


def definitions() -> dict[str, Any]:
    """What marketers ask for."""
    pro = {"attribute": "plan", "op": "equals", "value": "pro"}
    silent = {"event": "login", "op": "did_not", "within": "P7D"}
    return {
        "pro, bought 3 times in 30 days, silent for 7": {
            "all": [pro, {"event": "bought", "op": "did", "count": {"at_least": 3}, "within": "P30D"}, silent]
        },
        "silent for 7 days": silent,
        "in four countries": {"attribute": "country", "op": "in", "value": ["DE", "FR", "ES", "IT"]},
        "signed up within 14 days": {"attribute": "signed_up", "op": "within_last", "value": "P14D"},
        "a purchase over 100 in 90 days": {
            "event": "bought",
            "op": "did",
            "within": "P90D",
            "where": {"property": "total", "op": "greater", "value": 100},
        },
        "a cart left for an hour, this week": {
            "sequence": [{"event": "cart"}, {"event": "bought"}],
            "op": "without",
            "gap": "PT1H",
            "within": "P7D",
        },
        "first purchase within 30 days": {"event": "bought", "op": "first", "within": "P30D"},
        "birthday within the week": {"attribute": "born", "op": "anniversary", "value": [0, 6], "zone": "Europe/Paris"},
        "tagged, agreed to mail, no ticket in 30 days": {
            "all": [
                {"tag": "vip"},
                {"consent": "marketing_email", "op": "permits"},
                {"event": "ticket", "op": "did_not", "within": "P30D"},
            ]
        },
        "viewed 5 times in 3 days or bought today": {
            "any": [
                {"event": "viewed", "op": "did", "count": {"at_least": 5}, "within": "P3D"},
                {"event": "bought", "op": "did", "within": "P1D"},
            ]
        },
    }


def main() -> None:
    """What runs in the process of its own: prints what it found as JSON."""
    import django

    django.setup()
    from troth.workspaces.registry import create_workspace

    workspace_id = create_workspace("Segments").workspace.pk
    from troth.consent.catalog import load_catalog
    from troth.kernel.clock import now_ms

    load_catalog(workspace_id)
    now = now_ms()
    people = _write(workspace_id, int(sys.argv[1]), now)
    found = {"segments": {}, "mark": _time_mark(workspace_id)}
    for name, definition in definitions().items():
        found["segments"][name] = _time_segment(workspace_id, name, definition)
    found["changed"] = _time_changed(workspace_id, people)
    print(json.dumps(found))


def _write(workspace_id: int, events: int, now: int) -> list[int]:
    """People and events, in the order of their keys, by the database's own driver."""
    from django.conf import settings

    from troth.kernel.ids import bucket_of, new_person_id

    chance = random.Random(7)
    people = sorted((bucket_of(person_id), person_id) for person_id in (new_person_id() for _ in range(PEOPLE)))
    database = sqlite3.connect(settings.DATABASES["default"]["NAME"])
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA cache_size = -400000")
    database.executemany(
        "INSERT INTO people_person (bucket, person_id, workspace_id, state, created_at, updated_at, seq, attributes, origins, tags)"
        " VALUES (?, ?, ?, 0, ?, ?, ?, ?, '{}', ?)",
        (
            (
                bucket,
                person,
                workspace_id,
                now - chance.randrange(900 * DAY),
                now,
                0,
                _profile(chance, now),
                '["vip"]' if chance.random() < 0.1 else "[]",
            )
            for bucket, person in people
        ),
    )
    stance = "INSERT INTO consent_stance (bucket, person_id, purpose, workspace_id, standing, record_id, at, valid_until, purpose_version) VALUES (?, ?, ?, ?, 1, 1, ?, NULL, 1)"
    for purpose, share in (("behavioural_profiling", 0.8), ("marketing_email", 0.6)):
        database.executemany(
            stance, ((bucket, person, purpose, workspace_id, now - DAY) for bucket, person in people if chance.random() < share)
        )
    database.executemany(
        "INSERT INTO people_event (bucket, person_id, seq, workspace_id, name, ts, received_at, source, purpose, properties, dedupe)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 'api', 'service', ?, NULL)",
        _events(chance, people, workspace_id, events, now),
    )
    database.commit()
    database.close()
    return [person for _, person in people]


def _profile(chance: random.Random, now: int) -> str:
    from troth.kernel.clock import iso

    return json.dumps(
        {
            "first_name": f"Name{chance.randrange(5_000)}",
            "plan": chance.choice(("free", "free", "free", "pro")),
            "country": chance.choice(COUNTRIES),
            "signed_up": iso(now - chance.randrange(700 * DAY)),
            "born": f"{chance.randrange(1950, 2005)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
            "company": {"name": f"Company {chance.randrange(9_000)}", "size": chance.randrange(500)},
        }
    )


def _events(chance: random.Random, people: list[tuple[int, int]], workspace_id: int, events: int, now: int) -> Iterator[tuple[Any, ...]]:
    names = [name for name, share in NAMES for _ in range(share)]
    each = events // len(people)
    for bucket, person in people:
        last = now - int(chance.expovariate(1 / (20 * DAY)))
        for seq in range(1, each + 1):
            name = names[chance.randrange(100)]
            ts = last - chance.randrange(200 * DAY) if seq > 1 else last
            properties = (
                json.dumps({"total": chance.randrange(200) + 0.5, "product": "Red T-shirt"})
                if name in ("bought", "cart")
                else '{"path": "/pricing"}'
            )
            yield bucket, person, seq, workspace_id, name, ts, ts, properties


def _time_segment(workspace_id: int, name: str, definition: Any) -> tuple[float, float, int, int]:
    """Seconds to choose, seconds with all that is written, and how much that was."""
    from django.db import connection

    from troth.kernel.clock import now_ms
    from troth.segments.computing import compute_due
    from troth.segments.kinds import Moment
    from troth.segments.live import make_live
    from troth.segments.models import Membership, Progress, Timer
    from troth.segments.registry import create_segment

    segment = create_segment(workspace_id, name=name, definition=definition)
    found = make_live(segment).compile(Moment(workspace_id, now_ms()))
    begun = time.process_time()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM people_person p WHERE p.workspace_id = %s AND {found.text}", [workspace_id, *found.values])
        cursor.fetchone()
    chosen = time.process_time() - begun
    # Those before are due once more, as after each change: they are not what is measured.
    Progress.objects.exclude(segment_id=segment.pk).update(due_at=None)
    begun = time.process_time()
    at = now_ms()
    while compute_due(at):
        pass
    whole = time.process_time() - begun
    counted = [model.objects.filter(segment_id=segment.pk).count() for model in (Membership, Timer)]
    return chosen, whole, counted[0], counted[1]


def _time_changed(workspace_id: int, people: list[int]) -> float:
    """Marks of 1,000 people that all of 100 segments must look at."""
    from troth.kernel.clock import now_ms
    from troth.segments.changes import Changed, mark
    from troth.segments.computing import compute_due, evaluate_marked
    from troth.segments.models import Progress
    from troth.segments.registry import create_segment

    for number in range(MANY - len(definitions())):
        name, definition = list(definitions().items())[number % len(definitions())]
        create_segment(workspace_id, name=f"{name} {number}", definition=_vary(definition, number // len(definitions()) + 1))
    Progress.objects.update(due_at=None)
    assert not compute_due(now_ms())
    chosen = random.Random(3).sample(people, CHANGED)
    mark(Changed(workspace_id, person, "*") for person in chosen)
    evaluate_marked(now_ms())
    mark(Changed(workspace_id, person, "*") for person in chosen)
    begun = time.process_time()
    evaluate_marked(now_ms())
    return time.process_time() - begun


def _vary(tree: Any, days: int) -> Any:
    """The same with windows that are some days longer, so that no two segments ask for the same."""
    if isinstance(tree, list):
        return [_vary(item, days) for item in tree]
    if isinstance(tree, dict):
        return {key: _vary(value, days) if key != "gap" else value for key, value in tree.items()}
    return (
        f"P{int(tree[1:-1]) + days}D" if isinstance(tree, str) and tree[:1] == "P" and tree[-1:] == "D" and tree[1:-1].isdigit() else tree
    )


def _time_mark(workspace_id: int) -> float:
    from troth.segments.changes import is_read

    begun = time.process_time()
    for _ in range(100_000):
        is_read(workspace_id, "event:login")
    return (time.process_time() - begun) / 100_000


if __name__ == "__main__":
    main()
