"""Reports reconcile with the messages: counted by the database, and again by hand, they are the same, however they are grouped."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.messages.posting import Post
from troth.content.models import Template
from troth.intake.commands import Decide, Decision, Identity
from troth.kernel.clock import DAY, HOUR
from troth.messages.models import HANDED_OVER, Engaged, Engagement, Message, State
from troth.messages.reports.counting import count_messages
from troth.messages.reports.shapes import COUNTED, FEWEST, By, ReportInvalid, Span, find_offsets, make_span

SPAN = Span(date(2026, 3, 20), date(2026, 4, 8), "Europe/Berlin")
DOMAINS = ("example.com", "Example.com", "mail.example", "rare.example")
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "Etc/GMT+12",
    "Pacific/Kiritimati",
)


def put(post: Post, person: Any, number: int, *, at: int, **fields: Any) -> Message:
    """A message as it lies in the table."""
    given: dict[str, Any] = {
        "source": "campaign:1",
        "channel": "email",
        "purpose": "service",
        "is_marketing": False,
        "template_id": post.template.pk,
        "state": State.SENT,
        "due_at": at,
        "settled_at": at,
        "recipient": "somebody@example.com",
    }
    return Message.objects.create(
        bucket=person.bucket,
        person_id=person.person_id,
        message_id=9_000_000 + number,
        workspace_id=post.workspace.pk,
        occurrence=number,
        created_at=at,
        **{**given, **fields},
    )


def measure(message: Message, kind: Engaged, link: str = "", **fields: Any) -> None:
    """What is noted of a mail."""
    Engagement.objects.create(
        bucket=message.bucket,
        person_id=message.person_id,
        message_id=message.message_id,
        kind=kind,
        link=link,
        workspace_id=message.workspace_id,
        source=message.source,
        measured_at=message.created_at,
        **fields,
    )


def fill(post: Post, many: int = 160) -> list[tuple[Message, set[str]]]:
    """Messages of all kinds, each with what is true of it."""
    chance = random.Random(5)
    people = [post.person(f"p{number}") for number in range(10)]
    news = Template.objects.create(workspace_id=post.workspace.pk, subject="", html="", topic="news")
    made = []
    for number in range(many):
        person, state = chance.choice(people), chance.choice(list(State))
        domain = "rare.example" if person in people[:2] else chance.choice(DOMAINS[:3])
        sent = state in HANDED_OVER
        message = put(
            post,
            person,
            number,
            at=SPAN.since + chance.randrange(SPAN.until - SPAN.since),
            state=state,
            reason="" if sent else chance.choice(["", "service:objected", "cap:campaign"]),
            source=f"campaign:{chance.choice([1, 2])}",
            channel=chance.choice(["email", "email", "sms"]),
            template_id=chance.choice([post.template.pk, news.pk]),
            recipient=f"somebody@{domain}" if sent else "",
        )
        true: set[str] = set()
        if sent and message.channel == "email":
            true |= {"mails"}
            if chance.random() < 0.6:
                times, machines = chance.choice([(1, 0), (0, 3), (2, 2), (0, 0)])
                measure(message, Engaged.OPEN, times=times, machine_times=machines)
                true |= {"opens_measured"} | ({"opened"} if times else {"opened_by_machine"} if machines else set())
            if chance.random() < 0.6:
                measure(message, Engaged.CLICK)
                times, machines = chance.choice([(1, 0), (0, 1), (0, 0)])
                if times or machines:
                    measure(message, Engaged.CLICK, "https://example.com/a", times=times, machine_times=machines)
                    measure(message, Engaged.CLICK, "https://example.com/b", machine_times=1)
                true |= {"clicks_measured"} | ({"clicked"} if times else {"clicked_by_machine"} if machines else set())
        made.append((message, true))
    return made


def key_by_hand(by: By, message: Message, topics: dict[int, str]) -> str:
    if by is By.DAY:
        return datetime.fromtimestamp(message.created_at // 1_000, UTC).astimezone(ZoneInfo(SPAN.zone)).date().isoformat()
    domain = message.recipient.partition("@")[2].lower()
    return {
        By.SOURCE: message.source,
        By.VARIANT: str(message.template_id),
        By.CHANNEL: message.channel,
        By.TOPIC: topics[message.template_id],
        By.DOMAIN: domain,
    }[by]


def test_however_they_are_grouped_figures_are_those_of_the_messages(post: Post) -> None:
    made = fill(post)
    topics = dict(Template.objects.values_list("pk", "topic"))
    for by in By:
        table = count_messages(post.workspace.pk, SPAN, by)
        assert table.whole.adds_up
        assert table.whole.audience == len(made) == Message.objects.count()
        if by is By.ALL:
            continue
        expected: dict[str, Counter[str]] = {}
        persons: dict[str, set[int]] = {}
        for message, true in made:
            state = "untold" if message.state == State.SENT else str(message.state)
            key = key_by_hand(by, message, topics)
            expected.setdefault(key, Counter()).update({"audience", state} | true)
            persons.setdefault(key, set()).add(message.person_id)
        if by is By.DOMAIN:
            expected = {key: counted for key, counted in expected.items() if len(persons[key]) >= FEWEST}
        shown = {line.key: line.figures for line in table.lines if line.key is not None}
        assert shown.keys() == expected.keys()
        for key, figures in shown.items():
            assert figures.adds_up
            assert {name: getattr(figures, name) for name in COUNTED if name != "persons"} == {
                name: expected[key][name] for name in COUNTED if name != "persons"
            }, (by, key)
        assert sum(line.figures.audience for line in table.lines) == table.whole.audience
        assert all(line.figures.adds_up for line in table.lines)


def test_a_domain_of_few_persons_is_told_with_the_others(post: Post) -> None:
    fill(post)
    lines = count_messages(post.workspace.pk, SPAN, By.DOMAIN).lines
    assert "rare.example" not in {line.key for line in lines}
    assert lines[-1].key is None
    assert lines[-1].figures.sent > 0
    assert all(line.figures.persons >= FEWEST for line in lines[:-1])


def test_reasons_and_sources_are_those_of_the_messages(post: Post) -> None:
    made = fill(post)
    own = [message for message, _ in made if message.source == "campaign:2"]
    table = count_messages(post.workspace.pk, SPAN, source="campaign:2")
    assert table.whole.audience == len(own)
    assert table.reasons["skipped"] == Counter(m.reason for m in own if m.state == State.SKIPPED and m.reason)


def test_another_workspace_is_in_no_figure(post: Post) -> None:
    fill(post, 20)
    for by in By:
        assert count_messages(post.workspace.pk + 1, SPAN, by).whole.audience == 0
        assert count_messages(post.workspace.pk + 1, SPAN, by, source="campaign:1").lines == ()


def test_days_outside_the_span_are_in_no_figure(post: Post) -> None:
    dana = post.person("dana")
    for number, at in enumerate((SPAN.since - 1, SPAN.since, SPAN.until - 1, SPAN.until)):
        put(post, dana, number, at=at)
    lines = count_messages(post.workspace.pk, SPAN, By.DAY).lines
    assert [(line.key, line.figures.audience) for line in lines] == [("2026-03-20", 1), ("2026-04-08", 1)]


def test_who_unsubscribed_through_a_mail_is_counted_and_a_complaint_is_none(post: Post) -> None:
    people = [post.person(name) for name in ("alice", "bob", "carol", "dora")]
    sent = [put(post, person, number, at=SPAN.since) for number, person in enumerate(people)]

    def says(number: int, method: str, decision: Decision = Decision.WITHDRAW) -> None:
        evidence = {"message_id": str(sent[number].message_id)}
        who = Identity(person_id=people[number].person_id)
        purpose = None if decision is Decision.OBJECT else "marketing_email"
        post.say(Decide(identity=who, decision=decision, purpose=purpose, method=method, evidence=evidence, **post.common))

    says(0, "one_click")
    says(0, "one_click")
    says(1, "complaint", Decision.OBJECT)
    post.say(Decide(identity=Identity(external_id="carol"), decision=Decision.WITHDRAW, purpose="marketing_email", **post.common))
    assert count_messages(post.workspace.pk, SPAN).whole.unsubscribed == 1


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.dates(date(2010, 1, 1), date(2030, 1, 1)),
    st.integers(0, 399),
    st.lists(st.floats(0, 0.999999999), min_size=1, max_size=8),
)
def test_each_instant_belongs_to_its_day_in_every_zone(zone: str, first: date, days: int, places: list[float]) -> None:
    span = Span(first, first + timedelta(days=days), zone)
    offsets = find_offsets(span)
    for place in places:
        at = span.since + int(place * (span.until - span.since))
        shift = next((offset for until, offset in offsets[:-1] if at < until), offsets[-1][1])
        told = date(1970, 1, 1) + timedelta(days=(at + shift) // DAY)
        assert told == datetime.fromtimestamp(at // 1_000, UTC).astimezone(ZoneInfo(zone)).date()


def test_a_day_has_as_many_hours_as_it_has() -> None:
    spring = Span(date(2026, 3, 29), date(2026, 3, 29), "Europe/Berlin")
    autumn = Span(date(2026, 10, 25), date(2026, 10, 25), "Europe/Berlin")
    assert [(span.until - span.since) // HOUR for span in (spring, autumn)] == [23, 25]


@pytest.mark.parametrize(
    ("first", "last", "zone", "said"),
    [
        (None, None, "Mars/Base", "$.zone"),
        (None, None, "../etc", "$.zone"),
        (date(2026, 2, 1), date(2026, 1, 1), "UTC", "$.first"),
        (date(2020, 1, 1), date(2026, 1, 1), "UTC", "400 days"),
    ],
)
def test_what_cannot_be_a_span_is_refused_with_the_place(first: date | None, last: date | None, zone: str, said: str) -> None:
    with pytest.raises(ReportInvalid, match=said.replace("$", r"\$")):
        make_span(first, last, zone=zone, now=SPAN.since)


def test_without_days_a_span_is_the_last_thirty_with_today() -> None:
    assert make_span(None, None, zone="Europe/Berlin", now=SPAN.since) == Span(date(2026, 2, 19), date(2026, 3, 20), "Europe/Berlin")
