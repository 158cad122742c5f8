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
from typing import Any

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
    archive_purpose(workspace_id, "printed_letters")


def purpose_key_of(workspace_id: int) -> str:
    """The key of the purpose in several versions, another one in each workspace."""
    return f"learning-{workspace_id}"


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


def notice_key_of(workspace_id: int) -> str:
    """The key of the published notice, another one in each workspace."""
    return f"news-{workspace_id}"


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


def asking_id_of(workspace_id: int) -> int:
    """An asking for consent, a draft, made if there is none."""
    from troth.campaigns.models import Repermission

    fields = {"purpose": "marketing_email", "notice": notice_key_of(workspace_id), "ground": "service", "subject": "May we?"}
    html = '<p><a href="{{ ask_url }}">Yes or no</a></p>'
    made, _ = Repermission.objects.get_or_create(workspace_id=workspace_id, **fields, defaults={"html": html, "created_at": 1})
    return int(made.pk)


def newsletter_id_of(workspace_id: int) -> int:
    """A newsletter with a test under way, of which one batch of people was gone through; made if there is none."""
    from troth.campaigns.models import Newsletter
    from troth.campaigns.newsletters.editing import create_newsletter
    from troth.campaigns.newsletters.gathering import gather_next
    from troth.campaigns.newsletters.running import begin_due, start_newsletter
    from troth.kernel.clock import now_ms

    found = Newsletter.objects.filter(workspace_id=workspace_id).first()
    if found is None:
        mails = [{"key": key, "subject": f"What is new, told {how}", "html": "<p>News</p>"} for key, how in (("A", "short"), ("B", "long"))]
        fields = {"name": "What is new in spring", "purpose": "marketing_email", "variants": mails, "holdout": 10, "hold_minutes": 1_000}
        found = create_newsletter(workspace_id, {**fields, "test": {"share": 30, "decide": "hand"}}, now=now_ms())
        start_newsletter(found, now=now_ms())
        begin_due(now_ms())
        gather_next(now_ms())
    return int(found.pk)


def segment_id_of(workspace_id: int) -> int:
    """A segment with groups in it, made and computed where there is none."""
    from troth.consent.catalog import load_catalog
    from troth.kernel.clock import now_ms
    from troth.segments.computing import compute_due
    from troth.segments.registry import create_segment, list_segments

    found = list_segments(workspace_id)
    if not found:
        definition = {
            "all": [
                {"attribute": "plan", "op": "in", "value": ["pro", "team"]},
                {"any": [{"event": "login", "op": "did_not", "within": "P7D"}, {"not": {"tag": "beta"}}]},
            ]
        }
        also_for = list(load_catalog(workspace_id).purposes)
        found = [create_segment(workspace_id, name="Paying and silent for a week", definition=definition, also_for=also_for)]
        while compute_due(now_ms()):
            pass
    return int(found[0].pk)


def webhook_id_of(workspace_id: int) -> int:
    """A webhook, paused, with what it was told, what waits, and a dead letter; made if there is none."""
    from troth.kernel.clock import now_ms
    from troth.people.lookup import find_person
    from troth.webhooks.editing import create_webhook, revise_webhook
    from troth.webhooks.models import Delivery, Webhook
    from troth.webhooks.passing import News, count_withheld, pass_on

    found = Webhook.objects.filter(workspace_id=workspace_id).first()
    if found is None:
        now, subject = now_ms(), find_person(workspace_id, "heavy-person")
        types = ["user_updated", "unsubscribed", "person.erased"]
        found, _ = create_webhook(workspace_id, url="https://crm.example.com/hooks", types=types, purpose="service", name="CRM", now=now)
        revise_webhook(found, {"state": "paused"}, now=now)
        change = {"changes": {"plan": "pro"}, "add": ["vip"], "remove": []}
        pass_on([News("user_updated", subject, now - number * 60_000, change) for number in range(12)], now)
        keys = list(Delivery.objects.filter(webhook_id=found.pk).order_by("delivery_id").values_list("delivery_id", flat=True))
        own = Delivery.objects.filter(bucket=subject.bucket, person_id=subject.person_id)
        own.filter(delivery_id__in=keys[:7]).update(state="delivered", status=200, attempts=1, settled_at=now)
        own.filter(delivery_id__in=keys[7:9]).update(state="dead", status=503, trouble="refused", attempts=19, settled_at=now)
        count_withheld({(found.pk, "user_updated", "service:objected"): 3}, now)
    return int(found.pk)


def form_id_of(workspace_id: int) -> str:
    """A form, made for the published notice where there is none."""
    from troth.consent.forms import FormTerms, create_form, list_forms
    from troth.kernel.clock import now_ms

    forms, terms = list_forms(workspace_id), FormTerms(title="Footer of the shop", notice=notice_key_of(workspace_id))
    return (forms[0] if forms else create_form(workspace_id, terms, now=now_ms())).form_id


def topic_key_of(workspace_id: int) -> str:
    """A topic, made where there is none."""
    from troth.consent.topics import create_topic, list_topics

    topics = list_topics(workspace_id)
    return topics[0].key if topics else create_topic(workspace_id, "news", {"en": "Product news"}, "marketing_email").key


def find_examples(workspace_id: int) -> dict[str, Any]:
    """One id of everything that an address of the console can name, from what is there."""
    from troth.campaigns.models import Campaign
    from troth.consent.models import Record
    from troth.intake.captures import read_captures
    from troth.messages.models import Message
    from troth.people.lookup import find_person
    from troth.privacy.models import PrivacyRequest
    from troth.workspaces.models import Invitation, Key, Member

    person_id = find_person(workspace_id, "heavy-person").person_id
    own = Message.objects.filter(bucket=person_id % 4096, person_id=person_id)
    sent = own.filter(rendered__isnull=False).order_by("-message_id").first() or own.first()
    viewer = Member.objects.filter(workspace=workspace_id).order_by("-pk").first()
    invitation = Invitation.objects.filter(workspace=workspace_id).first()
    key = Key.objects.filter(workspace=workspace_id).first()
    requests = PrivacyRequest.objects.filter(workspace_id=workspace_id).order_by("-received_at")
    request = requests.exclude(certificate="").first() or requests.first()
    campaign = Campaign.objects.filter(workspace_id=workspace_id).order_by("pk").first()
    decided = Record.objects.filter(workspace_id=workspace_id).order_by("-record_id")
    record = decided.filter(bucket=person_id % 4096, person_id=person_id).first() or decided.first()
    newest = next(iter(read_captures(workspace_id, after=0, limit=1)), None)
    return {
        "workspace_id": workspace_id,
        "person_id": person_id,
        "message_id": sent.message_id if sent else 0,
        "campaign_id": campaign.pk if campaign else 0,
        "capture_id": newest.capture_id if newest else 0,
        "key_id": key.pk if key else 0,
        "member_id": viewer.pk if viewer else 0,
        "invitation_id": invitation.pk if invitation else 0,
        "request_id": str(request.pk) if request else "",
        "purpose": "marketing_email",
        "record_id": record.record_id if record else 0,
        "form_id": form_id_of(workspace_id),
        "topic_key": topic_key_of(workspace_id),
        "template_key": "welcome",
        "notice_key": notice_key_of(workspace_id),
        "asking_id": asking_id_of(workspace_id),
        "newsletter_id": newsletter_id_of(workspace_id),
        "variant": "B",
        "step": "refuse",
        "kind": "refuse",
        "language": "de",
        "segment_id": segment_id_of(workspace_id),
        "webhook_id": webhook_id_of(workspace_id),
        "purpose_key": purpose_key_of(workspace_id),
        "version": 1,
        "form": "csv",
        "channel_id": channel_id_of(workspace_id),
        "domain_id": domain_id_of(workspace_id),
        "adapter": "postmark",
        "breach_id": breach_id_of(workspace_id),
        "agreement": "dpa",
        "proof_id": proof_id_of(),
        "notice_id": told_id_of(request),
    }


def told_id_of(request: Any) -> str:
    """A recipient of the example request who has answered, beside others who have not, made if there are none."""
    from troth.kernel.clock import DAY, HOUR
    from troth.privacy.models.disclosures import NoticeAnswer, RecipientNotice

    if request is None:
        return ""
    if found := RecipientNotice.objects.filter(request=request, state="done").first():
        return str(found.pk)
    at = request.received_at
    about = {
        "request": request,
        "workspace_id": request.workspace_id,
        "right": request.type,
        "kind": "channel",
        "opened_at": at,
        "asked_at": at,
        "retry_until": at + 3 * DAY,
    }
    made = RecipientNotice.objects.create(
        name="Mailhaus GmbH", way="opendsr", state="done", is_signed=True, told_at=at + HOUR, answered_at=at + DAY, recipient_id=1, **about
    )
    body = f'{{"request_status":"completed","subject_request_id":"{made.pk}"}}'
    signed = {
        "digest": "5d" * 32,
        "body": body,
        "signature": "c2lnbmF0dXJl" * 20,
        "certificate": "-----BEGIN CERTIFICATE-----",
        "domain": "dsr.example",
    }
    for hours, kind, state in ((1, "receipt", "told"), (24, "callback", "done")):
        NoticeAnswer.objects.create(notice=made, at=at + hours * HOUR, kind=kind, state=state, **signed)
    for name, way, state in (("Anrufe AG", "mail", "told"), ("CRM of the shop", "webhook", "waiting"), ("Printer", "", "by_hand")):
        RecipientNotice.objects.create(
            name=name, way=way, state=state, silent_at=at + 3 * DAY if state != "told" else None, recipient_id=2, **about
        )
    return str(made.pk)


def proof_id_of() -> str:
    """A proof of erasure that passed; it is of the whole installation."""
    from troth.kernel.clock import HOUR, now_ms
    from troth.privacy.certificate import certify
    from troth.privacy.models.proofs import ProofRun, ProofState
    from troth.privacy.proofs.persons import make_up
    from troth.privacy.proofs.statement import Looked, make_claims

    found = ProofRun.objects.filter(state=ProofState.PASSED).order_by("-begun_at").first()
    if found is None:
        begun, names = now_ms() - HOUR, make_up().values
        searched = {"files": 21, "bytes_read": 48_000_000, "took_ms": 1_900, "gone": ["the door"], "stores": ["people.person"]}
        seen = Looked(erased=dict.fromkeys(names, False), control=dict.fromkeys(names, True), **searched)
        found = ProofRun(begun_at=begun, seen_at=begun, ended_at=begun + 9_000, state=ProofState.PASSED)
        found.files, found.total, found.done, found.took_ms = 21, 48_000_000, 48_000_000, 1_900
        found.certificate = certify(make_claims(seen, [], run_id=str(found.pk), begun_at=begun, now=begun + 9_000))
        found.save()
    return str(found.pk)


def breach_id_of(workspace_id: int) -> int:
    """A breach whose clock runs."""
    from troth.kernel.clock import HOUR, now_ms
    from troth.privacy.breaches.register import list_breaches, record_breach

    found = list_breaches(workspace_id)
    if found:
        return found[0].pk
    now = now_ms()
    said = {
        "title": "A list was sent to the wrong address",
        "aware_at": now - 20 * HOUR,
        "began_at": now - 26 * HOUR,
        "ended_at": now - 20 * HOUR,
        "categories": "customers; names and e-mail addresses",
        "people": 140,
        "facts": "A colleague attached a list of customers to a mail that went to another company, which told us.",
        "effects": "The other company could have written to these customers.",
        "remedy": "They have deleted the mail and confirmed it in writing.",
    }
    return record_breach(workspace_id, said, user_id=0, now=now).pk


def channel_id_of(workspace_id: int) -> int:
    """A channel that is not in use, so that nothing leaves by it."""
    from troth.kernel.clock import now_ms
    from troth.messages.configured import add_channel, list_channels, revise_channel

    found = list_channels(workspace_id)
    row = found[0] if found else add_channel(workspace_id, "postmark", {"server_token": "token"}, now=now_ms())
    if row.is_active:
        revise_channel(row, {}, is_active=False, now=now_ms())
    return row.pk


def domain_id_of(workspace_id: int) -> int:
    """A sending domain."""
    from troth.kernel.clock import now_ms
    from troth.messages.domains import add_domain, list_domains

    found = list_domains(workspace_id)
    return (found[0] if found else add_domain(workspace_id, "acme.example", now_ms())).pk


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
