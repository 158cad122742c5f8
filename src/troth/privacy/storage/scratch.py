"""Where a backup lies in clear while it is rewritten: in memory if there is room, else beside the backups; overwritten when done.

What a killed process leaves behind has a fixed name: the next one overwrites it, and until then a search for an erased person reads it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from troth.privacy.storage.places import backups_dir, data_dir, make_private_dir, side_files

MEMORY = Path("/dev/shm")  # noqa: S108 -- memory, and a directory of our own in it
ROOM = 3
"""So many times the size of the database must be free: it, its log, and what others need meanwhile."""
BLOCK = 1024 * 1024


@contextmanager
def scratch_file(size: int) -> Iterator[Path]:
    """A path for a database of so many bytes; whatever lies there afterwards is overwritten and removed."""
    sweep()
    folder = make_private_dir(_memory_dir() if _fits_memory(size) else backups_dir())
    path = folder / ".scratch.sqlite3"
    try:
        yield path
    finally:
        sweep()


def sweep() -> None:
    """Overwrite and remove what lies in any of the places. The caller holds the lock of the backups."""
    for path in left_behind():
        overwrite_and_remove(path)


def left_behind() -> list[Path]:
    """Files in clear of a rewriting under way, or of one that was killed."""
    places = [folder.resolve() / ".scratch.sqlite3" for folder in (_memory_dir(), backups_dir()) if _is_ours(folder)]
    return [path for place in places for path in (place, *side_files(place)) if path.is_file() and not path.is_symlink()]


def overwrite_and_remove(path: Path) -> None:
    """Remove a file that held personal data, its bytes first. What a copy-on-write disk keeps in free blocks is beyond reach."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        left = path.stat().st_size
        while left > 0:
            left -= file.write(b"\0" * min(left, BLOCK))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _memory_dir() -> Path:
    """A folder in memory that belongs to this installation."""
    return MEMORY / f"troth-{hashlib.sha256(str(data_dir().resolve()).encode()).hexdigest()[:16]}"


def _is_ours(folder: Path) -> bool:
    """Whether it is a real directory that nobody else can write into: /dev/shm is open to every user of the machine."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def _fits_memory(size: int) -> bool:
    if not MEMORY.is_dir() or not os.access(MEMORY, os.W_OK):
        return False
    if _memory_dir().exists() and not _is_ours(_memory_dir()):
        return False
    return min(shutil.disk_usage(MEMORY).free, _available_memory()) >= size * ROOM


def _available_memory() -> int:
    """Bytes; 0 where the system does not tell."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), 0)
