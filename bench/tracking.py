"""What mails fetch and mailbox providers post: pictures, links, one-click unsubscribes, each of another person's mail; beside the bare application."""

from __future__ import annotations

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path

PEOPLE = 4_000
CONNECTIONS = 32
SECONDS = 3.0
ROUNDS = 3
READER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.0"
LAST_CHUNK = b"0\r\n\r\n"
_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
KINDS = {"pixel": "pictures of mails", "click": "links followed", "unsubscribe": "one-click unsubscribes, durable"}


def measure_tracking(data: Path, note: Callable[[str, str, str, bool | None], None]) -> None:
    """Requests per second of each kind, in alternating rounds with an application that only decodes a body."""
    from bench.server import bare, troth

    with troth(data) as server, bare() as yardstick:
        environment = {
            **os.environ,
            "TROTH_DATA": str(server.data),
            "TROTH_URL": server.url,
            "DJANGO_SETTINGS_MODULE": "troth.project.settings",
        }
        made = subprocess.run([sys.executable, "-m", "bench.tracking"], env=environment, check=True, stdout=subprocess.PIPE, text=True)
        paths: dict[str, list[str]] = json.loads(made.stdout.splitlines()[-1])
        found: dict[str, list[float]] = {kind: [] for kind in ("bare", *KINDS)}
        for _ in range(ROUNDS):
            found["bare"].append(drive(yardstick, [_post("/", b"{}")]))
            for kind in KINDS:
                body = b"List-Unsubscribe=One-Click" if kind == "unsubscribe" else None
                found[kind].append(drive(server.url, [_post(path, body) if body else _get(path) for path in paths[kind]]))
    base = statistics.median(found["bare"])
    for kind, what in KINDS.items():
        rate = statistics.median(found[kind])
        note(f"{what}, requests/s", "0.3 of bare", f"{rate:,.0f} = {rate / base:.2f} of {base:,.0f}", rate >= 0.3 * base)


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {READER}\r\n\r\n".encode()


def _post(path: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def drive(url: str, requests: Sequence[bytes], *, connections: int = CONNECTIONS, seconds: float = SECONDS) -> float:
    """Answers per second that are neither 4xx nor 5xx, over connections that each wait for one answer before they ask again."""
    return asyncio.run(_drive(urllib.parse.urlsplit(url), requests, connections, seconds))


async def _drive(url: urllib.parse.SplitResult, requests: Sequence[bytes], connections: int, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    turn = cycle(requests)
    clients = [(await loop.create_connection(lambda: _Client(turn), url.hostname, url.port))[1] for _ in range(connections)]
    begun = time.perf_counter()
    await asyncio.sleep(seconds)
    took = time.perf_counter() - begun
    for client in clients:
        client.end()
    errors = sum(client.errors for client in clients)
    if errors:
        raise RuntimeError(f"{errors} answers were errors")
    return sum(client.answers for client in clients) / took


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, turn: cycle[bytes]) -> None:
        self._turn = turn
        self._unread = b""
        self._transport: asyncio.Transport | None = None
        self.answers = self.errors = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(next(self._turn))

    def data_received(self, data: bytes) -> None:
        self._unread += data
        head, gap, body = self._unread.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not gap or (len(body) < int(length[1]) if length else not body.endswith(LAST_CHUNK)):
            return
        self._unread = b""
        self.answers += 1
        self.errors += head[9:10] > b"3"
        if self._transport and not self._transport.is_closing():
            self._transport.write(next(self._turn))

    def end(self) -> None:
        assert self._transport
        self._transport.close()


def main() -> None:
    """What runs in a process of its own: people who agreed, each with a mail handed over; prints the paths in it as JSON."""
    import django

    django.setup()
    from tests.evidence import GIVEN
    from troth.consent.catalog import CLICK_TRACKING, MARKETING_EMAIL, OPEN_TRACKING
    from troth.intake.commands import Decide, Decision, Identify, Identity
    from troth.intake.door import apply
    from troth.kernel.clock import MINUTE, now_ms
    from troth.kernel.ids import new_row_id
    from troth.kernel.personal_data import Subject
    from troth.messages.models import Message
    from troth.messages.tracking import Measured, seal_measured
    from troth.messages.unsubscribe_links import UnsubscribeLink, make_unsubscribe_token
    from troth.workspaces.models import Workspace

    workspace, now = Workspace.objects.get(), now_ms()
    workspace.measures_opens = workspace.measures_clicks = True
    workspace.save()
    common = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
    named = [Identity(external_id=str(number), email=f"{number}@example.com") for number in range(PEOPLE)]
    people = [outcome.person_id for outcome in apply([Identify(identity=who, **common) for who in named], now=now)]
    for purpose in (MARKETING_EMAIL, OPEN_TRACKING, CLICK_TRACKING):
        apply([Decide(identity=who, decision=Decision.GRANT, purpose=purpose, evidence=GIVEN, **common) for who in named], now=now)
    paths: dict[str, list[str]] = {kind: [] for kind in KINDS}
    mails = []
    for number, person_id in enumerate(people):
        subject, message_id = Subject(workspace.pk, person_id), new_row_id()
        mails.append(
            Message(
                bucket=subject.bucket,
                person_id=person_id,
                message_id=message_id,
                workspace_id=workspace.pk,
                source="campaign:1",
                occurrence=number,
                channel="email",
                purpose=MARKETING_EMAIL,
                is_marketing=True,
                template_id=0,
                state="sent",
                due_at=now - MINUTE,
                created_at=now - MINUTE,
                settled_at=now - MINUTE,
            )
        )
        paths["pixel"].append(f"/t/o/{seal_measured(Measured(subject=subject, message_id=message_id))}.gif")
        link = Measured(subject=subject, message_id=message_id, url="https://shop.example/summer")
        paths["click"].append(f"/t/c/{seal_measured(link)}")
        paths["unsubscribe"].append(f"/u/{make_unsubscribe_token(UnsubscribeLink(subject, MARKETING_EMAIL, message_id))}")
    Message.objects.bulk_create(mails, batch_size=500)
    print(json.dumps(paths))


if __name__ == "__main__":
    main()
