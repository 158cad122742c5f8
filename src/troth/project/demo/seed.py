"""Seeding the demonstration through the one door: people, ninety days of events, decisions, two campaigns, and what else fills its rooms."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from troth.campaigns.editing import create_campaign
from troth.campaigns.publishing import publish_campaign
from troth.consent.catalog import CLICK_TRACKING, MARKETING_EMAIL, OPEN_TRACKING, PROFILING
from troth.intake.actor import fold_inbox
from troth.intake.commands import Command, Decide, Decision, Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import DAY, HOUR, MINUTE
from troth.kernel.worker import drain
from troth.project.demo.people import Invented, invent_people
from troth.project.demo.rooms import fill_rooms

PEOPLE = 2_400
BATCH = 500
NOTICE = "Yes, send me news and tips about Papertrail by e-mail, chosen by how I use it. I can withdraw at any time."
TRIAL_ENDS = """<h1>Your trial ends in three days</h1>
<p>Hello {{ person.first_name | default: "there" }},</p>
<p>you have kept {{ event.properties.notes }} notes so far. They stay yours, whatever you decide.</p>
<p><a href="https://papertrail.example/plans">See the plans</a></p>
<p><small><a href="{{ unsubscribe_url }}">Stop these mails</a></small></p>"""
RECEIPT = """<p>Hello {{ person.first_name | default: "there" }},</p>
<p>thank you. We received {{ event.properties.amount }} € for your {{ event.properties.plan }} plan.</p>"""

Progress = Callable[[int, int], None]


def seed(workspace_id: int, now: int, progress: Progress, people: int = PEOPLE) -> int:
    """Fill a workspace; returns the number of events. `progress(done, total)` counts commands. What happened today triggers the campaigns."""
    invented = invent_people(people)
    dice = random.Random(11)  # noqa: S311 -- invention, not cryptography
    commands: list[tuple[int, Command]] = []
    for person in invented:
        commands += _life(workspace_id, person, now, dice)
    commands.sort(key=lambda pair: pair[0])
    yesterday = now - DAY
    past = [command for at, command in commands if at < yesterday]
    today = [command for at, command in commands if at >= yesterday]
    _apply_all(past, progress, 0, len(commands))
    _publish(workspace_id)
    _apply_all(today, progress, len(past), len(commands))
    fill_rooms(workspace_id, now)
    drain(now)
    return sum(isinstance(command, Track) for _, command in commands)


def _apply_all(commands: list[Command], progress: Progress, done: int, total: int) -> None:
    """Batches small enough that what is written in one carries nearly the time when it happened."""
    for start in range(0, len(commands), BATCH):
        batch = commands[start : start + BATCH]
        then = batch[-1].received_at
        apply(batch, now=then)
        while fold_inbox(then):
            pass
        progress(min(done + start + BATCH, total), total)


def _publish(workspace_id: int) -> None:
    trial = {"property": "notes", "op": "at_least", "value": 1}
    for name, event, purpose, subject, html, conditions in (
        ("Trial ends soon", "trial_expiring", MARKETING_EMAIL, "Three days left, {{ person.first_name }}", TRIAL_ENDS, trial),
        ("Receipt", "invoice_paid", "service", "Your receipt: {{ event.properties.amount }} €", RECEIPT, None),
    ):
        publish_campaign(
            create_campaign(
                workspace_id, name=name, trigger_event=event, purpose=purpose, subject=subject, html=html, conditions=conditions
            )
        )


def _life(workspace_id: int, person: Invented, now: int, dice: random.Random) -> Iterator[tuple[int, Command]]:
    """What one person did since they signed up, as (when, command)."""
    who = Identity(external_id=person.external_id, email=person.email)
    born = now - int(person.signed_up_days_ago * DAY)

    def common(at: int) -> dict[str, Any]:
        return {"workspace_id": workspace_id, "source": "demo", "received_at": at}

    facts = {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "company": person.company,
        "plan": person.plan,
        "timezone": person.timezone,
    }
    yield born, Identify(identity=who, attributes=facts, **common(born))
    known = Identity(external_id=person.external_id)
    if person.says != "nothing":
        decision = Decision.GRANT if person.says == "yes" else Decision.WITHDRAW
        evidence = {"notice": NOTICE, "default_state": "unchecked", "where": "sign-up form"}
        measured = (OPEN_TRACKING, CLICK_TRACKING) if person.says == "yes" and dice.random() < 0.6 else ()
        for purpose in (MARKETING_EMAIL, PROFILING, *measured):
            yield born + 1, Decide(identity=known, decision=decision, purpose=purpose, method="form", evidence=evidence, **common(born + 1))
    for at, name, properties in _events(person, born, now, dice):
        yield at, Track(identity=known, name=name, ts=at, properties=properties, **common(at))


def _events(person: Invented, born: int, now: int, dice: random.Random) -> Iterator[tuple[int, str, dict[str, Any]]]:
    yield born + 2, "Signed up", {"plan": person.plan, "source": dice.choice(("search", "friend", "newsletter", "conference"))}
    yield born + 3, "Trial started", {"days": 14}
    notes = 0
    at = born + int(dice.uniform(1, 30) * MINUTE)
    while at < now:
        yield at, "Logged in", {"device": dice.choice(("web", "ios", "android"))}
        for _ in range(dice.choice((0, 1, 1, 2, 3))):
            notes += 1
            yield at + notes * 7 % HOUR + 1, "Note created", {"words": dice.randint(5, 900), "shared": dice.random() < 0.3}
        if dice.random() < 0.05:
            yield at + 5 * MINUTE, "Teammate invited", {"role": dice.choice(("editor", "reader"))}
        at += int(dice.expovariate(person.sessions_a_week / (7 * DAY))) + HOUR
    if born + 11 * DAY < now:
        yield born + 11 * DAY, "Trial expiring", {"notes": notes, "days_left": 3}
    if person.plan != "free":
        price = {"team": 19, "business": 49}[person.plan]
        yield from ((paid, "Invoice paid", {"amount": price, "plan": person.plan}) for paid in range(born + 14 * DAY, now, 30 * DAY))
