"""Reads TROTH_DATABASE_URL. URL options arrive as text; Django wants the pool's as numbers."""

from __future__ import annotations

from typing import Any

import environ

from troth.kernel.errors import TrothError

ENGINE = "django.db.backends.postgresql"
POOL = 20
"""More than the threads of a web process that can ask at once: Django's sixteen, the writer, keys, health."""
POOL_SECONDS = 5.0


class BadDatabaseUrl(TrothError):
    """TROTH_DATABASE_URL cannot be understood."""


def read_database_url(url: str) -> dict[str, Any]:
    """Django's settings for `postgres://user:password@host:port/name?pool=N&sslmode=…`. Raises BadDatabaseUrl, which never repeats the URL."""
    try:
        parsed: dict[str, Any] = environ.Env.db_url_config(url)
    except Exception as error:
        raise BadDatabaseUrl("TROTH_DATABASE_URL is not a URL: say postgres://user:password@host:5432/name.") from error
    if parsed.get("ENGINE") != ENGINE:
        raise BadDatabaseUrl("TROTH_DATABASE_URL must begin with postgres://. Without it Troth keeps an SQLite file in the data directory.")
    options = parsed.setdefault("OPTIONS", {})
    size = str(options.pop("pool", POOL))
    if not size.isdecimal():
        raise BadDatabaseUrl("pool in TROTH_DATABASE_URL is a number of connections; 0 for none.")
    if int(size):
        options["pool"] = {"min_size": 1, "max_size": int(size), "timeout": POOL_SECONDS}
    return parsed
