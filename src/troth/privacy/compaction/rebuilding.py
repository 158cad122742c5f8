"""The steps of a compaction, each short enough to stand alone: rebuild one table, rebuild the statistics, overwrite one segment of the log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.apps import apps
from django.db import OperationalError, ProgrammingError, connection

from troth.kernel.errors import TrothError
from troth.kernel.personal_data import stores
from troth.privacy.compaction.server import ask, may_rebuild_statistics

LOCK_NOT_AVAILABLE = "55P03"
PATIENCE_MS = 3_000
"""How long a rebuild waits for a table before it lets go: whoever came after it waits as long."""


class TableBusy(TrothError):
    """Somebody used a table for as long as a rebuild may wait."""

    def __init__(self, table: str) -> None:
        super().__init__(f"{table} was in use without a pause: try again when there is less to do.")


TABLES = """
    SELECT c.relname, t.n_tup_upd + t.n_tup_del + t.n_tup_hot_upd, t.n_dead_tup
    FROM pg_stat_user_tables t JOIN pg_class c ON c.oid = t.relid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind = 'r'
"""


SAMPLED = """
    SELECT quote_ident(a.attname), format_type(a.atttypid, a.atttypmod)
        || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation::text ELSE '' END
    FROM pg_stats s JOIN pg_attribute a ON a.attname = s.attname AND a.attrelid = (quote_ident(s.schemaname) || '.' || quote_ident(s.tablename))::regclass
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE s.schemaname = current_schema() AND s.tablename = %s AND (s.most_common_vals IS NOT NULL OR s.histogram_bounds IS NOT NULL)
    ORDER BY a.attnum
"""


def count_changes() -> dict[str, int]:
    """By table, how often rows were changed or deleted since it exists."""
    return {name: int(changes) for name, changes, _ in ask(TABLES)}


def touched_tables(before: Mapping[str, int], records: Sequence[str]) -> list[str]:
    """Tables in which something was changed or deleted since they were last rebuilt (`before`), and those of the named stores; small ones first.

    Not only those in which the erased persons had something at the end: an event waited in the inbox, an attribute was changed, and the bytes of
    both are still there. Names of tables, over all buckets.
    """
    named = {store.name: store.models for store in stores()}
    told = {apps.get_model(label)._meta.db_table for name in records for label in named.get(name, ())}
    changed = {name for name, changes, dead in ask(TABLES) if dead or changes != before.get(name, 0)}
    sizes = ask(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relname = ANY(%s)"
        " ORDER BY pg_total_relation_size(oid), relname",
        [sorted(told | changed)],
    )
    return [name for (name,) in sizes]


def rebuild_table(name: str) -> str:
    """Write a table and its indexes anew without what was deleted, and look at its values anew; returns why not, or nothing.

    Everybody else waits for the table meanwhile. Never inside a transaction. Raises TableBusy.
    """
    why = _rebuild(connection.ops.quote_name(name), "make it the table's owner, or GRANT MAINTAIN (PostgreSQL 17)")
    return why or _forget_samples(name)


def _forget_samples(name: str) -> str:
    """Of a table that is empty now the planner keeps its last samples, for ANALYZE passes over it: they go when a column gets the type it has."""
    quoted = connection.ops.quote_name(name)
    if ask(f"SELECT 1 FROM {quoted} LIMIT 1"):
        return ""
    columns = ask(SAMPLED, [name])
    if not columns:
        return ""
    try:
        with _patience(), connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {quoted} {', '.join(f'ALTER COLUMN {column} TYPE {kind}' for column, kind in columns)}")
    except OperationalError as error:
        if _is_busy(error):
            raise TableBusy(name) from None
        raise
    except ProgrammingError:
        return "samples of its values stay in the planner's statistics while it is empty: make this user the table's owner"
    return ""


def rebuild_statistics() -> str:
    """Write the planner's statistics anew: they kept samples of values (rule P3). Returns why not, or nothing."""
    if not may_rebuild_statistics():
        return "only the owner of the database may rebuild pg_statistic: ALTER DATABASE … OWNER TO this user"
    return _rebuild("pg_catalog.pg_statistic", "the owner of the database may")


def _rebuild(table: str, remedy: str) -> str:
    try:
        with _patience():
            before = _file_of(table)
            with connection.cursor() as cursor:
                cursor.execute(f"VACUUM (FULL, ANALYZE) {table}" if "pg_catalog" not in table else f"VACUUM FULL {table}")
            return "" if _file_of(table) != before else f"it was not rebuilt for want of the right: {remedy}"
    except OperationalError as error:
        if _is_busy(error):
            raise TableBusy(table) from None
        return f"it was not rebuilt ({type(error.__cause__ or error).__name__}): it is tried again the next time"


def _is_busy(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", "") == LOCK_NOT_AVAILABLE


def _file_of(table: str) -> int:
    ((number,),) = ask("SELECT pg_relation_filenode(%s::regclass)", [table])
    return int(number)


@contextmanager
def _patience() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {PATIENCE_MS}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


def count_segments_ahead() -> int:
    """Files of the write-ahead log that are laid aside for later, with what was written to them before they were renamed."""
    ((number,),) = ask("SELECT COUNT(*) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$' AND name > pg_walfile_name(pg_current_wal_lsn())")
    return int(number)


def overwrite_segment() -> None:
    """Fill up the segment that is written to, begin the next, and let go of what came before (rule P4)."""
    ask("SELECT pg_switch_wal()")
    ask("SELECT pg_logical_emit_message(false, 'troth', 'compaction')")
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
