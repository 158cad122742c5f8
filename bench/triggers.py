"""How long from an accepted event to its mail at the SMTP server, at several rates, of a campaign with a cap, a re-entry rule and an event that ends it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller

from bench.server import Running, free_port, troth

RATES = (50, 150, 500)
"""Triggers a second."""
SECONDS = 10
BATCH = 50
SETUP = """
import sys
import django
django.setup()
from troth.campaigns.editing import create_campaign
from troth.campaigns.publishing import publish_campaign
publish_campaign(create_campaign(int(sys.argv[1]), name="Receipt", trigger_event="paid", purpose="service",
    rules={"unless": {"event": "cancelled"}, "reentry": {"rule": "once_per_value", "property": "mark"}, "cap": {"messages": 1000, "per": "P1D"}},
    subject="{{ event.properties.mark }}", html="<p>Thank you, {{ person.first_name }}.</p>"))
"""


class Sink:
    """Notes when each mail arrives."""

    def __init__(self) -> None:
        self.arrived: dict[str, float] = {}

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd calls it so
        """Take one mail."""
        head = envelope.content.partition(b"\r\n\r\n")[0].decode("latin-1")
        for line in head.split("\r\n"):
            if line.startswith("Subject: "):
                self.arrived[line[9:]] = time.time()
        return "250 OK"


def measure_triggers(data: Path, note: Callable[[str, str, str, bool | None], None], *, load: int = 0) -> None:
    """Send at steady rates and compare the moments; meanwhile `load` other events a second come in."""
    sink = Sink()
    smtp_port = free_port()
    controller = Controller(sink, hostname="127.0.0.1", port=smtp_port)
    controller.start()
    try:
        for rate in RATES:
            sink.arrived.clear()
            with troth(data, TROTH_EMAIL_URL=f"smtp+plain://127.0.0.1:{smtp_port}") as server:
                _publish(server)
                accepted = asyncio.run(_send_under_load(server, rate, load))
                deadline = time.time() + 60
                while len(sink.arrived) < len(accepted) and time.time() < deadline:
                    time.sleep(0.1)
            waits = sorted(sink.arrived[mark] - at for mark, at in accepted.items() if mark in sink.arrived)
            p99 = waits[int(len(waits) * 0.99)] if waits else float("inf")
            lost = len(accepted) - len(waits)
            beside = f", {load:,} other events/s" if load else ""
            note(f"event to SMTP at {rate}/s{beside}, p99", "1 s", f"{p99:.2f} s ({lost} not arrived)", p99 <= 1 and not lost)
    finally:
        controller.stop()


def _publish(server: Running) -> None:
    import os
    import subprocess
    import sys

    environment = {**os.environ, "TROTH_DATA": str(server.data), "DJANGO_SETTINGS_MODULE": "troth.project.settings"}
    subprocess.run([sys.executable, "-c", SETUP, str(server.workspace["id"])], env=environment, check=True)


async def _send_under_load(server: Running, rate: int, load: int) -> dict[str, float]:
    beside = asyncio.create_task(_load(server, load)) if load else None
    try:
        return await _send(server, rate)
    finally:
        if beside:
            beside.cancel()


async def _load(server: Running, rate: int) -> None:
    """Batches of events that trigger nothing, steadily, until it is cancelled."""
    host = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(host.hostname, host.port)
    start, step = time.time(), 0
    while True:
        await asyncio.sleep(max(0, start + step * BATCH / rate - time.time()))
        events = [
            {"type": "track", "userId": f"q{step % 50}-{number}", "event": "Viewed", "properties": {"n": number}} for number in range(BATCH)
        ]
        body = json.dumps({"writeKey": server.workspace["write_key"], "batch": events}).encode()
        writer.write(
            f"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        )
        answer = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
        step += 1


async def _send(server: Running, rate: int) -> dict[str, float]:
    """`rate` events a second over a few connections; the moment each was answered."""
    host = urlsplit(server.url)
    accepted: dict[str, float] = {}
    lanes = 20

    async def lane(number: int) -> None:
        reader, writer = await asyncio.open_connection(host.hostname, host.port)
        start = time.time()
        for step in range(rate * SECONDS // lanes):
            await asyncio.sleep(max(0, start + (step + number / lanes) * lanes / rate - time.time()))
            mark = f"mark-{number}-{step}"
            identity = {"id": f"p{number}-{step % 100}", "email": f"p{number}-{step % 100}@example.com"}
            fields = {"auth_token": server.workspace["auth_token"], "identity": identity, "event_name": "paid", "data": {"mark": mark}}
            body = json.dumps(fields).encode()
            head = f"POST /api/v2/events/track HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            accepted[mark] = time.time()
        writer.close()

    await asyncio.gather(*(lane(number) for number in range(lanes)))
    return accepted
