"""The data inventory: counting everything that was stored before counting began, and keeping up with what comes.

`ARGS=inventory` counts a million events and tells seconds for each million, too; `ARGS=inventory:10000000` takes ten minutes to fill, and 3 GB.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

SCRIPT = """
import json, sys, time
import django
django.setup()
from django.db import connection, transaction
from troth.intake.actor import fold_inbox
from troth.intake.commands import Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import DAY, now_ms
from troth.kernel.ids import BUCKETS
from troth.privacy.inventory.storing import count_all
from troth.privacy.models import InventoryItem, InventoryPosition
from troth.workspaces.registry import create_workspace

total, now = int(sys.argv[1]), now_ms()
workspace = create_workspace("Inventory").workspace
NAMES = ("viewed_product", "added_to_cart", "bought", "searched", "signed_in", "opened_app")
def properties(n):
    if n % 6 == 2:
        return {"order": f"o-{n}", "total": n / 7, "items": [{"sku": f"s-{n % 90}", "count": n % 4}]}
    if n % 6 == 3:
        return {"query": "red shoes", "hits": n % 50, "page": "/search"}
    return {"product": "Red T-shirt", "price": 19.9, "number": n}
def rows(first, until):
    # Clustered as they lie: by bucket, then person.
    per = max(1, total // BUCKETS)
    for n in range(first, until):
        yield (min(BUCKETS - 1, n // per), (n // per) + BUCKETS * (n % per // 50), n % per % 50 + 1, workspace.pk, NAMES[n % 6], now, now - n % 30 * DAY, "api", "service", json.dumps(properties(n)), None)
for first in range(0, total, 100_000):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany("INSERT INTO people_event (bucket, person_id, seq, workspace_id, name, ts, received_at, source, purpose, properties, dedupe)"
                           " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING", list(rows(first, min(total, first + 100_000))))
InventoryItem.objects.all().delete()
InventoryPosition.objects.all().delete()
wall, spent = time.perf_counter(), time.process_time()
count_all(now)
full, full_spent = time.perf_counter() - wall, time.process_time() - spent
counted = sum(InventoryItem.objects.filter(kind="event").values_list("count", flat=True))
for start in range(0, 10_000, 2_000):
    apply([Track(workspace_id=workspace.pk, identity=Identity(external_id=f"p-{n % 500}"), source="api", received_at=now, ts=now, name=NAMES[n % 6], properties=properties(n))
           for n in range(start, start + 2_000)], now=now)
from troth.privacy.inventory import storing
kept, took = storing.count_folded, []
import troth.intake.actor as actor
def timed(events, at):
    begun = time.perf_counter()
    kept(events, at)
    took.append(time.perf_counter() - begun)
actor._reactions[actor._reactions.index(kept)] = timed
while fold_inbox(now):
    pass
print(json.dumps({"full": full, "spent": full_spent, "counted": counted, "incremental": sum(took)}))
"""


def measure_inventory(data: Path, note: Callable[[str, str, str, bool | None], None], events: int = 1_000_000) -> None:
    """Fill a database with events that nobody counted, count them, then let 10,000 more come."""
    data = data.resolve()
    shutil.rmtree(data, ignore_errors=True)
    environment = {**os.environ, "TROTH_DATA": str(data), "DJANGO_SETTINGS_MODULE": "troth.project.settings"}
    subprocess.run([sys.executable, "-m", "troth.project.cli", "init"], env=environment, check=True, stdout=subprocess.DEVNULL)
    answer = subprocess.run([sys.executable, "-c", SCRIPT, str(events)], env=environment, check=True, capture_output=True, text=True)
    found = json.loads(answer.stdout.splitlines()[-1])
    goal = 30 * events / 10_000_000
    each = found["full"] / found["counted"] * 1e6
    note(
        f"inventory, {found['counted']:,} events counted in full",
        f"{goal:.1f} s",
        f"{found['full']:.1f} s, {found['spent']:.1f} s of them computing: {each:.1f} µs each",
        found["full"] <= goal,
    )
    note("inventory, 10,000 events as they come", "1 s", f"{found['incremental']:.2f} s", found["incremental"] <= 1)
    shutil.rmtree(data, ignore_errors=True)
