"""What of a PostgreSQL server must be known before it can forget: rights, settings that copy values into logs, slots, and who still looks at the past."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.db import connection

WANTED = {
    "log_error_verbosity": ("terse",),
    "log_min_error_statement": ("panic",),
    "log_parameter_max_length_on_error": ("0",),
    "log_statement": ("none",),
    "log_min_duration_statement": ("-1",),
    "log_min_duration_sample": ("-1",),
    "log_transaction_sample_rate": ("0",),
}
"""Otherwise the server writes values of persons into its log: a refused duplicate alone twice (rule P7)."""


def ask(statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of a statement about the server itself."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def find_leaks() -> list[str]:
    """Settings by which values of persons reach the server's log, each as it should be."""
    found = ask("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [list(WANTED)])
    return [f"{name}={WANTED[name][0]}" for name, value in sorted(found) if value not in WANTED[name]]


def find_slots() -> list[str]:
    """Replication slots: each keeps the write-ahead log from being overwritten (rule P6)."""
    return [name for (name,) in ask("SELECT slot_name FROM pg_replication_slots ORDER BY slot_name")]


def find_copies() -> str:
    """Why the write-ahead log is kept elsewhere too; empty when it is not."""
    ((mode,),) = ask("SHOW archive_mode")
    if mode != "off":
        return f"archive_mode={mode}: segments of the log are kept in an archive, by its own retention"
    ((replicas,),) = ask("SELECT COUNT(*) FROM pg_stat_replication")
    return f"{replicas} replicas keep a log of their own" if replicas else ""


def missing_for_log() -> list[str]:
    """Rights without which the write-ahead log cannot be overwritten, as statements that give them."""
    ((switch, look, point),) = ask(
        "SELECT has_function_privilege(current_user, 'pg_switch_wal()', 'EXECUTE'), has_function_privilege(current_user, 'pg_ls_waldir()', 'EXECUTE'),"
        " (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'pg_checkpoint'"
        " AND pg_has_role(current_user, oid, 'USAGE'))"
    )
    wanted = (
        (switch, "GRANT EXECUTE ON FUNCTION pg_switch_wal() TO"),
        (look, "GRANT pg_monitor TO"),
        (point, "GRANT pg_checkpoint TO"),
    )
    ((me,),) = ask("SELECT quote_ident(current_user)")
    return [f"{statement} {me}" for has, statement in wanted if not has]


def may_rebuild_statistics() -> bool:
    """Whether planner statistics can be rebuilt: by the owner of the database, or a superuser."""
    ((may,),) = ask("SELECT pg_has_role(current_user, datdba, 'USAGE') FROM pg_database WHERE datname = current_database()")
    return bool(may)


def who_looks_back(horizon: int) -> str:
    """Who may still see rows as they were before a transaction number, so that a rebuild would copy them along; empty: nobody.

    Sessions of others show their snapshot only to who may read all statistics; one that cannot be seen counts as one that looks back.
    A plain VACUUM does not count: the server itself leaves it out when it asks which rows somebody may still see.
    """
    ((sessions, unseen, prepared, slots),) = ask(
        """
        WITH mark AS (SELECT age(%s::text::xid) AS at)
        SELECT
            (SELECT COUNT(*) FROM pg_stat_activity, mark WHERE pid <> pg_backend_pid() AND datname = current_database() AND age(backend_xmin) > mark.at
                AND pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)),
            (SELECT COUNT(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database() AND query = '<insufficient privilege>'),
            (SELECT COUNT(*) FROM pg_prepared_xacts, mark WHERE database = current_database() AND age(transaction) > mark.at),
            (SELECT COUNT(*) FROM pg_replication_slots, mark WHERE age(xmin) > mark.at)
        """,
        [str(horizon % 2**32)],
    )
    said = (
        (sessions, "transactions that began before the erasures still run"),
        (unseen, "sessions of others cannot be looked into: GRANT pg_read_all_stats"),
        (prepared, "prepared transactions wait to be ended"),
        (slots, "replication slots hold old rows"),
    )
    return "; ".join(f"{number} {words}" for number, words in said if number)


def data_directory() -> Path | None:
    """The server's own files, where they can be read from here, else None."""
    found = ask("SELECT setting FROM pg_settings WHERE name = 'data_directory'")  # no row for who may not know it
    if not found or not found[0][0]:
        return None
    path = Path(found[0][0])
    try:
        return (
            path.resolve()
            if (path / "PG_VERSION").is_file() and any((path / "base").iterdir()) and any((path / "pg_wal").iterdir())
            else None
        )
    except OSError:
        return None


def tips() -> list[str]:
    """What would make the log forget sooner (rule P5)."""
    settings = dict(ask("SELECT name, setting FROM pg_settings WHERE name IN ('wal_recycle', 'min_wal_size')"))
    return [
        *(["wal_recycle=off"] if settings.get("wal_recycle") == "on" else []),
        *(["min_wal_size=32MB"] if int(settings.get("min_wal_size", "0")) > 32 else []),
    ]


def in_statistics(values: Sequence[str]) -> dict[int, list[str]]:
    """By index of the value: columns of whose values the planner keeps a sample that contains it (files cannot tell: it is compressed)."""
    found: dict[int, list[str]] = {}
    rows = ask(
        "SELECT tablename || '.' || attname, LOWER(CONCAT(most_common_vals::text, histogram_bounds::text)) FROM pg_stats WHERE schemaname = current_schema()"
    )
    for index, value in enumerate(values):
        if columns := sorted(name for name, sample in rows if value.lower() in sample):
            found[index] = columns
    return found
