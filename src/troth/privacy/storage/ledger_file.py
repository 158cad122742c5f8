"""The file of the erasure ledger: DATA/ledger/erasures.ndjson, one line per erasure, appended durably and never changed.

A line holds its number, the time, the workspace, the request and keyed tags: hashes that say nothing without the master key. Keep a copy
of the file apart from the backups and longer than any of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from troth.kernel.errors import TrothError
from troth.kernel.json_text import encode
from troth.privacy.storage.locks import while_appending
from troth.privacy.storage.places import ledger_path, make_private_dir

TAIL = 64 * 1024


class LedgerBroken(TrothError):
    """A line of the ledger cannot be read, or numbers are missing."""


class Held(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A legal hold that kept something of an erased person (`kept`); a restored backup keeps the same again."""

    hold: int
    person: str = ""
    """Keyed hash of whom it is about, in hex; empty: everybody."""
    kind: str = ""
    event: str = ""
    name: str = ""
    exception: str
    until: int
    ground: str
    """Sealed; hex."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One erasure. `persons` are keyed hashes of person ids, `tags` the suppression tags of all identifiers nobody else held; in hex.

    `held` is what was kept of them. An entry with `ended` says that such items (kind, event, name) of the request are kept no longer.

    `whole`: the workspace itself was deleted for good, with everything in it; `request` is then the number of that leaving.
    """

    number: int
    at: int
    workspace: int
    request: str
    persons: list[str]
    tags: list[str]
    whole: bool = False
    held: list[Held] = []
    ended: list[tuple[str, str, str]] = []


_decoder = msgspec.json.Decoder(Entry)


def make_entry(
    number: int,
    *,
    workspace_id: int,
    request_id: str,
    persons: Sequence[bytes],
    tags: Sequence[bytes],
    at: int,
    held: Sequence[Held] = (),
    ended: Sequence[tuple[str, str, str]] = (),
    whole: bool = False,
) -> Entry:
    """The entry of an erasure, not yet written down."""
    return Entry(
        number=number,
        at=at,
        workspace=workspace_id,
        request=request_id,
        persons=[tag.hex() for tag in persons],
        tags=[tag.hex() for tag in tags],
        whole=whole,
        held=list(held),
        ended=list(ended),
    )


def append(fresh: Sequence[Entry]) -> None:
    """Write the erasures of one transaction down; when it returns, they are on the disk. Raises LedgerBroken when they do not follow the last one.

    Of what a crash cuts off the whole lines count: those are applied by the replay, the others had not begun.
    """
    path = ledger_path()
    make_private_dir(path.parent)
    is_new = not path.exists()
    number = fresh[0].number
    with while_appending(path), open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b") as file:  # noqa: PTH123
        _cut_torn_line(file)
        if (last := _last_number(file)) != number - 1:
            raise LedgerBroken(f"The erasure ledger ends at {last}, so {number} cannot follow: another process has written; try again.")
        file.seek(0, os.SEEK_END)
        file.write(b"".join(encode(entry).encode() + b"\n" for entry in fresh))
        file.flush()
        os.fsync(file.fileno())
    if is_new:
        _sync_directory(path.parent)


def entries(after: int = 0) -> Iterator[Entry]:
    """The entries beyond a number, in order. A last line cut off by a crash was never acknowledged. Raises LedgerBroken."""
    path = ledger_path()
    if not path.exists():
        return
    with path.open("rb") as file:
        for place, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                entry = _decoder.decode(line)
            except msgspec.DecodeError:
                raise LedgerBroken(f"Line {place} of {path} cannot be read: restore the erasure ledger from its own copy.") from None
            if entry.number != place:
                raise LedgerBroken(
                    f"Line {place} of {path} carries the number {entry.number}: restore the erasure ledger from its own copy."
                )
            if place > after:
                yield entry


def last_number() -> int:
    """The number of the last whole entry; 0 when there is none. Reads only the end of the file."""
    path = ledger_path()
    if not path.exists():
        return 0
    with path.open("rb") as file:
        return _last_number(file)


def _last_number(file: BinaryIO) -> int:
    line = _last_whole_line(file)
    if not line:
        return 0
    try:
        return _decoder.decode(line).number
    except msgspec.DecodeError:
        raise LedgerBroken(f"The last line of {file.name} cannot be read: restore the erasure ledger from its own copy.") from None


def _last_whole_line(file: BinaryIO) -> bytes:
    end = file.seek(0, os.SEEK_END)
    size = TAIL
    while True:
        start = max(0, end - size)
        file.seek(start)
        whole = file.read(end - start).rpartition(b"\n")[0]
        if b"\n" in whole or start == 0:
            return whole.rpartition(b"\n")[2]
        size *= 4


def _cut_torn_line(file: BinaryIO) -> None:
    """Remove what a crash left after the last line end: its erasure had not begun."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - TAIL)
        file.seek(start)
        kept = file.read(end - start).rfind(b"\n") + 1
        if kept or start == 0:
            file.truncate(start + kept)
            return
        end = start


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
