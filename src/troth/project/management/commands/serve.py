"""`troth serve`."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

ROLES = ("all", "web", "ingest", "worker", "sender")
GRACE_SECONDS = 20


class Command(BaseCommand):
    """Serve: web processes, a worker and senders, supervised; or one role alone.

    The embedded database is brought up to date first; PostgreSQL is not, because other machines may still run the version before (`troth init` does it).
    """

    help = "Run the server, the worker and the senders (or one --role)."

    def add_arguments(self, parser: CommandParser) -> None:
        """--host, --port, --role, --workers, --senders."""
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--role", choices=ROLES, default="all", help="all: everything on this machine; else one process of that role")
        parser.add_argument("--workers", type=int, default=1, help="web processes (with --role all)")
        parser.add_argument("--senders", type=int, default=1, help="processes that send (with --role all)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until SIGTERM or SIGINT."""
        host, port, role, workers, senders = (options[name] for name in ("host", "port", "role", "workers", "senders"))
        if not 0 < port < 65536 or workers < 1 or senders < 0:
            raise CommandError("--port is 1 to 65535, --workers at least 1, and --senders not negative.")
        if role != "all":
            _end_with_supervisor()
            os.environ["TROTH_ROLE"] = role
        import django

        django.setup()
        from troth.kernel.loading import keep_what_is_loaded
        from troth.privacy.storage.locks import while_serving
        from troth.project.startup import make_ready

        with while_serving():
            make_ready()
            if role in ("worker", "sender"):
                from troth.kernel.worker import run

                keep_what_is_loaded()
                run(role=role)
            elif role != "all":
                _serve_web(host, port)
        if role == "all":
            numbers = (str(number) for number in (port, workers, senders))
            os.execv(sys.executable, [sys.executable, "-m", "troth.project.supervisor", host, *numbers])  # noqa: S606 -- this process becomes it


def _end_with_supervisor() -> None:
    """Stop as on SIGTERM when the supervisor is gone: an orphan would hold the port and the database."""
    inherited = os.environ.pop("TROTH_ALIVE_FD", None)
    if inherited is None:
        return

    def wait() -> None:
        os.read(int(inherited), 1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="supervisor-watch", daemon=True).start()


def _serve_web(host: str, port: int) -> None:
    import uvicorn

    from troth.console.live.streaming import end_streams

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: Any) -> None:
            """Those who watch Live would keep the process from stopping."""
            end_streams()
            super().handle_exit(sig, frame)

    inherited = os.environ.pop("TROTH_LISTEN_FD", None)
    config = uvicorn.Config(
        "troth.project.asgi:application",
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=2048,
    )
    server = Server(config)
    # Handed over as a socket, not as uvicorn's `fd`, which it takes for a Unix socket: TCP_NODELAY would be left out, and answers wait 40 ms.
    sockets = [socket.socket(fileno=int(inherited))] if inherited else None
    try:
        server.run(sockets)
    except (OSError, SystemExit):
        raise CommandError(f"Cannot listen on {host}:{port}: choose another --host or --port.") from None
    if not server.started:
        raise CommandError("The web process could not start: see the log above.")
