"""Senders: the processes that hand messages over, and what each leaves behind when it is killed.

A sender holds a lock on a file of its own, `DATA/senders/<id>`, which the kernel lets go of when the process dies, however it dies. Into it goes
the number of each message immediately before its first byte leaves, and again with the answer, so that after a kill it is known which messages
had been taken, which were on their way, and which had only been claimed. A written line survives the process, not the machine: after a restart of the machine, and for a sender on another one,
all that it had claimed is in doubt. The file holds numbers of messages, and of nobody.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum, auto
from functools import lru_cache
from pathlib import Path

from django.conf import settings

BOOT = Path("/proc/sys/kernel/random/boot_id")
UNKNOWN = "unknown"


class Sender:
    """A process that sends. `begin` may be called from several threads at once."""

    def __init__(self, folder: Path) -> None:
        self.sender_id = secrets.randbits(62) or 1
        self._path = folder / str(self.sender_id)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._head = os.write(self._file, f"{_boot()}\n".encode())

    def begin(self, message_id: int) -> None:
        """Note that a message is about to leave."""
        os.write(self._file, b"%d\n" % message_id)

    def answered(self, message_id: int, *, taken: bool) -> None:
        """Note that a provider has taken a message, or surely has not."""
        os.write(self._file, b"%d %s\n" % (message_id, b"+" if taken else b"-"))

    def forget(self) -> None:
        """What became of all messages noted so far is settled."""
        os.ftruncate(self._file, self._head)

    def end(self) -> None:
        """Send no more: nothing is left unsettled."""
        with suppress(FileNotFoundError):
            self._path.unlink()
        os.close(self._file)


class Fate(Enum):
    """What is known of a message that a dead sender had claimed."""

    NOT_BEGUN = auto()
    IN_DOUBT = auto()
    TAKEN = auto()


class Left:
    """What a dead sender left behind."""

    def __init__(self, lines: Sequence[str] | None, forget: Callable[[], None]) -> None:
        """`lines` is None when it is not known what it had begun."""
        self._is_known = lines is not None
        self._fates: dict[int, Fate] = {}
        for line in lines or ():
            number, _, answer = line.partition(" ")
            self._fates[int(number)] = {"": Fate.IN_DOUBT, "+": Fate.TAKEN, "-": Fate.NOT_BEGUN}[answer]
        self.forget = forget
        """Call it once everything is settled."""

    def fate_of(self, message_id: int) -> Fate:
        """What is known of a message that the sender had claimed."""
        return self._fates.get(message_id, Fate.NOT_BEGUN if self._is_known else Fate.IN_DOUBT)


@lru_cache(maxsize=1)
def _sender_of(process_id: int) -> Sender:
    return Sender(_folder())


def this_sender() -> Sender:
    """The process that runs; registered at its first use."""
    return _sender_of(os.getpid())


def find_left(sender_id: int) -> Left | None:
    """What a sender left behind, if it ran on this data directory and is dead; None while it lives, or when nothing is known of it here."""
    path = _folder() / str(sender_id)
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        boot, *lines = path.read_text().splitlines()
    except BlockingIOError:
        return None
    except ValueError:
        boot, lines = "", []  # killed before it wrote its first line
    finally:
        os.close(file)

    def forget() -> None:
        path.unlink(missing_ok=True)

    return Left(lines if boot == _boot() != UNKNOWN else None, forget)


def list_senders() -> tuple[list[int], list[int]]:
    """The ids of the senders of this data directory: those alive, and those that died and whose messages are not settled yet."""
    alive: list[int] = []
    dead: list[int] = []
    for path in _folder().iterdir():
        if path.name.isdigit():
            (alive if _is_held(path) else dead).append(int(path.name))
    return alive, dead


def _is_held(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def _folder() -> Path:
    folder = Path(settings.TROTH_DATA) / "senders"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _boot() -> str:
    """Changes when the machine starts anew."""
    return BOOT.read_text().strip() if BOOT.exists() else UNKNOWN
