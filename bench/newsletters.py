"""Gathering the people of a newsletter: how many a second, and that memory does not grow with their number."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

SIZES = (10_000, 200_000)
MOST_GROWTH_MB = 20


def measure_newsletters(data: Path, note: Callable[[str, str, str, bool | None], None]) -> None:
    """Two newsletters, each in an installation and a process of its own."""
    found = {size: _measure(data.resolve(), size) for size in SIZES}
    few, many = (found[size] for size in SIZES)
    rate, grown = many["people"] / many["seconds"], many["mb"] - few["mb"]
    note("newsletter: people gathered a second (gate, variant, time, queued)", "–", f"{rate:,.0f}", None)
    note(
        f"newsletter: memory of {SIZES[1]:,} people over {SIZES[0]:,}",
        f"flat (+{MOST_GROWTH_MB} MB)",
        f"+{grown:.0f} MB ({few['mb']:.0f} to {many['mb']:.0f})",
        grown <= MOST_GROWTH_MB,
    )


def _measure(data: Path, size: int) -> dict[str, float]:
    shutil.rmtree(data, ignore_errors=True)
    environment = {**os.environ, "TROTH_DATA": str(data), "DJANGO_SETTINGS_MODULE": "troth.project.settings"}
    subprocess.run([sys.executable, "-m", "troth.project.cli", "init"], env=environment, check=True, stdout=subprocess.DEVNULL)
    command = [sys.executable, "-m", "bench.newsletters", str(size)]
    answer = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    shutil.rmtree(data, ignore_errors=True)
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def main() -> None:
    """What runs in the process of its own: prints people, seconds and the most memory it had, as JSON."""
    import django

    django.setup()
    from troth.campaigns.newsletters.editing import create_newsletter
    from troth.campaigns.newsletters.gathering import gather_next
    from troth.campaigns.newsletters.running import begin_due, start_newsletter
    from troth.kernel.clock import now_ms
    from troth.workspaces.registry import create_workspace

    size = int(sys.argv[1])
    workspace_id = create_workspace("Newsletters").workspace.pk
    _write_people(workspace_id, size)
    mails = [{"key": key, "subject": "News", "html": "<p>Hello {{ person.first_name }}</p>"} for key in "AB"]
    fields = {"name": "News", "purpose": "marketing_email", "variants": mails, "holdout": 5, "hold_minutes": 60}
    start_newsletter(create_newsletter(workspace_id, fields, now=now_ms()), now=now_ms())
    begin_due(now_ms())
    begun = time.perf_counter()
    while gather_next(now_ms()):
        pass
    seconds = time.perf_counter() - begun
    print(json.dumps({"people": size, "seconds": seconds, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def _write_people(workspace_id: int, size: int) -> None:
    """In pieces, so that the people written are not what the memory is of; two of three agreed."""
    from django.db import transaction

    from troth.consent.decisions import INSERT_STANCE
    from troth.consent.models import Standing
    from troth.kernel.ids import bucket_of, new_person_id
    from troth.kernel.sql import insert_rows
    from troth.people.queries import Profile, insert_persons

    profile = Profile({"first_name": "Dana", "plan": "pro"}, {}, [])
    for start in range(0, size, 5_000):
        people = [new_person_id() for _ in range(min(5_000, size - start))]
        granted = int(Standing.GRANTED)
        stances = [
            (bucket_of(one), one, "marketing_email", workspace_id, granted, 1, 1, None, 1) for place, one in enumerate(people) if place % 3
        ]
        with transaction.atomic():
            insert_persons([(one, workspace_id, profile, 1 + start) for one in people])
            insert_rows(INSERT_STANCE, stances)


if __name__ == "__main__":
    main()
