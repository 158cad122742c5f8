"""Rewriting one backup without whoever was erased since, in a process of its own whose database is the backup.

It is decrypted into a scratch file, brought to this version's tables, made to replay the erasure ledger, sealed under another key, and opened once
more to see that it can be. Nothing of the installation's own database is read or written.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from troth.kernel.errors import TrothError

HERE = "troth.privacy.backups.rewriting"


class _Nowhere(io.RawIOBase):
    """Takes everything and keeps nothing."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


def main(given: TextIO, out: TextIO) -> None:
    """Carry out the one order on standard input; the answer is a line of JSON: `unreadable` tells why a backup cannot be opened, if so."""
    os.nice(10)
    order = json.load(given)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "troth.project.settings")
    os.environ["TROTH_DATA"] = order["data"]
    os.environ.pop("TROTH_DATABASE_URL", None)
    import django

    django.setup()
    from troth.privacy.storage.backup_format import BackupUnreadable

    answer: dict[str, Any]
    try:
        answer = {"answer": _rewrite(order)}
    except BackupUnreadable as error:
        answer = {"answer": {"unreadable": str(error)}}
    except (TrothError, OSError) as error:
        answer = {"error": str(error)}
    out.write(json.dumps(answer) + "\n")
    out.flush()


def _rewrite(order: dict[str, Any]) -> dict[str, Any]:
    from django.core.management import call_command
    from django.db import connection

    from troth.privacy.backups.restore import check_database, decrypt_backup
    from troth.privacy.erasure.restore_guard import position, replay_if_behind
    from troth.privacy.storage.apart import seal_file
    from troth.privacy.storage.backup_format import open_stream, read_header
    from troth.privacy.storage.wal import empty_log_within

    scratch, target = Path(order["scratch"]), Path(order["target"])
    decrypt_backup(Path(order["source"]), scratch, bytes.fromhex(order["key"]))
    check_database(scratch)
    connection.settings_dict["NAME"] = str(scratch)
    call_command("migrate", verbosity=0, interactive=False)
    applied = replay_if_behind()
    followed = position()
    if not empty_log_within(10):
        raise TrothError("The log of the rewritten backup could not be emptied: it is tried again.")
    connection.close()
    new = bytes.fromhex(order["new_key"])
    seal_file(scratch, target, {**order["header"], "ledger": followed}, new)
    with target.open("rb") as sealed:
        header = read_header(sealed)
        open_stream(sealed, io.BufferedWriter(_Nowhere()), header, new)
    return {"applied": applied, "ledger": followed}


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main(sys.stdin, sys.stdout)
