"""Who was erased becomes unreadable in backups: they are rewritten without them, the old keys die, and a crash leaves each backup readable."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from planted import DANA, SECRET

from tests.conftest import eventually
from troth.kernel.clock import DAY, iso, now_ms
from troth.kernel.personal_data import Subject
from troth.people.lookup import find_people
from troth.privacy.backups import renewing
from troth.privacy.backups.renewing import check_backups, is_due, renew_backups, renew_due, tell_requests
from troth.privacy.backups.restore import decrypt_backup, restore_backup
from troth.privacy.backups.taking import create_backup, data_key_of, list_backups, load_header, path_of
from troth.privacy.certificate import verify_certificate
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.models import PrivacyRequest, RequestState
from troth.privacy.scanning.scanner import scan
from troth.privacy.searching.verification import verify_erasure
from troth.privacy.storage.backup_format import BackupUnreadable
from troth.privacy.storage.keyring import EPOCH, KeyGone, copy_ring, list_keys
from troth.privacy.storage.places import backups_dir, keyring_path
from troth.privacy.storage.scratch import left_behind

WEEK = EPOCH + 1


@pytest.fixture(autouse=True)
def _a_worker_that_has_just_started() -> Iterator[None]:
    renewing._told.clear()
    renewing._wait["until"] = 0
    yield
    renewing._running.clear()


def levels_of(request: PrivacyRequest) -> dict[str, Any]:
    request.refresh_from_db()
    return {level["level"]: level for level in verify_certificate(request.certificate)["levels"]}


def found_inside(name: str, folder: Path) -> bool:
    """Whether anything of Dana is in what a backup holds, free pages and all."""
    plain = folder / "plain.sqlite3"
    decrypt_backup(path_of(name), plain, data_key_of(load_header(path_of(name))))
    return not scan([plain], [*DANA.values(), SECRET]).clean


def test_an_erased_person_is_in_no_backup_after_the_epoch_and_copies_of_the_old_ones_are_dead(dana: Subject, tmp_path: Path) -> None:
    now = now_ms()
    backup = create_backup(now)
    offsite = shutil.copy(path_of(backup.name), tmp_path / "offsite.troth")
    assert found_inside(backup.name, tmp_path)
    ring = sqlite3.connect(keyring_path())
    (sealed_key,) = ring.execute("SELECT sealed FROM epoch_key").fetchone()
    ring.close()
    erase_person(dana, now=now, source="cli")

    assert renew_backups(now).renewed == []
    done = renew_backups(now + WEEK)

    assert done.renewed == [backup.name] and done.keys_destroyed == 1
    assert not found_inside(backup.name, tmp_path)
    with pytest.raises(KeyGone, match="put back its newest copy"):
        data_key_of(load_header(Path(offsite)))
    renewed = load_header(path_of(backup.name))
    assert (renewed.created_at, renewed.expires_at, renewed.renewed_at) == (backup.created_at, backup.expires_at, now + WEEK)
    assert left_behind() == [] and [path.name for path in backups_dir().iterdir()] == [f"{backup.name}.troth"]
    assert not any(sealed_key in path.read_bytes() for path in keyring_path().parent.iterdir()), "no file has the key's bytes"
    _, replayed = restore_backup(backup.name)
    assert replayed == 0, "it had forgotten her already"
    assert find_people(dana.workspace_id, "bob@example.com") and not find_people(dana.workspace_id, DANA["email"])


def test_the_certificate_says_by_when_and_then_since_when_she_is_unreadable_in_backups(dana: Subject) -> None:
    now = now_ms()
    create_backup(now - DAY)
    request = verify_erasure(erase_person(dana, now=now, source="cli"), now=now)
    before = levels_of(request)
    assert not before["L2"]["reached"] and not before["L5"]["reached"]
    assert iso(now - DAY + EPOCH) in before["L2"]["detail"] and iso(now - DAY + EPOCH) in before["L5"]["detail"]

    renew_due(now + WEEK)
    eventually(lambda: renew_due(now + WEEK) or not is_waiting(request))

    after = levels_of(request)
    assert after["L2"]["reached"] and after["L5"]["reached"] and after["L3"]["reached"] and request.state == RequestState.ERASED
    assert iso(now + WEEK) in after["L5"]["detail"]
    assert verify_certificate(request.certificate)["search"]["identifiers_searched_for"] == 5


def is_waiting(request: PrivacyRequest) -> bool:
    request.refresh_from_db()
    return request.shred_due_at is not None


def test_backups_in_which_nobody_was_erased_are_left_alone(dana: Subject) -> None:
    now = now_ms()
    erase_person(dana, now=now, source="cli")
    backup = create_backup(now)
    before = path_of(backup.name).read_bytes()

    assert renew_backups(now + WEEK).renewed == []
    assert path_of(backup.name).read_bytes() == before


def test_an_erasure_after_a_renewal_waits_for_the_end_of_the_new_epoch(dana: Subject) -> None:
    now = now_ms()
    create_backup(now)
    erase_person(dana, now=now, source="cli")
    renew_backups(now + WEEK)
    bob = find_people(dana.workspace_id, "bob@example.com")[0]

    request = erase_person(bob, now=now + WEEK, source="cli")

    assert request.shred_due_at == now + WEEK + EPOCH
    assert renew_backups(now + WEEK + DAY).renewed == []
    assert tell_requests(now) == 1
    assert is_due(now + 2 * WEEK)


@pytest.mark.parametrize("instant", ["while it is rewritten", "with the new file whole", "between two backups", "before the keys die"])
def test_killed_at_any_instant_each_backup_stays_readable_and_the_next_renewal_ends_the_work(
    dana: Subject, tmp_path: Path, instant: str
) -> None:
    now = now_ms()
    names = [create_backup(now + number).name for number in range(2 if instant == "between two backups" else 1)]
    erase_person(dana, now=now, source="cli")

    kill_during(lambda: renew_backups(now, at_once=True), instant)

    for name in names:
        plain = tmp_path / "readable.sqlite3"
        decrypt_backup(path_of(name), plain, data_key_of(load_header(path_of(name))))
    renewed = renew_backups(now, at_once=True).renewed
    assert renewed == {"between two backups": names[1:], "before the keys die": []}.get(instant, names), "what was done is not done again"
    assert not any(found_inside(name, tmp_path) for name in names)
    assert len(list_keys()) == 1 and left_behind() == []
    assert sorted(path.name for path in backups_dir().iterdir()) == sorted(f"{name}.troth" for name in names)


def kill_during(work: Callable[[], Any], instant: str) -> None:
    """Do something in a process that is killed, by the signal nobody can catch, when it comes to an instant."""
    pid = os.fork()
    if pid == 0:
        try:
            _die_at(instant)
            work()
        finally:
            os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, "it came to the instant"


def _die_at(instant: str) -> None:
    def die(*args: Any, **options: Any) -> Any:
        os.kill(os.getpid(), signal.SIGKILL)

    rewrite, seen = renewing.run_apart, []

    def rewrite_then_die(*args: Any, **options: Any) -> Any:
        rewrite(*args, **options)
        die()

    def die_at_second(*args: Any, **options: Any) -> Any:
        seen.append(1)
        return rewrite(*args, **options) if len(seen) == 1 else die()

    def write_half_then_die(module: str, order: dict[str, Any], **options: Any) -> Any:
        Path(order["scratch"]).write_bytes(SECRET.encode())
        Path(order["target"]).write_bytes(b"half")
        die()

    if instant == "before the keys die":
        renewing.destroy_keys = die  # type: ignore[assignment]
    else:
        renewing.run_apart = {  # type: ignore[assignment]
            "while it is rewritten": write_half_then_die,
            "with the new file whole": rewrite_then_die,
            "between two backups": die_at_second,
        }[instant]


def test_a_lost_key_ring_is_trouble_and_its_copy_mends_it(dana: Subject, tmp_path: Path) -> None:
    now = now_ms()
    backup = create_backup(now)
    out = StringIO()
    call_command("backup_keyring", copy=str(tmp_path / "ring"), stdout=out)
    assert "1 backups  nobody in them was erased" in out.getvalue()
    assert check_backups(now)[0]
    keyring_path().unlink()

    assert not check_backups(now)[0]
    with pytest.raises(KeyGone):
        restore_backup(backup.name)
    assert renew_backups(now + WEEK).dropped == [], "what cannot be opened for want of a key is not thrown away"

    shutil.copy(tmp_path / "ring", keyring_path())
    assert check_backups(now)[0]
    restore_backup(backup.name)
    with pytest.raises(FileExistsError):
        copy_ring(tmp_path / "ring")


def test_a_renewal_needs_nothing_of_the_settings_of_whoever_starts_it(dana: Subject, settings: Any) -> None:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    now = now_ms()
    backup = create_backup(now)
    erase_person(dana, now=now, source="cli")

    assert renew_backups(now + WEEK).renewed == [backup.name]


def test_a_damaged_backup_holds_up_no_renewal(dana: Subject) -> None:
    now = now_ms()
    damaged, whole = create_backup(now), create_backup(now + 1)
    path = path_of(damaged.name)
    path.write_bytes(path.read_bytes()[:-100])
    erase_person(dana, now=now, source="cli")
    out = StringIO()

    call_command("backup_renew", now=True, stdout=out)

    assert "Renewed 1 backups, destroyed 1 keys" in out.getvalue() and f"Removed {damaged.name}" in out.getvalue()
    assert [backup.name for backup in list_backups()] == [whole.name]


def test_the_doctor_tells_when_a_renewal_does_not_come_about(dana: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    now = now_ms()
    create_backup(now)
    erase_person(dana, now=now, source="cli")
    assert check_backups(now + WEEK)[0], "it has a day"

    assert not check_backups(now + WEEK + DAY)[0]


def test_a_key_dies_with_the_last_backup_under_it(workspace: Any) -> None:
    now = now_ms()
    create_backup(now)

    renew_backups(now + 38 * DAY)

    assert list_keys() == []


def test_a_backup_of_an_earlier_version_says_so(workspace: Any) -> None:
    backups_dir().mkdir(exist_ok=True)
    old = backups_dir() / "old.troth"
    old.write_bytes(b"TROTH-BACKUP-1\n{}\n")

    with pytest.raises(BackupUnreadable, match="before backups had epoch keys"):
        load_header(old)
