"""What must hold before a process serves: the schema is current, and a restored database has forgotten again whom it must forget."""

from __future__ import annotations

from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from troth.kernel.sql import is_sqlite
from troth.privacy.erasure.restore_guard import replay_if_behind


def make_ready() -> None:
    """Bring the embedded database up to date, and replay the erasure ledger. Raises CommandError saying what to do."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        if not is_sqlite():
            raise CommandError("The database lacks migrations: run `troth init` first.")
        call_command("migrate", verbosity=0, interactive=False)
    replay_if_behind()
    connection.close()
