"""The file format of a backup: a line that names the format, a line of JSON, then AES-256-GCM blocks under a key of the backup's own.

Each block's nonce is its number and whether it is the last, and the header is authenticated with each, so blocks cannot be swapped,
dropped or cut off, and a header cannot be changed, without the backup failing to open. A key is never used for two backups.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from troth.kernel.errors import TrothError

MAGIC = b"TROTH-BACKUP-2\n"
EARLIER = b"TROTH-BACKUP-1\n"
BLOCK = 1024 * 1024
LONGEST_HEADER = 64 * 1024


class BackupUnreadable(TrothError):
    """Not a backup, damaged, or sealed under a key that is not here."""


def seal_stream(plain: BinaryIO, sealed: BinaryIO, header: dict[str, Any], key: bytes) -> None:
    """Encrypt a stream. The caller makes the result durable."""
    line = json.dumps(header, sort_keys=True).encode()
    cipher = AESGCM(key)
    sealed.write(MAGIC + line + b"\n")
    sealed.writelines(cipher.encrypt(_nonce(number, is_last), block, line) for number, block, is_last in _blocks(plain))


def read_header(sealed: BinaryIO) -> dict[str, Any]:
    """The header, not yet authenticated; the stream stands behind it. Raises BackupUnreadable."""
    if (magic := sealed.read(len(MAGIC))) == EARLIER:
        raise BackupUnreadable(
            "This backup was made before backups had epoch keys: restore it with the version that made it, then make another."
        )
    if magic != MAGIC:
        raise BackupUnreadable("This file is not a backup of Troth.")
    try:
        header = json.loads(sealed.readline(LONGEST_HEADER))
    except ValueError:
        raise BackupUnreadable("The header of this backup is damaged: try another one.") from None
    if not isinstance(header, dict):
        raise BackupUnreadable("The header of this backup is damaged: try another one.")
    return header


def open_stream(sealed: BinaryIO, plain: BinaryIO, header: dict[str, Any], key: bytes) -> None:
    """Decrypt what follows the header. Raises BackupUnreadable."""
    line = json.dumps(header, sort_keys=True).encode()
    cipher = AESGCM(key)
    for number, block, is_last in _blocks(sealed, BLOCK + 16):
        try:
            plain.write(cipher.decrypt(_nonce(number, is_last), block, line))
        except InvalidTag:
            raise BackupUnreadable("The backup is damaged: try another one.") from None


def _blocks(source: BinaryIO, size: int = BLOCK) -> Iterator[tuple[int, bytes, bool]]:
    """Numbered blocks of a stream, one at least, and whether each is the last."""
    number, block = 0, source.read(size)
    while True:
        following = source.read(size)
        yield number, block, not following
        if not following:
            return
        number, block = number + 1, following


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])
