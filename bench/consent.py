"""The gate for one person and over a million, the ledger's appending and proving, and the verifying of a receipt."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
import timeit
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

PEOPLE = 1_000_000
RECORDS = 100_000
LEAVES = 10_000_000
AT_ONCE = 20_000
CAME_FIRST = 1_760_000_000_000
"""Milliseconds: whoever came first; the others within half a year, so that the order of age is not that of the key."""
GOALS: dict[str, tuple[str, float, Callable[[float], str]]] = {
    "decide": ("decide() for one person, facts loaded", 20e-6, lambda found: f"{found * 1e6:.1f} µs"),
    "gate": (f"the gate over {PEOPLE:,} people", 1.0, lambda found: f"{found:.2f} s"),
    "append": (f"ledger: appending {RECORDS:,} records, a record", 1 / 50_000, lambda found: f"{1 / found:,.0f} records/s"),
    "verify": ("verify a receipt", 1e-3, lambda found: f"{found * 1e3:.2f} ms"),
    "consistency": (f"consistency proof at {LEAVES:,} records", 10e-3, lambda found: f"{found * 1e3:.2f} ms"),
}


def measure_consent(data: Path, note: Callable[[str, str, str, bool | None], None]) -> None:
    """Fill a data directory in a process of its own, and measure there."""
    data = data.resolve()
    shutil.rmtree(data, ignore_errors=True)
    environment = {**os.environ, "TROTH_DATA": str(data), "DJANGO_SETTINGS_MODULE": "troth.project.settings"}
    subprocess.run([sys.executable, "-m", "troth.project.cli", "init"], env=environment, check=True, stdout=subprocess.DEVNULL)
    answer = subprocess.run([sys.executable, "-m", "bench.consent"], env=environment, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(answer.stdout.splitlines()[-1])
    for name, (what, goal, write) in GOALS.items():
        note(what, write(goal), write(found[name]), found[name] <= goal)
    shutil.rmtree(data, ignore_errors=True)


def main() -> None:
    """What runs in the process of its own: prints seconds by name, as JSON."""
    import django

    django.setup()
    from troth.workspaces.registry import create_workspace

    workspace_id = create_workspace("Consent").workspace.pk
    people = _write_people(workspace_id)
    found = {"decide": _time_decide(), "gate": _time_gate(workspace_id), "append": _time_append(workspace_id, people[:RECORDS])}
    found["verify"] = _time_verify(workspace_id)
    found["consistency"] = _time_consistency(workspace_id + 1)
    print(json.dumps(found))


def _chunks(whole: list[Any]) -> Iterator[list[Any]]:
    return (whole[start : start + AT_ONCE] for start in range(0, len(whole), AT_ONCE))


def _write_people(workspace_id: int) -> list[int]:
    """People who came at any time, with some attributes; half agreed to marketing, one of six withdrew."""
    from django.db import transaction

    from troth.consent.decisions import INSERT_STANCE
    from troth.consent.models import Standing
    from troth.kernel.ids import bucket_of, new_person_id
    from troth.kernel.sql import insert_rows
    from troth.people.queries import Profile, insert_persons

    people = [new_person_id() for _ in range(PEOPLE)]
    profile = Profile(
        {"plan": "pro", "city": "Lyon", "first_name": "Dana", "company": "Example Works", "locale": "fr-FR", "note": "x" * 120}, {}, []
    )
    for chunk in _chunks(people):
        stances = [
            (
                bucket_of(one),
                one,
                "marketing_email",
                workspace_id,
                int(Standing.REFUSED if place % 6 == 5 else Standing.GRANTED),
                1,
                1,
                None,
                1,
            )
            for place, one in enumerate(chunk)
            if place % 3 or place % 6 == 5
        ]
        with transaction.atomic():
            insert_persons([(one, workspace_id, profile, CAME_FIRST + random.getrandbits(34)) for one in chunk])
            insert_rows(INSERT_STANCE, stances)
    return people


def _time_decide() -> float:
    from troth.consent.gate import Facts, Operation, decide

    facts = Facts(basis="consent", standing=1, decided_at=10, valid_until=2_000_000_000_000, material_since=5)
    rounds = 20_000
    return min(timeit.repeat(lambda: decide(facts, purpose="news", operation=Operation.MESSAGE, at=11), number=rounds, repeat=7)) / rounds


def _time_gate(workspace_id: int) -> float:
    """All whom a marketing mail may reach, counted one by one."""
    from django.db import connection

    from troth.consent.catalog import load_catalog
    from troth.consent.gate import Operation, permitted_where

    where, values = permitted_where(load_catalog(workspace_id).rule("marketing_email"), Operation.MESSAGE, at=2)
    took = []
    for _ in range(3):
        begun = time.perf_counter()
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT COUNT(*) FROM people_person p WHERE p.workspace_id = %s AND {where}", [workspace_id, *values])
            assert cursor.fetchone()[0] > PEOPLE // 3
        took.append(time.perf_counter() - begun)
    return min(took)


def _time_append(workspace_id: int, people: list[int]) -> float:
    """Seconds a record, from the table into the tiles, durable."""
    from django.db import transaction

    from troth.consent.decisions import DecisionRow, Said, record_decisions
    from troth.consent.ledger.log import append_for
    from troth.kernel.personal_data import Subject

    for chunk in _chunks(people):
        with transaction.atomic():
            record_decisions(
                [
                    DecisionRow(
                        subject=Subject(workspace_id, one), purpose="open_tracking", said=Said.REFUSE, at=2, method="bench", source="api"
                    )
                    for one in chunk
                ],
                now=2,
            )
    begun = time.perf_counter()
    while append_for(workspace_id):
        pass
    return (time.perf_counter() - begun) / len(people)


def _time_verify(workspace_id: int) -> float:
    from troth.consent.ledger.checkpoints import make_checkpoint
    from troth.consent.models import Record
    from troth.consent.receipts import make_receipt
    from troth.consent.verifying import verify_receipt
    from troth.kernel.clock import now_ms
    from troth.kernel.crypto import signing_key

    make_checkpoint(workspace_id, now_ms())
    record = Record.objects.filter(workspace_id=workspace_id, leaf=RECORDS // 3).get()
    receipt, key = make_receipt(record, now_ms()), signing_key().public_key()
    return min(timeit.repeat(lambda: verify_receipt(receipt, key), number=100, repeat=5)) / 100


def _time_consistency(workspace_id: int) -> float:
    """The proof that a log only grew, from tiles in the database, the slowest of some sizes."""
    from django.db import transaction

    from troth.consent.ledger.log import compute
    from troth.consent.ledger.merkle import prove_consistency
    from troth.consent.ledger.tiles import HASH, WIDTH, append, edges
    from troth.kernel.sql import insert_rows

    size, held = 0, {}
    while size < LEAVES:
        noise = os.urandom(HASH * WIDTH * 256)
        fresh = [noise[start : start + HASH] for start in range(0, min(len(noise), (LEAVES - size) * HASH), HASH)]
        tiles = dict(held)
        size = append(size, fresh, tiles)
        held = {place: tiles[place] for place in edges(size)}
        rows = [(workspace_id, level, number, hashes) for (level, number), hashes in tiles.items()]
        with transaction.atomic():
            insert_rows(
                "INSERT INTO consent_tile (workspace_id, level, number, hashes)",
                rows,
                "ON CONFLICT (workspace_id, level, number) DO UPDATE SET hashes = EXCLUDED.hashes",
            )
    took = []
    for old in (1, 77_777, LEAVES // 3, LEAVES - 12_345):
        begun = time.perf_counter()
        compute(workspace_id, partial(prove_consistency, old, LEAVES))
        took.append(time.perf_counter() - begun)
    return max(took)


if __name__ == "__main__":
    main()
