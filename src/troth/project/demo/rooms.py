"""What fills the rooms of the demonstration beside its two campaigns.

Segments, a layout with a template in two languages, a newsletter whose test was decided, one that is a draft, a domain, and browsers as a channel, made by
the functions that people's clicks go through. The newsletter goes into the embedded outbox, and is then said to have gone two days ago; some of those who
agreed to be measured open it, fewer follow its link, and one of its two subjects does better.
"""

from __future__ import annotations

import random

from django.db.models import F

from troth.campaigns.models import Newsletter, NewsletterRun
from troth.campaigns.newsletters.deciding import decide_next, finish_done
from troth.campaigns.newsletters.editing import create_newsletter
from troth.campaigns.newsletters.gathering import gather_next
from troth.campaigns.newsletters.running import begin_due, source_of, start_newsletter
from troth.consent.catalog import MARKETING_EMAIL
from troth.content.library import create_piece
from troth.content.publishing import publish_piece
from troth.kernel.clock import DAY, HOUR, MINUTE
from troth.kernel.personal_data import Subject
from troth.messages.configured import add_channel
from troth.messages.domains import add_domain
from troth.messages.fetches import Fetch, note_fetches
from troth.messages.models import Engaged, Engagement, Message, State
from troth.messages.sending import send_due
from troth.messages.tracking import Measured
from troth.privacy.readiness.impact import sign_assessment
from troth.segments.computing import compute_due
from troth.segments.registry import create_segment
from troth.workspaces.measuring import set_measuring
from troth.workspaces.models import Workspace

LINK = "https://papertrail.example/new"
FRAME = """<div style="max-width:34rem;margin:0 auto;font-family:sans-serif;line-height:1.5">
<p style="color:#2b3fc4"><strong>Papertrail</strong></p>
{{ content }}
<p><small>You get this because you said yes to news. <a href="{{ unsubscribe_url }}">Stop these mails</a></small></p></div>"""
TIPS = {
    "en": {
        "subject": "A tip for {{ person.company | default: 'your team' }}",
        "body": "<h1>Hello {{ person.first_name | default: 'there' }}</h1>\n<p>Notes that are shared are found. Try it with one today.</p>\n"
        '<p><a href="https://papertrail.example/tips">More tips</a></p>',
    },
    "de": {
        "subject": "Ein Tipp für {{ person.company | default: 'Ihr Team' }}",
        "body": "<h1>Guten Tag {{ person.first_name | default: '' }}</h1>\n<p>Geteilte Notizen werden gefunden. Versuchen Sie es heute mit einer.</p>\n"
        '<p><a href="https://papertrail.example/tips">Mehr Tipps</a></p>',
    },
}
NEWS = f"""<h1>Hello {{{{ person.first_name | default: "there" }}}}</h1>
<p>notes can now link to each other, and Papertrail shows what links back.</p>
<p><a href="{LINK}">See what is new</a></p>
<p><small><a href="{{{{ unsubscribe_url }}}}">Stop these mails</a></small></p>"""
FOLLOW = {"A": 0.12, "B": 0.3}
"""How many of those who get a variant follow its link."""

ASSESSMENT = """Papertrail looks at how often somebody writes notes, and at what they open, to send tips that fit and to leave alone who has gone quiet.

It is needed to send fewer mails, and in proportion: no note is read, nothing of Art. 9 is kept, and opens are noted only of who agreed.
The risk is a wrong guess about somebody; what comes of it is a mail more or less, and everybody can object on the preference page."""


def fill_rooms(workspace_id: int, now: int) -> None:
    """Make it; `now` in milliseconds. The people are there, and what they said."""
    paying = {"attribute": "plan", "op": "in", "value": ["team", "business"]}
    active = {"event": "logged_in", "op": "did", "within": "P14D"}
    create_segment(workspace_id, name="Gone quiet", definition={"all": [paying, {"not": active}]}, now=now)
    segment = create_segment(workspace_id, name="Paying and active", definition={"all": [paying, active]}, now=now)
    while compute_due(now):
        pass
    publish_piece(create_piece(workspace_id, kind="layout", key="frame", name="Papertrail's frame", parts={"en": {"body": FRAME}}))
    publish_piece(create_piece(workspace_id, kind="email", key="tips", name="Tips", layout="frame", parts=TIPS))
    add_domain(workspace_id, "papertrail.example", now)
    add_channel(workspace_id, "web_push", {"contact": "mailto:ops@papertrail.example"}, label="Browsers", now=now)
    _send_news(workspace_id, segment.pk, now)
    draft = {
        "name": "Tips of the month",
        "purpose": MARKETING_EMAIL,
        "segment_id": segment.pk,
        "audience": "live",
        "fresh_minutes": 30,
        "schedule": {"kind": "recurring", "cron": "0 9 1 * *", "zone": "Europe/Berlin"},
        "variants": [{"key": "A", "template": "tips"}],
    }
    create_newsletter(workspace_id, draft, now=now)


def _send_news(workspace_id: int, segment_id: int, now: int) -> None:
    workspace = Workspace.objects.get(pk=workspace_id)
    set_measuring(workspace, {"measures_opens": True, "measures_clicks": True})
    # People are profiled and it is noted what they open: without an assessment nothing could be sent to a segment (Art. 35).
    sign_assessment(workspace, text=ASSESSMENT, name="Priya Anand", function="Data protection officer", user_id=0, now=now)
    fields = {
        "name": "Notes that link",
        "purpose": MARKETING_EMAIL,
        "segment_id": segment_id,
        "variants": [
            {"key": "A", "subject": "What is new in Papertrail", "html": NEWS},
            {"key": "B", "subject": "{{ person.first_name }}, your notes can link to each other", "html": NEWS},
        ],
        "test": {"share": 60, "metric": "clicked", "hours": 4, "decide": "highest"},
        "holdout": 5,
        "goal": {"event": "note_created", "days": 2},
    }
    made = create_newsletter(workspace_id, fields, now=now)
    start_newsletter(made, now=now)
    begin_due(now)
    then, dice = now - 2 * DAY, random.Random(17)  # noqa: S311 -- invention, not cryptography
    while gather_next(now):
        pass
    for moment in (then, then + 5 * HOUR):
        while send_due(now + 5 * HOUR):
            pass
        _say_it_went(made, moment, dice, now)
        decide_next(now + 5 * HOUR)
    finish_done(now)
    times = {"begun_at": then, "starts_at": then, "gathered_at": then, "decide_at": then + 4 * HOUR, "ended_at": then + 5 * HOUR}
    NewsletterRun.objects.filter(newsletter_id=made.pk).update(**times)


def _say_it_went(made: Newsletter, at: int, dice: random.Random, now: int) -> None:
    """What was just handed over is said to have gone then, and is read as people read."""
    sent = Message.objects.filter(workspace_id=made.workspace_id, source=source_of(made.pk), state=State.SENT, settled_at__gte=now - MINUTE)
    measured = list(
        Engagement.objects.filter(workspace_id=made.workspace_id, source=source_of(made.pk), link="", kind=Engaged.CLICK, times=0)
    )
    rows = list(sent.values_list("bucket", "message_id", "rendered__subject"))
    fresh = {message_id: subject for _bucket, message_id, subject in rows}
    Message.objects.filter(bucket__in={bucket for bucket, *_ in rows}, message_id__in=fresh).update(
        due_at=at, created_at=at, settled_at=at + F("message_id") % MINUTE
    )
    fetches = []
    for one in measured:
        subject = fresh.get(one.message_id)
        if subject is None or dice.random() > 0.6:
            continue
        opened = at + int(dice.expovariate(1 / (2 * HOUR))) + 2 * MINUTE
        who = Subject(made.workspace_id, one.person_id)
        fetches.append(Fetch(Measured(subject=who, message_id=one.message_id), "", opened))
        if dice.random() < FOLLOW["A" if subject.startswith("What is new") else "B"] / 0.6:
            fetches.append(Fetch(Measured(subject=who, message_id=one.message_id, url=LINK), "", opened + MINUTE))
    note_fetches(sorted((one for one in fetches if one.at < now), key=lambda one: one.at))
