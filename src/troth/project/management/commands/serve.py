"""`troth serve`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from troth.kernel.crypto import MASTER_KEY_FILE
from troth.project.supervisor import supervise

ROLES = ("all", "web", "ingest", "worker")


class Command(BaseCommand):
    """Serve: a web process and a worker, supervised; or one role alone."""

    help = "Run the server and the worker (or one --role)."

    def add_arguments(self, parser: CommandParser) -> None:
        """--host, --port, --role, --workers."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--role", choices=ROLES, default="all", help="all: everything on this machine; else one process of that role")
        parser.add_argument("--workers", type=int, default=1, help="web processes (with --role all)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT."""
        data = Path(os.environ.get("TROTH_DATA") or "troth-data").resolve()
        if not (data / MASTER_KEY_FILE).exists():
            raise CommandError(f"{data} is no data directory of Troth: run `troth init` first.")
        if options["role"] == "all":
            sys.exit(supervise(options["host"], options["port"], options["workers"]))
        import django

        django.setup()
        from troth.privacy.locks import while_serving
        from troth.project.startup import make_ready

        with while_serving():
            make_ready()
            if options["role"] == "worker":
                from troth.kernel.worker import run

                run()
                return
            os.environ["TROTH_ROLE"] = options["role"]
            _serve_web(options["host"], options["port"])


def _serve_web(host: str, port: int) -> None:
    import uvicorn

    inherited = os.environ.get("TROTH_LISTEN_FD")
    config = uvicorn.Config(
        "troth.project.asgi:application",
        host=host,
        port=port,
        fd=int(inherited) if inherited else None,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=20,
        backlog=2048,
    )
    server = uvicorn.Server(config)
    try:
        server.run()
    except (OSError, SystemExit):
        raise CommandError(f"Cannot listen on {host}:{port}: choose another --port.") from None
    if not server.started:
        raise CommandError(f"Cannot listen on {host}:{port}: choose another --port, or see the log above.")
