"""`troth people show WS IDENTIFIER`."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from troth.kernel.clock import iso
from troth.kernel.personal_data import Subject, stores
from troth.people.identifiers import EMAIL, EXTERNAL_ID
from troth.people.lookup import find_person, latest_events, load_person
from troth.people.queries import load_identifiers
from troth.workspaces.registry import find_workspace

LATEST = 50
KEYS = {
    "consent.standing": "consents",
    "intake.inbox": "pending_events",
    "messages.messages": "messages",
    "privacy.requests": "privacy_requests",
}
TOLD_OTHERWISE = frozenset({"people.person", "people.identifiers", "people.events"})


class Command(BaseCommand):
    """Show one person: who they are, what they decided, and the latest that happened."""

    help = "Show one person, with decisions, latest events and messages."

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, IDENTIFIER, --json."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")
        parser.add_argument("identifier", metavar="IDENTIFIER", help="any identifier of the person")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the person."""
        workspace = find_workspace(options["workspace"])
        shown = describe_person(find_person(workspace.pk, options["identifier"]))
        if options["json"]:
            self.stdout.write(json.dumps(shown, ensure_ascii=False))
            return
        for line in _lines(shown):
            self.stdout.write(line)


def describe_person(subject: Subject) -> dict[str, Any]:
    """A person as plain values, at most 50 records of each kind, the latest. Raises PersonNotFound."""
    person = load_person(subject)
    handles = load_identifiers([subject.person_id]).get(subject.person_id, [])
    first = {handle.kind: handle.value for handle in reversed(handles)}
    shown: dict[str, Any] = {
        "person_id": str(subject.person_id),
        "identifiers": [{"kind": handle.kind, "value": handle.value} for handle in handles],
        "external_id": first.get(EXTERNAL_ID),
        "email": first.get(EMAIL),
        "created_at": iso(person.created_at),
        "updated_at": iso(person.updated_at),
        "attributes": person.attributes,
        "tags": person.tags,
        "events": [
            {"seq": event.seq, "name": event.name, "ts": iso(event.ts), "source": event.source, "properties": event.properties}
            for event in latest_events(subject, LATEST)
        ],
    }
    for store in stores():
        if store.name not in TOLD_OTHERWISE:
            shown[KEYS.get(store.name, store.name.replace(".", "_"))] = list(islice(store.export(subject), LATEST))
    return shown


def _lines(shown: dict[str, Any]) -> list[str]:
    """The person for a terminal."""
    lines = [f"person {shown['person_id']}, since {shown['created_at']}"]
    lines += [f"  {item['kind']:14} {item['value']}" for item in shown["identifiers"]]
    lines += ["attributes"] + [f"  {name:14} {_text(value)}" for name, value in shown["attributes"].items()]
    lines += [f"tags  {', '.join(shown['tags']) or '–'}", "consents"]
    lines += [f"  {item['purpose']:24} {item['standing']:8} {item['at']}" for item in shown["consents"]]
    lines += ["latest events"] + [f"  {item['ts']}  {item['name']}  {_text(item['properties'])}" for item in shown["events"]]
    lines += [f"  {item['ts']}  {item['name']}  (arriving)" for item in shown["pending_events"]]
    lines += ["messages"] + [
        f"  {item['created_at']}  {item['channel']} {item['state']} {item['reason']}".rstrip() for item in shown["messages"]
    ]
    return lines


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
