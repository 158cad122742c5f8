"""`troth demo`, which `make demo` runs."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser

DEFAULT_DATA = "demo-data"
WORKSPACE = "Papertrail"
OWNER = "owner@example.com"
TEAM = {
    "marketer@example.com": "marketer",
    "developer@example.com": "developer",
    "privacy@example.com": "privacy_officer",
    "viewer@example.com": "viewer",
}
ENTRANCE = "demo.json"
HERE = ("localhost", "127.0.0.1", "::1")


class Command(BaseCommand):
    """Set up a believable workspace, serve it, keep traffic going; or run the main job once."""

    help = "Serve a believable workspace with moving traffic; --once runs the main job once."

    def add_arguments(self, parser: CommandParser) -> None:
        """--port, --people, --once."""
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--people", type=int, default=2_400)
        parser.add_argument("--once", action="store_true", help="run the main job from end to end and stop; exit 0 only if all held")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it."""
        data = Path(os.environ.setdefault("TROTH_DATA", DEFAULT_DATA)).resolve()
        os.environ["TROTH_DATA"] = str(data)
        url = f"http://127.0.0.1:{options['port']}"
        os.environ["TROTH_URL"] = url
        # Said explicitly, because a shell that starts this in the background has the interrupt ignored.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        _require_free_port(options["port"])
        if _drop_mail_server():
            self._say(
                "TROTH_EMAIL_URL leads beyond this machine and is not used: people of the demo are invented, and their mail stays in its outbox."
            )
        entrance = self._prepare(data, options["people"])
        server = subprocess.Popen(
            [sys.executable, "-m", "troth.project.cli", "serve", "--port", str(options["port"])], start_new_session=True
        )
        try:
            code = self._show(entrance, url, options, server)
        except KeyboardInterrupt:
            self.stdout.write("\nStopping …")
            code = 0
        finally:
            server.terminate()
            server.wait(40)
        if code:
            sys.exit(code)
        self.stdout.write(f"Stopped. The data stays in {data}.")

    def _prepare(self, data: Path, people: int) -> dict[str, Any]:
        """Initialise and seed, unless that was done before; returns log-in and keys."""
        subprocess.run([sys.executable, "-m", "troth.project.cli", "init"], check=True, stdout=subprocess.DEVNULL)
        import django

        django.setup()
        remembered = data / ENTRANCE
        if remembered.exists():
            return dict(json.loads(remembered.read_text()))
        from troth.workspaces.registry import WorkspaceExists, create_workspace

        password = secrets.token_urlsafe(9)
        try:
            made = create_workspace(WORKSPACE, owner=OWNER, password=password)
        except WorkspaceExists:
            raise CommandError(
                f"{data} was not made by the demo, or its making was interrupted: choose another --data, or delete it if it is the demo's."
            ) from None
        _invite_team(made.workspace)
        self._seed(made.workspace.pk, people)
        entrance = {"email": OWNER, "password": password, "workspace": WORKSPACE, **made.keys}
        remembered.touch(mode=0o600)
        remembered.write_text(json.dumps(entrance))
        return entrance

    def _seed(self, workspace_id: int, people: int) -> None:
        from django.db import connection
        from rich.progress import Progress

        from troth.kernel.clock import now_ms
        from troth.project.demo.seed import seed

        task_name = "Inventing ninety days of Papertrail"
        if not sys.stdout.isatty():
            self._say(f"{task_name} …")
        with Progress(disable=not sys.stdout.isatty()) as bar:
            task = bar.add_task(task_name)
            events = seed(workspace_id, now_ms(), lambda done, total: bar.update(task, completed=done, total=total), people)
        self._say(f"Seeded {people:,} people and {events:,} events over 90 days.")
        connection.close()

    def _show(self, entrance: dict[str, Any], url: str, options: dict[str, Any], server: subprocess.Popen[bytes]) -> int:
        from troth.project.demo.http import Client
        from troth.project.demo.once import run_once
        from troth.project.demo.traffic import keep_traffic_going

        client = Client(url, entrance)
        if not client.wait_until_ready():
            raise CommandError(f"The server did not become ready on {url}: is the port taken? Choose another --port.")
        if options["once"]:
            return 0 if run_once(client, entrance["workspace"], self._say) else 1
        link = _login_link(entrance["email"])
        self._print_entrance(entrance, url, link)
        if sys.stdout.isatty() and (sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            webbrowser.open(link)
        stop = threading.Event()
        traffic = threading.Thread(target=keep_traffic_going, args=(client, stop, options["people"]), daemon=True)
        traffic.start()
        try:
            return server.wait()
        finally:
            stop.set()
            traffic.join(5)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _print_entrance(self, entrance: dict[str, Any], url: str, link: str) -> None:
        token = entrance["auth_token"]
        self._say(
            f"""
Troth serves the workspace “{entrance["workspace"]}” on {url}
  Home                {link}
                      (logs you in once, within ten minutes)
  log in later        {entrance["email"]}   {entrance["password"]}
  auth_token          {token}
  tracking_api_key    {entrance["tracking_api_key"]}
  write_key           {entrance["write_key"]}
  API documentation   {url}/api/troth/v1/docs

Try:
  curl {url}/api/v2/events/track -H 'Content-Type: application/json' -d '{{"auth_token":"{token}","identity":{{"id":"you","email":"you@example.com"}},"event_name":"Invoice paid","data":{{"amount":19,"plan":"team"}}}}'
  curl {url}/api/troth/v1/people/external_id:you/messages -H 'Authorization: Bearer {token}'
  curl -X POST {url}/api/troth/v1/people/external_id:you/erasure -H 'Authorization: Bearer {token}'

To look as somebody else: TROTH_URL={url} .venv/bin/troth --data {os.environ["TROTH_DATA"]} user link privacy@example.com (or marketer@, developer@, viewer@)

Invented traffic keeps coming in. Ctrl-C stops."""
        )


def _invite_team(workspace: Any) -> None:
    """A member of each role, who log in by link only."""
    from troth.workspaces.models import Member, User

    for email, role in TEAM.items():
        name = email.split("@")[0].title()
        Member.objects.create(user=User.objects.create_user(email, name=name), workspace=workspace, role=role)


def _login_link(email: str) -> str:
    from django.db import connection

    from troth.kernel.clock import now_ms
    from troth.workspaces.login_links import make_login_link
    from troth.workspaces.models import User

    link = make_login_link(User.objects.get(email=email), now_ms())
    connection.close()
    return link


def _drop_mail_server() -> bool:
    """Forget a mail server of the environment, unless it is one of this machine, which catches mail; whether there was one. Before any setting is read."""
    named = os.environ.get("TROTH_EMAIL_URL", "")
    is_caught = urlsplit(named).hostname in HERE
    dropped = [name for name in ("TROTH_EMAIL_URL", "TROTH_EMAIL_URL_FILE") if os.environ.get(name) and not is_caught]
    for name in dropped:
        del os.environ[name]
    return bool(dropped)


def _require_free_port(port: int) -> None:
    """Whoever else listens there would be taken for the demo's own server. Raises CommandError, before anything is made."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            raise CommandError(f"Port {port} of this machine is taken or not to be had: choose another --port.") from None
