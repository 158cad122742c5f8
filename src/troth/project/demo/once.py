"""The main job, once, from end to end: event → person → message → unsubscribe → export → erasure → dropped → nothing found."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any

from troth.project.demo.http import Client

API_NOTICE = "Yes, send me news about Papertrail by e-mail, chosen by how I use it."
SECONDS = 20.0


class Unmet(Exception):
    """A step did not hold."""


def run_once(client: Client, workspace: str, say: Callable[[str], None]) -> bool:
    """Run all steps against a served installation, telling each with its time; True when all held."""
    job = _Job(client, workspace)
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("track an event of somebody new", job.track),
        ("the person exists, with the event", job.person),
        ("record two consents, with the text shown", job.consent),
        ("publish a campaign and trigger it", job.trigger),
        ("the message is in the outbox", job.in_outbox),
        ("unsubscribe with one click, as mailbox providers do", job.unsubscribe),
        ("the next trigger sends nothing", job.skipped),
        ("export everything held", job.export),
        ("erase, and scan every byte", job.erase),
        ("send the same again: accepted and dropped", job.again),
        ("scan finds nothing", job.scan),
    )
    begun = time.perf_counter()
    for name, step in steps:
        start = time.perf_counter()
        try:
            told = step()
        except (Unmet, OSError, KeyError, ValueError) as error:
            say(f"FAILED  {name}: {error}")
            return False
        say(f"ok  {1000 * (time.perf_counter() - start):7.0f} ms  {name}: {told}")
    say(f"The main job held in {time.perf_counter() - begun:.1f} s.")
    return True


class _Job:
    def __init__(self, client: Client, workspace: str) -> None:
        mark = uuid.uuid4().hex[:10]
        self.client = client
        self.workspace = workspace
        self.identity = {"id": f"once-{mark}", "email": f"dana.{mark}@example.com"}
        self.event = f"Once {mark}"
        self.message: dict[str, Any] = {}
        self.key = f"/people/external_id:{self.identity['id']}"

    def track(self) -> str:
        self._require(self.client.track("Signed up", self.identity, {"plan": "pro"}) == 200, "the door did not answer 200")
        return "200, durable"

    def person(self) -> str:
        found = self.client.control("GET", self.key)
        events = self.client.control("GET", f"{self.key}/events")["items"]
        self._require({event["name"] for event in events} == {"signed_up"}, "the event is not in the history")
        return f"person {found['id']}"

    def consent(self) -> str:
        for purpose in ("marketing_email", "behavioural_profiling"):
            self.client.control(
                "POST",
                f"{self.key}/consents",
                {"purpose": purpose, "decision": "grant", "notice": API_NOTICE, "default_state": "unchecked"},
            )
        return "marketing_email, behavioural_profiling"

    def trigger(self) -> str:
        campaign = {
            "name": self.event,
            "trigger_event": self.event,
            "purpose": "marketing_email",
            "subject": "Hello {{ person.email }}",
            "html": '<p>You did it, on plan {{ event.properties.plan }}.</p><p><a href="{{ unsubscribe_url }}">Stop these mails</a></p>',
        }
        made = self.client.control("POST", "/campaigns", campaign)
        self.client.control("POST", f"/campaigns/{made['id']}/publish")
        self._require(self.client.track(self.event, self.identity, {"plan": "pro"}) == 200, "the door did not answer 200")
        return "200, durable"

    def message_in(self, state: str) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            for message in self.client.control("GET", f"{self.key}/messages")["items"]:
                if message["state"] == state:
                    return dict(self.client.control("GET", f"/messages/{message['id']}"))
            time.sleep(0.02)
        raise Unmet(f"no message became {state} within {SECONDS:.0f} s")

    def in_outbox(self) -> str:
        self.message = self.message_in("sent")
        return f"“{self.message['subject']}”"

    def unsubscribe(self) -> str:
        link = re.search(r'href="([^"]+/u/[^"]+)"', self.message["html"])
        self._require(link is not None, "the mail has no unsubscribe link")
        assert link is not None
        self._require(self.client.call("GET", link[1], accept="text/html")[0] == 200, "the page does not open")
        status, _ = self.client.call("POST", link[1], raw=b"List-Unsubscribe=One-Click", accept="*/*")
        self._require(status == 200, f"the one-click POST answered {status}")
        return "the GET changed nothing, the POST withdrew"

    def skipped(self) -> str:
        self.client.track(self.event, self.identity, {"plan": "pro", "again": True})
        return str(self.message_in("skipped")["reason"])

    def export(self) -> str:
        status, body = self.client.call("POST", f"/api/troth/v1{self.key}/export", bearer=True)
        self._require(status == 200 and self.identity["email"].encode() in body, f"the export answered {status}")
        sections = json.loads(body)["sections"]
        return f"{len(body):,} bytes, {sum(len(section['records']) for section in sections)} records in {len(sections)} sections"

    def erase(self) -> str:
        done = self._troth("privacy", "erase", self.workspace, self.identity["email"], "--wait", "--json")
        found = json.loads(done.stdout or "{}")
        self._require(found.get("state") == "erased", f"the state is {found.get('state')}: {done.stderr.strip()[-200:]}")
        return f"certificate of request {found['request_id']}"

    def again(self) -> str:
        self._require(self.client.track("Signed up", self.identity, {"plan": "pro", "late": True}) == 200, "the answer differs")
        status, _ = self.client.call("GET", f"/api/troth/v1{self.key}", bearer=True)
        self._require(status == 404, "the person came back")
        return "200, and nobody came back"

    def scan(self) -> str:
        values = [word for value in self.identity.values() for word in ("--value", value)]
        done = self._troth("privacy", "scan", self.workspace, *values)
        self._require(done.returncode == 0, done.stdout.strip()[:300])
        return done.stdout.splitlines()[0]

    def _troth(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "troth.project.cli", *words], capture_output=True, text=True, check=False)

    def _require(self, held: bool, otherwise: str) -> None:
        if not held:
            raise Unmet(otherwise)
