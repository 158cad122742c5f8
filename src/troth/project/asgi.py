"""The ASGI application of a web process: what machines call by the lean doors, health and metrics, and Django for everything else."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "troth.project.settings")

import django
import structlog

django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402 -- needs a configured Django
from django.db import Error as DatabaseError  # noqa: E402
from django.db import connection  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from troth.api.opendsr_urls import V1_PATHS as OPENDSR_V1  # noqa: E402
from troth.intake.asgi import Intake  # noqa: E402
from troth.intake.capturing import Capturing  # noqa: E402
from troth.intake.tallies import add_counts  # noqa: E402
from troth.intake.writer import Writer  # noqa: E402
from troth.kernel.clock import now_ms  # noqa: E402
from troth.kernel.loading import keep_what_is_loaded  # noqa: E402
from troth.kernel.sql import is_sqlite  # noqa: E402
from troth.messages.noting import Noting  # noqa: E402
from troth.pages.lean import Lean, is_for_machines  # noqa: E402
from troth.project.health import answer_health  # noqa: E402
from troth.project.wsgi_in_threads import WsgiInThreads  # noqa: E402
from troth.workspaces.keys import Keyring, write_uses  # noqa: E402

log = structlog.get_logger()
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

KEYRING_SECONDS = 1.0
USES_SECONDS = 10.0
"""How often it is written down which keys were used."""
INGEST_ONLY = os.environ.get("TROTH_ROLE") == "ingest"
"""A process of role `ingest` answers machines only."""


class Application:
    """Routes by path; its lifespan starts and stops the writer and keeps the keyring fresh."""

    def __init__(self) -> None:
        self.writer = Writer()
        self.keyring = Keyring()
        self.capturing = Capturing(self.writer.do)
        self.intake = Intake(self.writer, self.keyring, refresh_keys=self._refresh_keys, capturing=self.capturing)
        if not INGEST_ONLY:
            get_resolver().check()  # reads every surface now: a fault there must stop the start, and the first visitor should not wait for it
        self.noting = Noting(self.writer.do)
        self.lean = Lean(self.writer, self.noting)
        self.django = WsgiInThreads(WSGIHandler())
        self._keeper: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] == "http":
            path = scope["path"]
            if path.startswith(("/api/v2/", "/v1/")) and not path.startswith(OPENDSR_V1):
                await self.intake(scope, receive, send)
            elif is_for_machines(scope["method"], path):
                await self.lean(scope, receive, send)
            elif path in ("/healthz", "/readyz", "/metrics"):
                await answer_health(path, send)
            elif INGEST_ONLY:
                await answer_health("/not-here", send)
            else:
                await self.django(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._live(receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._refresh_keys()
                keep_what_is_loaded()
                self.writer.start()
                self._keeper = asyncio.create_task(self._keep())
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if self._keeper:
                    self._keeper.cancel()
                self._write_down()
                self._write_uses()
                await asyncio.to_thread(self.writer.stop)
                self.noting.end()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _refresh_keys(self) -> None:
        await asyncio.to_thread(_give_back, self.keyring.refresh)

    def _refresh(self) -> None:
        self.keyring.refresh()
        self.capturing.refresh(now_ms())

    async def _keep(self) -> None:
        """A revoked key stops working within a second; what was counted meanwhile is written down."""
        written_at = time.monotonic()
        while True:
            await asyncio.sleep(KEYRING_SECONDS)
            try:
                await asyncio.to_thread(_give_back, self._refresh)
            except DatabaseError as error:
                log.error("keyring_not_refreshed", error=type(error).__name__)
            self._write_down()
            if time.monotonic() - written_at > USES_SECONDS:
                self._write_uses()
                written_at = time.monotonic()

    def _write_down(self) -> None:
        if refused := self.intake.refusals.take():
            self.writer.do(lambda: add_counts(refused))
        self.capturing.note_skipped()
        self.noting.retry()

    def _write_uses(self) -> None:
        now = now_ms()
        self.writer.do(lambda: write_uses(now))


def _give_back(work: Callable[[], None]) -> None:
    """Do something in a thread that asyncio lends: it may never come back to it, and a pool waits for each connection that it gave."""
    try:
        work()
    finally:
        if not is_sqlite():
            connection.close()


application = Application()
