"""Compressed data inside other data: recognised by its first bytes anywhere, unpacked as a stream, never more than a piece at a time."""

from __future__ import annotations

import bz2
import lzma
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

PIECE = 256 * 1024
"""Bytes unpacked at a time."""
XZ_MEMORY = 128 * 1024 * 1024
"""Bytes an xz decoder may take; `xz -9` needs 65 MB."""
LONGEST_MAGIC = 10


class Damaged(Exception):
    """What looked like a container cannot be unpacked from here on."""


class Decoder(Protocol):
    """Unpacks one container that is fed to it in order."""

    finished: bool

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Unpacked pieces. Raises Damaged."""


@dataclass
class Inflate:
    """A zlib or gzip stream, or the bare deflate data of a zip member, as `window_bits` says (see zlib.decompressobj)."""

    window_bits: int
    finished: bool = False

    def __post_init__(self) -> None:
        self._inflater = zlib.decompressobj(self.window_bits)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Unpacked pieces. Raises Damaged."""
        while data and not self.finished:
            try:
                piece = self._inflater.decompress(data, PIECE)
            except zlib.error as error:
                raise Damaged from error
            data = self._inflater.unconsumed_tail
            self.finished = self._inflater.eof
            if piece:
                yield piece


@dataclass
class BlockDecoder:
    """An xz or bz2 stream."""

    decoder: bz2.BZ2Decompressor | lzma.LZMADecompressor
    finished: bool = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Unpacked pieces. Raises Damaged."""
        while not self.finished and (data or not self.decoder.needs_input):
            try:
                piece = self.decoder.decompress(data, PIECE)
            except (OSError, lzma.LZMAError, ValueError) as error:
                raise Damaged from error
            data = b""
            self.finished = self.decoder.eof
            if piece:
                yield piece


@dataclass
class ZipMember:
    """One member of a zip file from its local header on (APPNOTE 4.3.7). Stored, bz2 and xz members are visible without unpacking."""

    finished: bool = False
    _header: bytes = b""
    _inflate: Inflate | None = field(default=None)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Unpacked pieces. Raises Damaged."""
        if self._inflate is None:
            self._header += data
            if len(self._header) < 30:
                return
            flags, method = struct.unpack_from("<HH", self._header, 6)
            name, extra = struct.unpack_from("<HH", self._header, 26)
            if method != 8 or flags & 1:
                raise Damaged
            if len(self._header) < 30 + name + extra:
                return
            data, self._header = self._header[30 + name + extra :], b""
            self._inflate = Inflate(-zlib.MAX_WBITS)
        yield from self._inflate.feed(data)
        self.finished = self._inflate.finished


@dataclass(frozen=True)
class Kind:
    """How one kind of container is recognised. `rare` is a byte of the magic that ordinary text lacks: looking for it alone is much faster."""

    name: str
    rare: bytes
    magic: bytes
    open: Callable[[], Decoder]
    before: re.Pattern[bytes] | None = None
    """What must stand before the magic, as part of the container."""


KINDS = (
    Kind("gzip", b"\x8b", b"\x1f\x8b\x08", lambda: Inflate(16 + zlib.MAX_WBITS)),
    Kind("zip", b"\x04", b"PK\x03\x04", ZipMember),
    Kind("xz", b"\xfd", b"\xfd7zXZ\x00", lambda: BlockDecoder(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY))),
    Kind("bz2", b"&", b"1AY&SY", lambda: BlockDecoder(bz2.BZ2Decompressor()), before=re.compile(rb"BZh[1-9]\Z")),
)
ZLIB = Kind("zlib", b"x", b"x", lambda: Inflate(zlib.MAX_WBITS))
"""Its magic is so short that most finds are chance; hence `_looks_like_zlib`."""
_ZLIB_MAGIC = re.compile(rb"x[\x01\x5e\x9c\xda]")
_PREFIX = 4
_HEAD = 512


def find_containers(window: bytes, resume: dict[bytes, int], base: int) -> Iterator[tuple[Kind, int]]:
    """Kind and place of what may be a container in the window, which begins at byte `base` of its stream.

    `resume` holds, for each magic, from which byte of the stream on to look; it is moved forward.
    """
    end = base + len(window)
    for kind in KINDS:
        start = max(0, resume.get(kind.magic, 0) - base)
        resume[kind.magic] = max(resume.get(kind.magic, 0), end - len(kind.magic) + 1)
        if window.find(kind.rare, start) < 0:
            continue
        place = window.find(kind.magic, start)
        while place >= 0:
            resume[kind.magic] = max(resume[kind.magic], base + place + 1)
            if kind.before is None:
                yield kind, place
            elif place >= _PREFIX and kind.before.match(window[place - _PREFIX : place]):
                yield kind, place - _PREFIX
            place = window.find(kind.magic, place + 1)
    start = max(0, resume.get(ZLIB.magic, 0) - base)
    resume[ZLIB.magic] = end - 1
    for match in _ZLIB_MAGIC.finditer(window, start):
        if _looks_like_zlib(window[match.start() : match.start() + _HEAD]):
            yield ZLIB, match.start()


def _looks_like_zlib(head: bytes) -> bool:
    """Whether the first bytes unpack without an error; it tells chance from a zlib stream in a microsecond or two."""
    try:
        return bool(zlib.decompressobj().decompress(head, 256)) or len(head) < _HEAD
    except zlib.error:
        return False
