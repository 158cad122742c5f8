"""The forensic scanner: looks for values in every byte of files, whatever the encoding, also inside compressed containers.

Blind spots are part of the report: what is encrypted cannot be read, and free disk blocks are out of a file scan's reach.
"""

from __future__ import annotations

import bz2
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from troth.kernel.errors import TrothError
from troth.privacy.scan_encodings import Pattern, patterns_for

CHUNK = 16 * 1024 * 1024
SHORTEST = 4
LARGEST_MEMBER = 64 * 1024 * 1024
DEEPEST = 4
BLIND_SPOTS = ("encrypted backups and sealed values (by design)", "free blocks of the disk", "zstd containers")
_SOFT_BREAKS = re.compile(rb"=\r?\n")
_LINE_BREAKS = re.compile(rb"\r?\n")


class ValueTooShort(TrothError):
    """A value that would be found by chance."""


@dataclass(frozen=True)
class Hit:
    """A value found; the value itself is told only by its index."""

    file: str
    container: str
    encoding: str
    offset: int
    count: int
    value_index: int


@dataclass(frozen=True)
class Report:
    """What a scan found and how much it read."""

    hits: tuple[Hit, ...]
    unreadable: tuple[str, ...]
    files: int
    bytes_read: int
    blind_spots: tuple[str, ...] = BLIND_SPOTS

    @property
    def clean(self) -> bool:
        """Nothing was found."""
        return not self.hits

    @staticmethod
    def nothing() -> Report:
        """The report of a scan with nothing to look for."""
        return Report((), (), 0, 0)


@dataclass
class _Search:
    patterns: list[Pattern]
    hits: dict[tuple[str, str, str, int], tuple[int, int]] = field(default_factory=dict)

    @property
    def overlap(self) -> int:
        return max(len(pattern.needle) for pattern in self.patterns) * 2

    def note(self, file: str, container: str, pattern: Pattern, offset: int, count: int) -> None:
        key = (file, container, pattern.encoding, pattern.value_index)
        first, total = self.hits.get(key, (offset, 0))
        self.hits[key] = (min(first, offset), total + count)


def list_files(root: Path) -> list[Path]:
    """Every file below a directory."""
    return sorted(path for path in Path(root).rglob("*") if path.is_file() or path.is_symlink())


def scan(paths: Iterable[Path], values: Sequence[str], progress: Callable[[int, int], None] | None = None) -> Report:
    """Look for values (at least 4 characters each) in files and their names. `progress(done, total)` counts files. Raises ValueTooShort."""
    if any(len(value) < SHORTEST for value in values):
        raise ValueTooShort(f"A value to scan for needs at least {SHORTEST} characters: shorter ones turn up by chance.")
    search = _Search(patterns_for(list(values)))
    files = list(paths)
    unreadable: list[str] = []
    size = 0
    for number, path in enumerate(files):
        _search_bytes(search, str(path), "file name", 0, str(path).encode())
        try:
            size += _scan_file(search, path)
        except FileNotFoundError:
            # The file vanished while the scan ran; it is kept no more.
            continue
        except OSError:
            unreadable.append(str(path))
        if progress:
            progress(number + 1, len(files))
    hits = tuple(Hit(f, c, e, offset, count, v) for (f, c, e, v), (offset, count) in sorted(search.hits.items()))
    return Report(hits, tuple(unreadable), len(files), size)


def _scan_file(search: _Search, path: Path) -> int:
    size = 0
    with path.open("rb") as file:
        tail = b""
        while chunk := file.read(CHUNK):
            block = tail + chunk
            _search_bytes(search, str(path), "", size - len(tail), block, seen=len(tail))
            _search_containers(search, str(path), "", block, seen=len(tail), depth=0)
            size += len(chunk)
            tail = block[-search.overlap :]
    return size


def _search_bytes(search: _Search, file: str, container: str, base: int, block: bytes, seen: int = 0) -> None:
    """Search one block; matches that lie wholly in its first `seen` bytes were counted with the block before."""
    forms = [(base, block, seen)]
    if b"=\n" in block or b"=\r\n" in block:
        forms.append((base, _SOFT_BREAKS.sub(b"", block), 0))
    lower = None
    for offset, data, counted in forms:
        lower = data.lower()
        for pattern in search.patterns:
            _find_all(search, file, container, pattern, lower if pattern.folded else data, offset, counted)
    if b"\n" in block and len(block) < 4 * CHUNK:
        _search_folded_base64(search, file, container, base, block)


_BASE64_LINES = re.compile(rb"(?:[A-Za-z0-9+/_-]{40,}\r?\n)+[A-Za-z0-9+/_=-]*")


def _search_folded_base64(search: _Search, file: str, container: str, base: int, block: bytes) -> None:
    """Base64 that was broken into lines: put together again, then searched."""
    for match in _BASE64_LINES.finditer(block):
        text = _LINE_BREAKS.sub(b"", match.group())
        for pattern in search.patterns:
            if pattern.encoding == "base64" and pattern.needle in text and pattern.needle not in match.group():
                search.note(file, container, pattern, base + match.start(), 1)


def _find_all(search: _Search, file: str, container: str, pattern: Pattern, data: bytes, base: int, seen: int) -> None:
    at = data.find(pattern.needle)
    first, count = -1, 0
    while at >= 0:
        if at + len(pattern.needle) > seen:
            first = at if first < 0 else first
            count += 1
        at = data.find(pattern.needle, at + 1)
    if count:
        search.note(file, container, pattern, base + first, count)


def _search_containers(search: _Search, file: str, container: str, block: bytes, seen: int, depth: int) -> None:
    if depth >= DEEPEST:
        return
    for kind, offset, inner in _open_containers(block):
        place = f"{container}/{kind}@{offset}" if container else f"{kind}@{offset}"
        _search_bytes(search, file, place, 0, inner)
        _search_containers(search, file, place, inner, 0, depth + 1)


MAGICS: tuple[tuple[str, bytes], ...] = (
    ("gzip", b"\x1f\x8b\x08"),
    ("zip", b"PK\x03\x04"),
    ("xz", b"\xfd7zXZ\x00"),
    ("bz2", b"BZh"),
    ("zlib", b"\x78\x01"),
    ("zlib", b"\x78\x5e"),
    ("zlib", b"\x78\x9c"),
    ("zlib", b"\x78\xda"),
)


def _open_containers(block: bytes) -> Iterator[tuple[str, int, bytes]]:
    """What is compressed inside a block, wherever it begins. A magic that turns out to be chance is passed over."""
    for kind, magic in MAGICS:
        at = block.find(magic)
        while at >= 0:
            inner = _open(kind, block, at)
            if inner:
                yield kind, at, inner
            at = block.find(magic, at + 1)


def _open(kind: str, block: bytes, at: int) -> bytes:
    try:
        if kind in ("gzip", "zlib"):
            return zlib.decompressobj(31 if kind == "gzip" else 15).decompress(memoryview(block)[at:], LARGEST_MEMBER)
        if kind == "xz":
            return lzma.LZMADecompressor().decompress(block[at:], LARGEST_MEMBER)
        if kind == "bz2":
            return bz2.BZ2Decompressor().decompress(block[at : at + LARGEST_MEMBER], LARGEST_MEMBER)
        return _open_zip_member(block, at)
    except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, zipfile.BadZipFile):
        return b""


def _open_zip_member(block: bytes, at: int) -> bytes:
    """One member, read from its local header, so that broken and streamed archives are read too."""
    header = block[at : at + 30]
    if len(header) < 30:
        return b""
    method = int.from_bytes(header[8:10], "little")
    start = at + 30 + int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    if method != zipfile.ZIP_DEFLATED:
        return b""
    return zlib.decompressobj(-15).decompress(memoryview(block)[start:], LARGEST_MEMBER)


def describe(report: Report) -> Iterator[str]:
    """A report as lines for a terminal."""
    for hit in report.hits:
        inside = f" in {hit.container}" if hit.container else ""
        yield f"FOUND value {hit.value_index + 1} as {hit.encoding}, {hit.count} times, first at byte {hit.offset}{inside}: {hit.file}"
    for path in report.unreadable:
        yield f"UNREADABLE {path}"
    yield f"{report.files} files, {report.bytes_read:,} bytes read; not visible to a scan: {'; '.join(report.blind_spots)}"


__all__ = ["Hit", "Report", "ValueTooShort", "describe", "list_files", "scan"]
