"""The forensic scanner: looks for values in every byte of files, in every usual encoding, through every usual compression.

It reads files as they lie on disk, below SQL and below the file formats, so it also sees free pages, journals and slack. What it cannot see is
said in the report (`blind_spots`), and it goes into the certificate of an erasure. Rules: shared specification on erasure, section 4.

Measured with five values (two e-mail addresses, a name with an umlaut, a phone number, an id) on one busy core of a small virtual machine: 500
MB of an SQLite database full of JSON and HTML in 6.5 s, 500 MB of random bytes in 4.5 s, in 20 MB of memory.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from troth.privacy.scanning.containers import LONGEST_MAGIC, ZLIB, Damaged, Decoder, find_containers
from troth.privacy.scanning.encodings import Needles, find_values, overlap_for, prepare_needles

CHUNK = 256 * 1024
"""Bytes read at a time; a window and its views then stay in the processor's cache."""
MAX_DEPTH = 6
MAX_OPEN = 32
"""Containers that may begin inside one another's bytes at the same level before the rest is given up."""
MAX_UNPACKED = 4 * 1024**3
"""Bytes unpacked out of one file, against bombs."""
MAX_PLACES = 10_000
"""Different places in one file after which the rest of it is not read: it is full of the value."""
TELLING = 4096
"""A damaged container is reported when at least this many bytes came out of it; less is chance."""
PASSES = 3

BLIND_SPOTS = (
    "values compressed by PostgreSQL (pglz or lz4 TOAST, wal_compression)",
    "zstd, brotli, LZMA members of zip files and other compression without a known magic",
    "encrypted data, by design",
    "a value cut in two by the page boundary of a database file",
    "Base64 of values shorter than six bytes",
    "free disk blocks under the file system",
)


@dataclass(frozen=True, order=True)
class Hit:
    """A value found: where, how it was encoded, how often. The value itself is never part of a report; its index is.

    `container` is the way into compressed data, e.g. `gzip@0 > zlib@512`, or `file name`, `link target`; empty for the file's own bytes.
    `offset` counts bytes to the first occurrence, from the start of the innermost container.
    """

    file: str
    container: str
    encoding: str
    offset: int
    count: int
    value_index: int


@dataclass(frozen=True, order=True)
class Unreadable:
    """Something that was not searched, or not to its end. `holds_bytes` is False for sockets, pipes and devices: nothing rests in them."""

    file: str
    reason: str
    holds_bytes: bool = True


@dataclass(frozen=True)
class Report:
    """What a scan found, and what it could not look at."""

    hits: tuple[Hit, ...]
    unreadable: tuple[Unreadable, ...]
    files: int
    bytes_read: int
    blind_spots: tuple[str, ...] = BLIND_SPOTS

    @property
    def clean(self) -> bool:
        """Nothing was found. Whether everything could be looked at, `complete` says."""
        return not self.hits

    @property
    def complete(self) -> bool:
        """Every byte that rests in the files was looked at."""
        return not any(item.holds_bytes for item in self.unreadable)


class _TooMuch(Exception):
    """Enough of one file was seen; the message says why, for the report."""


@dataclass
class _Search:
    """One scan under way."""

    needles: tuple[Needles, ...]
    overlap: int
    progress: Callable[[int, int], None] | None
    total: int = 0
    files: int = 0
    bytes_read: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)


@dataclass
class _File:
    """One file under way: where it is, and what was found in it."""

    shown: str
    places: dict[tuple[str, str, int], list[int]] = field(default_factory=dict)
    troubles: set[str] = field(default_factory=set)
    unpacked: int = 0

    def note(self, container: str, encoding: str, value_index: int, offset: int) -> None:
        place = self.places.setdefault((container, encoding, value_index), [offset, 0])
        place[0] = min(place[0], offset)
        place[1] += 1
        if len(self.places) >= MAX_PLACES:
            raise _TooMuch(f"more than {MAX_PLACES} places found, the rest of the file was not read")

    def hits(self) -> Iterator[Hit]:
        for (container, encoding, value_index), (offset, count) in self.places.items():
            yield Hit(self.shown, container, encoding, offset, count, value_index)


def scan(paths: Iterable[Path], values: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Report:
    """Look for `values` in every byte of the files and directories, and in their names.

    `progress` is called with bytes done and bytes in total, often. Symbolic links are not followed; a file with several names is read once. What
    cannot be read is reported and does not stop the scan. Not for a process that itself has an SQLite database below `paths` open: closing a file
    drops that process's locks on it (see apart.py). Raises ValueTooShort for a value with fewer than four characters.
    """
    roots = list(paths)
    search = _Search(needles=prepare_needles(values), overlap=overlap_for(values), progress=progress)
    search.total = sum(info.st_size for _, info in _walk(roots, None) if info is not None and stat.S_ISREG(info.st_mode))
    # A file that is renamed while the directory is read can be missed by one walk, not by the next.
    for attempt in range(PASSES):
        if not _scan_once(search, roots, report_trouble=attempt == 0):
            break
    return Report(tuple(sorted(search.hits)), tuple(sorted(set(search.unreadable))), search.files, search.bytes_read)


def _scan_once(search: _Search, roots: Sequence[Path], *, report_trouble: bool) -> bool:
    """Read what was not read before; True when there was any."""
    fresh = False
    for path, info in _walk(roots, search.unreadable if report_trouble else None):
        if info is None:
            continue
        key = (info.st_dev, info.st_ino)
        if key in search.seen:
            continue
        search.seen.add(key)
        fresh = True
        _scan_entry(search, path, info)
    return fresh


def _walk(roots: Sequence[Path], unreadable: list[Unreadable] | None) -> Iterator[tuple[Path, os.stat_result | None]]:
    """Everything at and below the roots with its status, not following links."""
    pending = list(reversed(roots))
    while pending:
        path = pending.pop()
        try:
            info = path.lstat()
            if stat.S_ISDIR(info.st_mode):
                with os.scandir(path) as entries:
                    pending.extend(sorted((Path(entry.path) for entry in entries), reverse=True))
        except FileNotFoundError:
            # A journal that went away holds nothing any more; a root that never was is a mistake worth telling.
            if path not in roots:
                continue
            info = None
            _complain(unreadable, path, "does not exist")
        except OSError as error:
            info = None
            _complain(unreadable, path, os.strerror(error.errno or 0))
        yield path, info


def _complain(unreadable: list[Unreadable] | None, path: Path, reason: str) -> None:
    if unreadable is not None:
        unreadable.append(Unreadable(str(path), reason))


def _scan_entry(search: _Search, path: Path, info: os.stat_result) -> None:
    """One directory entry: its name, its link target, its bytes."""
    in_name = list(find_values(os.fsencode(path.name), search.needles))
    entry = _File(_shown(search, path, info))
    for found in in_name:
        entry.note("file name", found.encoding, found.value_index, found.offset)
    try:
        if stat.S_ISLNK(info.st_mode):
            for found in find_values(os.fsencode(path.readlink()), search.needles):
                entry.note("link target", found.encoding, found.value_index, found.offset)
        elif stat.S_ISREG(info.st_mode):
            _scan_file(search, path, entry)
        elif not stat.S_ISDIR(info.st_mode):
            search.unreadable.append(Unreadable(entry.shown, "socket, pipe or device", holds_bytes=False))
    except FileNotFoundError:
        pass
    except OSError as error:
        entry.troubles.add(os.strerror(error.errno or 0))
    except _TooMuch as reason:
        entry.troubles.add(str(reason))
    search.hits.extend(entry.hits())
    search.unreadable.extend(Unreadable(entry.shown, reason) for reason in entry.troubles)


def _shown(search: _Search, path: Path, info: os.stat_result) -> str:
    """The path for the report; a part that carries a value is replaced, the inode number still finds it."""
    parts = []
    for part in path.parts:
        found = next(find_values(os.fsencode(part), search.needles), None)
        parts.append(part if found is None else f"[name with value {found.value_index}]")
    shown = str(Path(*parts))
    return shown if shown == str(path) else f"{shown} (inode {info.st_ino})"


def _scan_file(search: _Search, path: Path, entry: _File) -> None:
    with path.open("rb", buffering=0) as file:
        search.files += 1
        stream = _Stream(search, entry, "", 0)
        while data := file.read(CHUNK):
            search.bytes_read += len(data)
            stream.feed(data)
            if search.progress:
                search.progress(search.bytes_read, max(search.total, search.bytes_read))
        stream.close()


@dataclass
class _Opened:
    """A container being unpacked."""

    decoder: Decoder
    inner: _Stream
    certain: bool
    produced: int = 0


@dataclass
class _Stream:
    """Bytes in order, of a file or out of a container: searched window by window, containers in it unpacked as they pass."""

    search: _Search
    file: _File
    container: str
    depth: int
    tail: bytes = b""
    position: int = 0
    """Bytes of the stream before the tail."""
    resume: dict[bytes, int] = field(default_factory=dict)
    opened: list[_Opened] = field(default_factory=list)

    def feed(self, data: bytes) -> None:
        """Search the next bytes."""
        window = self.tail + data if self.tail else data
        for found in find_values(window, self.search.needles, len(self.tail)):
            self.file.note(self.container, found.encoding, found.value_index, self.position + found.offset)
        self.opened = [opened for opened in self.opened if self._unpack(opened, data)]
        for kind, place in find_containers(window, self.resume, self.position):
            name = f"{kind.name}@{self.position + place}"
            if self.depth >= MAX_DEPTH or len(self.opened) >= MAX_OPEN:
                if kind is not ZLIB:
                    self.file.troubles.add("containers nested too deeply were not unpacked")
                continue
            inner = _Stream(self.search, self.file, f"{self.container} > {name}" if self.container else name, self.depth + 1)
            opened = _Opened(kind.open(), inner, kind is not ZLIB)
            if self._unpack(opened, window[place:]):
                self.opened.append(opened)
        kept = max(self.search.overlap, LONGEST_MAGIC)
        self.position += max(0, len(window) - kept)
        self.tail = window[-kept:]

    def close(self) -> None:
        """The stream has ended: so have the containers in it."""
        for opened in self.opened:
            opened.inner.close()
            self._complain_about(opened)
        self.opened = []

    def _unpack(self, opened: _Opened, data: bytes) -> bool:
        """Pass bytes on to a container; False when it needs no more."""
        try:
            for piece in opened.decoder.feed(data):
                opened.produced += len(piece)
                self.file.unpacked += len(piece)
                if self.file.unpacked > MAX_UNPACKED:
                    raise _TooMuch(f"more than {MAX_UNPACKED} bytes come out of its containers, the rest was not read")
                opened.inner.feed(piece)
        except Damaged:
            opened.inner.close()
            self._complain_about(opened)
            return False
        if opened.decoder.finished:
            opened.inner.close()
        return not opened.decoder.finished

    def _complain_about(self, opened: _Opened) -> None:
        if opened.certain and opened.produced >= TELLING:
            self.file.troubles.add(f"a damaged container ({opened.inner.container}) was read only in part")
