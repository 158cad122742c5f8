"""Fills a workspace at scale, through the real database backend with every index of the product: what `make bench` measures the console on.

`python -m bench.console_data DIR --people 5000 --events 50000` makes an installation in DIR, fills a workspace and prints example ids as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from bench.console_examples import find_examples, notice_key_of, purpose_key_of
from bench.console_statements import MINUTES_SQL, PARTS, POSTGRESQL, SQLITE

PEOPLE = 1_000_000
EVENTS = 10_000_000
PERIOD_DAYS = 90
STEPS = 64
"""Transactions per table: each takes a range of buckets, so that clustered inserts are sequential."""
WORKSPACE = "Papertrail"
PASSWORD = "correct horse battery"
TEAM = {
    "owner@example.com": "owner",
    "marketer@example.com": "marketer",
    "developer@example.com": "developer",
    "privacy@example.com": "privacy_officer",
    "dpo@example.com": "dpo",
    "viewer@example.com": "viewer",
}
HTML = (
    "<h1>Your trial ends in three days</h1><p>Hello {{ person.first_name | default: 'there' }},</p>"
    "<p>you have kept your notes with us. They stay yours, whatever you decide.</p>"
    '<p><a href="https://papertrail.example/plans">See the plans</a></p><p><small><a href="{{ unsubscribe_url }}">Stop these mails</a></small></p>'
)
CAMPAIGNS = (
    ("Trial ends soon", "trial_expiring", "marketing_email", "Three days left, {{ person.first_name }}"),
    ("Receipt", "invoice_paid", "service", "Your receipt: {{ event.properties.amount }} €"),
    ("Welcome", "signed_up", "marketing_email", "Welcome to Papertrail"),
    ("Share your notes", "note_shared", "marketing_email", "Notes are better together"),
    ("Your team grows", "teammate_invited", "service", "Somebody joined you"),
    ("Search better", "search_made", "marketing_email", "Three ways to find a note"),
)
Say = Callable[[str, int, int], None]


def fill_workspace(workspace_id: int, now: int, *, people: int, events: int, say: Say = lambda what, done, total: None) -> int:
    """Fill a workspace; about half as many messages as people. Returns the id of the person with the most events. `now` in milliseconds."""
    from django.db import connection, transaction

    from bench.console_people import HEAVY_EVENTS, MOST_EVENTS, write_people
    from troth.consent.ledger.log import append_for
    from troth.kernel.clock import DAY, HOUR
    from troth.kernel.json_text import encode

    campaigns = _write_campaigns(workspace_id)
    heavy = write_people(workspace_id, people, events, now, say)
    html = HTML.replace("{{ unsubscribe_url }}", "https://example.com/u/x").replace("{{ person.first_name | default: 'there' }}", "there")
    rendered = {"subject": "Three days left", "html": html, "text": "Hello there, your trial ends in three days."}
    values = {
        "workspace": workspace_id,
        "now": now,
        "start": now - PERIOD_DAYS * DAY,
        "heavy": heavy,
        "bodies": now - 30 * DAY,
        "campaign": campaigns[0],
        "campaigns": len(campaigns),
        "rendered": encode(rendered),
    }
    spoken = SQLITE if connection.vendor == "sqlite" else POSTGRESQL
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE bench_number (i integer PRIMARY KEY)")
        cursor.executemany("INSERT INTO bench_number VALUES (%s)", [(i,) for i in range(1, max(HEAVY_EVENTS, MOST_EVENTS) + 1)])
        for what, statement in PARTS:
            for step in range(STEPS):
                buckets = {"first": step * 4096 // STEPS, "last": (step + 1) * 4096 // STEPS}
                with transaction.atomic():
                    cursor.execute(statement.format(day=DAY, hour=HOUR, **spoken), {**values, **buckets})
                say(what, step + 1, STEPS)
        cursor.execute(MINUTES_SQL.format(day=DAY), values)
        say("minutes", 1, 1)
        cursor.execute("DROP TABLE bench_number")
    _write_purposes(workspace_id, now)
    _write_notices(workspace_id, now)
    _write_requests(workspace_id, heavy, now)
    _write_captures(workspace_id, heavy, now)
    while append_for(workspace_id):
        pass
    return heavy


def _write_campaigns(workspace_id: int) -> list[int]:
    from troth.campaigns.editing import create_campaign
    from troth.campaigns.publishing import publish_campaign

    made = [
        publish_campaign(create_campaign(workspace_id, name=name, trigger_event=event, purpose=purpose, subject=subject, html=HTML))
        for name, event, purpose, subject in CAMPAIGNS
    ]
    create_campaign(workspace_id, name="Come back", trigger_event="signed_up", purpose="marketing_email", subject="We miss you", html=HTML)
    _write_templates(workspace_id)
    return [one.pk for one in made]


def _write_templates(workspace_id: int) -> None:
    """A mail in two languages in its layout, with a snippet; the draft goes on after the version."""
    from troth.content.library import create_piece, find_piece, update_piece
    from troth.content.publishing import publish_piece

    style = (
        "body{font-family:sans-serif;background:#f4f2ec} .sheet{max-width:36rem;margin:auto;padding:24px;background:#fff} a{color:#2b3fc4}"
    )
    dark = "@media (prefers-color-scheme:dark){body{background:#111 !important} .sheet{background:#222 !important;color:#eee !important}}"
    frame = f"<html><head><style>{style} {dark}</style></head>\n<body><div class=\"sheet\">\n{{{{ content }}}}\n{{% include 'footer' %}}\n</div></body></html>"
    footer = '<p>Papertrail, Kanalstr. 1, Berlin.\n<a href="{{ unsubscribe_url }}">Unsubscribe</a></p>'
    body = "<h1>Hello {{ person.first_name | default: 'there' }}</h1>\n<p>Good that you are here. <a href=\"https://papertrail.test/start\">Start here</a>.</p>"
    parts = {
        "en": {
            "subject": "Welcome, {{ person.first_name | default: 'friend' }}",
            "preheader": "Three steps and you are done",
            "body": body,
        },
        "de": {"subject": "Willkommen, {{ person.first_name | default: 'Freund' }}", "body": body.replace("Hello", "Hallo")},
    }
    for kind, key, name, fields in (
        ("snippet", "footer", "Footer", {"parts": {"en": {"body": footer}}}),
        ("layout", "frame", "Frame", {"parts": {"en": {"body": frame}}}),
        ("email", "welcome", "Welcome", {"layout": "frame", "parts": parts}),
        (
            "short",
            "ping",
            "Your order is on its way",
            {"parts": {"en": {"title": "On its way", "body": "Order {{ event.properties.order }} left."}}},
        ),
    ):
        piece = create_piece(workspace_id, kind=kind, key=key, name=name, **fields)
        publish_piece(piece)
    added = parts["en"]["body"] + '\n<p><img src="https://papertrail.test/tea.png"></p>'
    update_piece(find_piece(workspace_id, "welcome"), parts={**parts, "en": {**parts["en"], "body": added}})


def _write_purposes(workspace_id: int, now: int) -> None:
    """A purpose in three versions, one of them material, with what is collected for it; and an archived one."""
    from msgspec.structs import replace

    from troth.consent.purposes import PurposeTerms, archive_purpose, assign_all, create_purpose, revise_purpose
    from troth.kernel.clock import DAY

    key = purpose_key_of(workspace_id)
    first = PurposeTerms(
        name="Learn how notes are used",
        description={
            "en": "We count which functions you use, to make the next version of Papertrail better.",
            "de": "Wir zählen, welche Funktionen Sie nutzen, um Papertrail zu verbessern.",
        },
        data_categories=["functions used", "kind of device"],
        retention="P36M",
        consent_lasts="P24M",
    )
    second = replace(first, recipients=["Insight Ltd, Dublin, which counts for us"], retention="P24M")
    create_purpose(workspace_id, key, first, now=now - 200 * DAY)
    revise_purpose(workspace_id, key, second, material=False, now=now - 80 * DAY)
    revise_purpose(workspace_id, key, replace(second, retention="P12M"), material=False, now=now - 9 * DAY)
    assign_all(workspace_id, [("event", "search_made"), ("event", "note_shared"), ("attribute", "plan")], key)
    create_purpose(workspace_id, "printed_letters", PurposeTerms(name="News by letter", is_marketing=True), now=now - 300 * DAY)
    archive_purpose(workspace_id, "printed_letters", now=now - 30 * DAY)


def _write_notices(workspace_id: int, now: int) -> None:
    """A notice in two versions whose draft has changed since, one that is not published yet, and claims that were refused."""
    from troth.consent.claims import count_refused
    from troth.consent.notices import publish_notice, save_draft, save_notice
    from troth.kernel.clock import DAY

    key = notice_key_of(workspace_id)
    says = {
        "controller": "Papertrail Ltd, 1 Mill Lane, Dublin, privacy@papertrail.example",
        "purposes": "News and offers about Papertrail, by e-mail",
        "data": "Your e-mail address and your first name",
        "withdrawal": "The link in every mail, or your preference page",
    }
    text = (
        "Papertrail Ltd, 1 Mill Lane, Dublin, privacy@papertrail.example would like to write to you {often} about notes, new functions and"
        " offers.\n\nFor this we use your e-mail address and your first name. Nobody else gets them.\n\nYou can stop at any time with the link"
        " in every mail; nothing changes for your notes."
    )
    save_notice(workspace_id, key, title="News by e-mail", purposes=["marketing_email"])
    for version, often in enumerate(("once a month", "once a week", "twice a week"), 1):
        save_draft(workspace_id, key, "en", text=text.format(often=often), says=says)
        if version < 3:
            publish_notice(workspace_id, key, material=False, now=now - (120 - 50 * version) * DAY)
    save_notice(workspace_id, "behaviour", title="Messages that fit", purposes=["behavioural_profiling"])
    save_draft(workspace_id, "behaviour", "en", text="We look at what you do.", says={})
    for days in range(20):
        count_refused({(workspace_id, "vero", "C01"): 3 + days % 4, (workspace_id, "api", "C13"): 1 + days % 2}, now - days * DAY)


def _write_captures(workspace_id: int, heavy: int, now: int) -> None:
    """What came in a moment ago while somebody watched; a worker deletes it after 15 minutes."""
    from troth.intake.captures import keep_watching, read_watch, write_captures
    from troth.kernel.ids import bucket_of, new_row_ids
    from troth.kernel.json_text import encode

    keep_watching(workspace_id, now)
    raw = '{\n  "type": "track",\n  "userId": "heavy-person",\n  "event": "Page Viewed",\n  "properties": {"path": "/pricing"}\n}'
    command = {
        "command": "track",
        "outcome": "accepted",
        "reason": "",
        "identifiers": ["external_id"],
        "name": "page_viewed",
        "purpose": "service",
    }
    made = {"request": "POST /v1/batch", "part": 1, "parts": 40, "is_withheld": False}
    taken = ("segment", "track", "page_viewed", "heavy-person", 200, "accepted", "", raw, False, encode({**made, "commands": [command]}))
    turned_away = (
        "segment",
        "track",
        "",
        "heavy-person",
        200,
        "refused",
        "$.event is required.",
        raw,
        False,
        encode({**made, "commands": []}),
    )
    rows = [
        (bucket_of(0), 0, one, workspace_id, now, *turned_away)
        if number % 9 == 0
        else (bucket_of(heavy), heavy, one, workspace_id, now, *taken)
        for number, one in enumerate(new_row_ids(40))
    ]
    write_captures(workspace_id, read_watch(workspace_id).generation, rows, 0)


def _write_requests(workspace_id: int, heavy: int, now: int) -> None:
    """Requests of every kind and state, about nobody any more but the first, which waits for a confirmation."""
    from troth.kernel.clock import DAY
    from troth.privacy.certificate import certify
    from troth.privacy.legal_clock import due_at
    from troth.privacy.models import PrivacyRequest, RequestState, RequestType

    kinds = (
        (RequestType.ERASURE, RequestState.AWAITING_CONFIRMATION),
        (RequestType.ERASURE, RequestState.ERASED),
        (RequestType.ACCESS, RequestState.DONE),
        (RequestType.ERASURE, RequestState.ERASED),
        (RequestType.PORTABILITY, RequestState.DONE),
        (RequestType.ERASURE, RequestState.REFUSED),
    )
    rows = []
    for number in range(60):
        kind, state = kinds[number % len(kinds)] if number < 6 else kinds[1 + number % 4]
        received = now - (number * 17 % 45) * DAY - number * 1_234_567
        closed = None if state == RequestState.AWAITING_CONFIRMATION else received + 2 * DAY
        request_id = uuid.uuid4()
        rows.append(
            PrivacyRequest(
                id=request_id,
                workspace_id=workspace_id,
                type=kind,
                state=state,
                source=("api", "vero", "cli")[number % 3],
                received_at=received,
                due_at=due_at(received),
                deleted_at=received + 5_000 if state == RequestState.ERASED else None,
                closed_at=closed,
                person_id=heavy if number == 0 else None,
                certificate=certify({"request": str(request_id), "state": state}) if state == RequestState.ERASED else "",
            )
        )
    PrivacyRequest.objects.bulk_create(rows)


def invite_team(workspace_id: int) -> None:
    """A member of each role, with one password, and somebody who is invited."""
    from troth.kernel.clock import now_ms
    from troth.workspaces.invitations import invite
    from troth.workspaces.models import Member, User, Workspace

    workspace = Workspace.objects.get(pk=workspace_id)
    for email, role in TEAM.items():
        if not User.objects.filter(email=email).exists():
            user = User.objects.create_user(email, PASSWORD, name=email.split("@")[0].title())
            Member.objects.create(user=user, workspace=workspace, role=role)
    invite(workspace, "new.colleague@example.com", "marketer", None, now_ms())


def open_sessions(workspace_id: int) -> dict[str, str]:
    """A logged-in session for the first member of each role; by role."""
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY

    from troth.workspaces.models import Member

    found: dict[str, str] = {}
    for member in Member.objects.filter(workspace=workspace_id).select_related("user").order_by("-pk"):
        session = import_module(settings.SESSION_ENGINE).SessionStore()
        session[SESSION_KEY] = str(member.user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = member.user.get_session_auth_hash()
        # So that pages which ask for the password again after a while are shown.
        session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "email": member.user.email}]
        session.create()
        found[member.role] = session.session_key
    return found


def main() -> int:
    """Make an installation and fill it; the JSON on the last line tells the workspace, its keys and example ids."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--events", type=int, default=EVENTS)
    options = parser.parse_args()
    data = options.data.resolve()
    os.environ.update(TROTH_DATA=str(data), DJANGO_SETTINGS_MODULE="troth.project.settings")
    subprocess.run([sys.executable, "-m", "troth.project.cli", "init"], check=True, stdout=subprocess.DEVNULL)
    import django

    django.setup()
    from django.db import connection

    from troth.kernel.clock import now_ms
    from troth.workspaces.registry import create_workspace

    begun = time.perf_counter()
    made = create_workspace(WORKSPACE)
    invite_team(made.workspace.pk)
    if connection.vendor == "sqlite":
        # Only here, only for speed: nobody else writes, and a file whose filling was cut short is thrown away.
        with connection.cursor() as cursor:
            for pragma in ("synchronous=0", "secure_delete=0", "cache_size=-400000"):
                cursor.execute(f"PRAGMA {pragma}")
    fill_workspace(made.workspace.pk, now_ms(), people=options.people, events=options.events, say=_tell)
    told = {
        "keys": dict(made.keys),
        "examples": find_examples(made.workspace.pk),
        "sessions": open_sessions(made.workspace.pk),
    }
    connection.close()
    size = sum(path.stat().st_size for path in data.rglob("*") if path.is_file())
    print(
        f"{options.people:,} people and {options.events:,} events in {time.perf_counter() - begun:.0f} s, {size / 2**20:,.0f} MB",
        file=sys.stderr,
    )
    print(json.dumps({**told, "bytes": size}))
    return 0


def _tell(what: str, done: int, total: int) -> None:
    if sys.stderr.isatty() or done == total:
        print(f"\r{what}: {done:,} of {total:,}  ", end="\n" if done == total else "", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
