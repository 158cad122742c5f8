"""Compaction of PostgreSQL: nothing there zeroes what was deleted, so tables are rebuilt, statistics made anew, and the write-ahead log overwritten."""
