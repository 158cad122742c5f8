"""A change whose instruction is contested waits (Art. 28(3) GDPR): what was in force before comes into force again, until the controller has spoken.

It is set back in the tables themselves, so that every door, the gate and every page go by it; of a purpose that makes a version, whose consents count as
those of the version that it restores, unless somebody agreed meanwhile to less than that: then it is a material change. Confirmed, the change is made
anew; else all stays as it is until somebody changes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from django.db import transaction

from troth.consent.catalog import forget_catalogs
from troth.consent.collecting import is_stopped, resume_collecting, stop_collecting
from troth.consent.held import find_held, name_datum, name_purpose
from troth.consent.models import Assignment, HeldChange, NotCollected, Purpose, PurposeVersion, Stance, Standing
from troth.consent.purposes import (
    PurposeTerms,
    archive_purpose,
    assign_all,
    ends_consents,
    find_material_changes,
    keep_version,
    list_versions,
    revise_purpose,
    terms_of,
)
from troth.workspaces.measuring import set_measuring
from troth.workspaces.models import Workspace


def hold_terms(workspace_id: int, key: str, version: int, *, now: int) -> bool:
    """Set a purpose back to the terms before a version; whether it was changed by that version at all."""
    own = _lock(workspace_id, key)
    if own is None or version < 2:
        return False
    versions = {found.version: found for found in list_versions(workspace_id, key)}
    wanted = _wanted(workspace_id, name_purpose(key))
    if version >= wanted.get("version", own.version + 1):
        return True  # it stands as before an earlier one already
    if not _is_in_force(versions, own.version, version):
        return False
    is_material = any(found.material for number, found in versions.items() if number >= version)
    _keep(
        workspace_id,
        name_purpose(key),
        {"terms": msgspec.to_builtins(terms_of(own)), **wanted, "version": version, "material": is_material},
    )
    before = version - 1
    restored = PurposeTerms(**versions[before].snapshot)
    asks_again = bool(find_material_changes(terms_of(own), restored)) and _has_agreed_since(workspace_id, key, version)
    own.changed_at, own.material_since = _moments(versions, before)
    if asks_again:
        own.changed_at, own.material_since = now, now if ends_consents(own.on_change, restored.on_change) else own.material_since
    for name, value in msgspec.structs.asdict(restored).items():
        setattr(own, name, value)
    own.version += 1
    own.save()
    keep_version(own, now, material=asks_again, restores=before)
    _forget()
    return True


def _has_agreed_since(workspace_id: int, key: str, version: int) -> bool:
    """Whether a consent that stands was given to a version or a later one; looks in all buckets."""
    return Stance.objects.filter(workspace_id=workspace_id, purpose=key, standing=Standing.GRANTED, purpose_version__gte=version).exists()


def hold_use(workspace_id: int, key: str, *, archived: bool, now: int) -> bool:
    """Set back that a purpose was taken up (`archived` False), or given up; whether it stands so."""
    own = _lock(workspace_id, key)
    if own is None or own.archived != archived:
        return False
    _keep(workspace_id, name_purpose(key), {**_wanted(workspace_id, name_purpose(key)), "archived": archived})
    own.archived, own.archived_at = not archived, 0 if archived else now
    own.save(update_fields=["archived", "archived_at"])
    _forget()
    return True


def hold_assignment(workspace_id: int, what: str, purpose: str, before: Mapping[tuple[str, str], str]) -> bool:
    """Have things belong again where they did before (kind and name → purpose; empty: nowhere); those assigned anew since stay. Whether there were any."""
    rows = Assignment.objects.select_for_update().filter(workspace_id=workspace_id, purpose=purpose, name__in={name for _, name in before})
    held = [row for row in rows if (row.kind, row.name) in before]
    for row in held:
        row.purpose = before[row.kind, row.name]
        if row.purpose:
            row.save(update_fields=["purpose"])
        else:
            row.delete()
    if held:
        _keep(workspace_id, what, {"purpose": purpose, "things": sorted([row.kind, row.name] for row in held)})
        _forget()
    return bool(held)


def hold_collecting(workspace_id: int, datum: tuple[str, str, str], *, stopped: bool, now: int) -> bool:
    """Set back that collecting was stopped, or resumed; whether it stands so. `datum`: kind, event and name."""
    what = name_datum(*datum)
    wanted = _wanted(workspace_id, what)
    if is_stopped(workspace_id, *datum) != stopped or "stopped" in wanted:
        return False
    named = dict(zip(("kind", "event", "name"), datum, strict=True))
    if stopped:
        NotCollected.objects.filter(workspace_id=workspace_id, **named).delete()
    else:
        NotCollected.objects.create(workspace_id=workspace_id, **named, since=now)
    _keep(workspace_id, what, {**wanted, "stopped": stopped, "datum": list(datum)})
    _forget()
    return True


def hold_clearing(workspace_id: int, datum: tuple[str, str, str]) -> None:
    """Have the deletion of what was collected wait: whoever deletes asks for it."""
    _keep(workspace_id, name_datum(*datum), _wanted(workspace_id, name_datum(*datum)))


def hold_measuring(workspace_id: int, what: str, switches: Mapping[str, bool]) -> bool:
    """Set switches of what is measured of mail back that stand as they were set; those set anew since stay. Whether there were any."""
    own = Workspace.objects.select_for_update().get(pk=workspace_id)
    wanted = {name: value for name, value in switches.items() if getattr(own, name) == value}
    set_measuring(own, {name: not value for name, value in wanted.items()})
    if wanted:
        _keep(workspace_id, what, {"switches": wanted})
    return bool(wanted)


def release(workspace_id: int, what: str, *, confirmed: bool, now: int) -> None:
    """It waits no more: confirmed it is made now, else all stays as it is. Raises what making it raises."""
    held = HeldChange.objects.select_for_update().filter(workspace_id=workspace_id, what=what).first()
    if held is None:
        return
    held.delete()
    if not confirmed:
        return
    wanted: dict[str, Any] = held.wanted
    key = what.partition(":")[2]
    if "archived" in wanted:
        archive_purpose(workspace_id, key, now=now, archived=wanted["archived"])
    if "terms" in wanted:
        revise_purpose(workspace_id, key, PurposeTerms(**wanted["terms"]), material=wanted["material"], now=now)
    if "things" in wanted:
        assign_all(workspace_id, [(kind, name) for kind, name in wanted["things"]], wanted["purpose"])
    if "switches" in wanted:
        set_measuring(Workspace.objects.select_for_update().get(pk=workspace_id), wanted["switches"])
    if wanted.get("stopped"):
        stop_collecting(workspace_id, *wanted["datum"], now=now)
    elif "stopped" in wanted:
        resume_collecting(workspace_id, *wanted["datum"])
    _forget()


def _moments(versions: Mapping[int, PurposeVersion], number: int) -> tuple[int, int]:
    """Since when a version stood materially changed, and since when consents counted. Pure."""
    own = versions[number]
    if number == 1:
        return 0, 0
    changed_at, material_since = _moments(versions, own.restores or number - 1)
    if not own.material:
        return changed_at, material_since
    ends = ends_consents(own.snapshot["on_change"], versions[number - 1].snapshot["on_change"])
    return own.at, own.at if ends else material_since


def _lock(workspace_id: int, key: str) -> Purpose | None:
    return Purpose.objects.select_for_update().filter(workspace_id=workspace_id, key=key).first()


def _is_in_force(versions: Mapping[int, PurposeVersion], current: int, number: int) -> bool:
    """Whether what a version changed is part of how the purpose stands now. Pure."""
    while current > number:
        current = versions[current].restores or current - 1
    return current == number


def _wanted(workspace_id: int, what: str) -> dict[str, Any]:
    held = find_held(workspace_id, what)
    return held.wanted if held else {}


def _keep(workspace_id: int, what: str, wanted: Mapping[str, Any]) -> None:
    HeldChange.objects.update_or_create(workspace_id=workspace_id, what=what, defaults={"wanted": dict(wanted)})


def _forget() -> None:
    forget_catalogs()
    transaction.on_commit(forget_catalogs)
