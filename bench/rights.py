"""Export of a person with 10,000 events, and erasure of one person amid a million events."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

SCRIPT = """
import json, sys, time
import django
django.setup()
from pathlib import Path
from troth.intake.actor import fold_inbox
from troth.intake.commands import Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.people.lookup import find_person
from troth.privacy.erasure import erase_person
from troth.privacy.export import write_export
from troth.workspaces.registry import create_workspace

now = now_ms()
workspace = create_workspace("Rights").workspace
total, people = int(sys.argv[1]), 20_000
def track(who, number):
    return Track(workspace_id=workspace.pk, identity=Identity(external_id=who), source="api", received_at=now, ts=now - number, name="viewed_product",
                 properties={"product": "Red T-shirt", "price": 19.9, "number": number})
for start in range(0, people, 1000):
    apply([Identify(workspace_id=workspace.pk, identity=Identity(external_id=f"person-{n}", email=f"person.{n}@example.com"), source="api",
                    received_at=now, attributes={"first_name": f"First{n}"}) for n in range(start, start + 1000)], now=now)
apply([Identify(workspace_id=workspace.pk, identity=Identity(external_id="heavy-person", email="heavy.person@example.com"), source="api",
                received_at=now, attributes={"first_name": "Heavy"})], now=now)
for start in range(0, total, 2000):
    apply([track(f"person-{(start + n) * 7919 % people}", start + n) for n in range(2000)], now=now)
    while fold_inbox(now):
        pass
for start in range(0, 10_000, 2000):
    apply([track("heavy-person", start + n) for n in range(2000)], now=now)
while fold_inbox(now):
    pass
heavy = find_person(workspace.pk, "heavy-person")
begun = time.perf_counter()
write_export(heavy, Path(sys.argv[2]) / "heavy.zip")
exported = time.perf_counter() - begun
(Path(sys.argv[2]) / "heavy.zip").unlink()
one = find_person(workspace.pk, "person-17")
begun = time.perf_counter()
request = erase_person(one, source="cli", now=now_ms())
deleted = time.perf_counter() - begun
from troth.privacy.verification import verify_erasure
request = verify_erasure(request, now=now_ms())
erased = time.perf_counter() - begun
print(json.dumps({"exported": exported, "deleted": deleted, "erased": erased, "state": str(request.state)}))
"""


def measure_rights(data: Path, note: Callable[[str, str, str, bool | None], None], events: int = 1_000_000) -> None:
    """Fill a database, then exercise two rights."""
    import shutil

    data = data.resolve()
    shutil.rmtree(data, ignore_errors=True)
    environment = {**os.environ, "TROTH_DATA": str(data), "DJANGO_SETTINGS_MODULE": "troth.project.settings"}
    subprocess.run([sys.executable, "-m", "troth.project.cli", "init"], env=environment, check=True, stdout=subprocess.DEVNULL)
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(events), str(data)], env=environment, check=True, capture_output=True, text=True
    )
    found = json.loads(answer.stdout.splitlines()[-1])
    note("export of a person with 10,000 events", "1 s", f"{found['exported']:.2f} s", found["exported"] <= 1)
    note(f"erase amid {events:,} events: deleted", "0.2 s", f"{found['deleted']:.3f} s", found["deleted"] <= 0.2)
    erased = found["erased"] <= 30 and found["state"] == "erased"
    note("the same: erased, with scan", "30 s", f"{found['erased']:.1f} s ({found['state']})", erased)
    shutil.rmtree(data, ignore_errors=True)
