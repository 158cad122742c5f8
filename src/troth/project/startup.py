"""What must hold before a process serves: the schema is current, and a restored database has forgotten again whom it must forget."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.loader import MIGRATIONS_MODULE_NAME
from django.utils.module_loading import module_has_submodule

from troth.kernel.sql import is_sqlite
from troth.privacy.erasure.restore_guard import replay_if_behind


def make_ready() -> None:
    """Bring the embedded database up to date, and replay the erasure ledger. Raises CommandError saying what to do."""
    if find_missing_migrations():
        if not is_sqlite():
            raise CommandError("The database lacks migrations: run `troth init` first.")
        call_command("migrate", verbosity=0, interactive=False)
    replay_if_behind()
    connection.close()


def find_missing_migrations() -> frozenset[tuple[str, str]]:
    """The migrations that this code knows and the database has not had, as (app, name): one query."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT app, name FROM django_migrations")
            had = set(cursor.fetchall())
    except DatabaseError:
        if "django_migrations" in connection.introspection.table_names():
            raise
        had = set()  # a new database
    return known_migrations() - had


@cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """The migrations of the code that runs, by the names of their files, as Django finds them; what they do is not loaded for it."""
    found: set[tuple[str, str]] = set()
    for config in apps.get_app_configs():
        if config.module and module_has_submodule(config.module, MIGRATIONS_MODULE_NAME):
            folder = import_module(f"{config.name}.{MIGRATIONS_MODULE_NAME}")
            found.update((config.label, one.name) for one in iter_modules(folder.__path__) if not one.ispkg and one.name[0] not in "_~")
    return frozenset(found)
