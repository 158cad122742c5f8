"""Export of a person with 10,000 events, erasure of one and of a thousand persons amid many events, and the replay of 100,000 erasures after a restore."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
from troth.privacy.erasure.erasing import Erasure, erase_many, erase_person
from troth.privacy.exporting.export import write_export
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
from troth.privacy.searching.verification import verify_erasure
request = verify_erasure(request, now=now_ms())
erased = time.perf_counter() - begun
from troth.kernel.personal_data import Subject
from troth.people.models import Person
from troth.privacy.models import PrivacyRequest
from troth.privacy.searching.verification import verify_due
many = [Subject(workspace.pk, person_id) for person_id in Person.objects.values_list("person_id", flat=True)[:1000]]
begun, busy = time.perf_counter(), time.process_time()
outcomes = list(erase_many([Erasure(subjects=[subject], source="cli") for subject in many], now=now_ms()))
many_deleted, many_busy = time.perf_counter() - begun, time.process_time() - busy
assert all(isinstance(outcome, PrivacyRequest) for outcome in outcomes)
while PrivacyRequest.objects.filter(state__in=("deleted", "residue_found")).exists():
    verify_due(now_ms())
    time.sleep(0.05)
many_erased = time.perf_counter() - begun
print(json.dumps({"many_deleted": many_deleted, "many_busy": many_busy, "many_erased": many_erased, "exported": exported, "deleted": deleted, "erased": erased, "state": str(request.state)}))
"""


REPLAY = """
import hashlib, json, sys, time, uuid
import django
django.setup()
from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.kernel.json_text import encode
from troth.people.lookup import find_person
from troth.privacy.erasure.deletion import person_tag
from troth.privacy.erasure.restore_guard import replay_if_behind
from troth.privacy.storage.ledger_file import Entry
from troth.privacy.storage.places import ledger_path, make_private_dir
from troth.workspaces.registry import create_workspace

now, workspace = now_ms(), create_workspace("Restored").workspace
apply([Identify(workspace_id=workspace.pk, identity=Identity(external_id=f"person-{n}", email=f"person.{n}@example.com"), source="api",
                received_at=now) for n in range(10)], now=now)
there = [person_tag(find_person(workspace.pk, f"person-{n}").person_id).hex() for n in range(10)]
make_private_dir(ledger_path().parent)
with ledger_path().open("w") as file:
    for n in range(int(sys.argv[1])):
        who = there[n] if n < 10 else hashlib.sha256(b"%d" % n).hexdigest()
        tags = [hashlib.sha256(b"%d-%d" % (n, kind)).hexdigest() for kind in range(2)]
        file.write(encode(Entry(number=n + 1, at=now, workspace=workspace.pk, request=str(uuid.uuid4()), persons=[who], tags=tags)) + chr(10))
begun, busy = time.perf_counter(), time.process_time()
replay_if_behind()
print(json.dumps({"replayed": time.perf_counter() - begun, "busy": time.process_time() - busy}))
"""
"""A database from before 100,000 erasures; ten of the persons are in it."""


def measure_rights(data: Path, note: Callable[[str, str, str, bool | None], None], events: int = 1_000_000) -> None:
    """Fill a database, then exercise two rights."""
    found = _run(data, SCRIPT, str(events), str(data.resolve()))
    note("export of a person with 10,000 events", "1 s", f"{found['exported']:.2f} s", found["exported"] <= 1)
    note(f"erase amid {events:,} events: deleted", "0.2 s", f"{found['deleted']:.3f} s", found["deleted"] <= 0.2)
    erased = found["erased"] <= 30 and found["state"] == "erased"
    note("the same: erased, with scan", "30 s", f"{found['erased']:.1f} s ({found['state']})", erased)
    many = f"{found['many_deleted']:.1f} s ({found['many_busy']:.1f} s of the processor)"
    note(f"1,000 erasures amid {events:,} events: deleted", "10 s", many, found["many_deleted"] <= 10)
    note("the same: erased, with scans", "300 s", f"{found['many_erased']:.1f} s", found["many_erased"] <= 300)
    again = _run(data, REPLAY, str(min(events, 100_000)))
    replayed = f"{again['replayed']:.1f} s ({again['busy']:.1f} s of the processor)"
    note(f"replay of {min(events, 100_000):,} erasures after a restore", "5 s", replayed, again["replayed"] <= 5)
    shutil.rmtree(data, ignore_errors=True)


def _run(data: Path, script: str, *words: str) -> dict[str, Any]:
    """What a script prints, run in a new installation."""
    data = data.resolve()
    shutil.rmtree(data, ignore_errors=True)
    environment = {**os.environ, "TROTH_DATA": str(data), "DJANGO_SETTINGS_MODULE": "troth.project.settings"}
    subprocess.run([sys.executable, "-m", "troth.project.cli", "init"], env=environment, check=True, stdout=subprocess.DEVNULL)
    answer = subprocess.run([sys.executable, "-c", script, *words], env=environment, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found
