"""Who got whose data is noted when it leaves, told to the person by name, and forgotten last."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.http_server import run_provider
from tests.mail_server import run_mail_server
from tests.messages.posting import Post
from tests.webhooks.desk import Desk
from troth.intake.commands import Alias, EditTags, Identity
from troth.kernel.clock import HOUR, now_ms
from troth.kernel.personal_data import Subject
from troth.messages.configured import add_channel
from troth.messages.errors import ChannelDown, ChannelError
from troth.messages.sending import send_due
from troth.people.lookup import find_person
from troth.privacy.desk.links import make_data_token
from troth.privacy.disclosures.log import Went, note_disclosures
from troth.privacy.disclosures.reading import find_recipients_of
from troth.privacy.erasure.erasing import erase_person
from troth.privacy.exporting.export import export_html, export_person
from troth.privacy.models.disclosures import Disclosure, RecipientNotice
from troth.privacy.processors.register import register_processor


@pytest.fixture
def post(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> Post:
    from troth.messages import configured

    post = Post(workspace)
    monkeypatch.setattr(configured, "installation_channel", lambda url: post)
    return post


def recipients(subject: Subject) -> list[dict[str, Any]]:
    whole = json.loads(b"".join(export_person(subject)))
    found: list[dict[str, Any]] = next(section["records"] for section in whole["sections"] if section["name"] == "privacy.disclosures")
    return found


def test_a_mail_tells_its_provider_whom_it_is_for_and_the_answer_on_access_names_the_provider(workspace: Any, settings: Any) -> None:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    post = Post(workspace)
    subject, other = post.person("ann"), post.person("bob")
    for kept, url in run_mail_server():
        host, _colon, port = url.rpartition("//")[2].rpartition(":")
        channel = add_channel(workspace.pk, "smtp", {"host": host, "port": port, "security": "none"}, label="Post office", now=now_ms())
        given = {"name": "Mailer Ltd", "location": "Ireland", "transfer_tool": "none_needed", "channels": [channel.pk]}
        register_processor(workspace.pk, given, in_use=True, now=1)
        for occurrence in (1, 2):
            post.queue(subject, occurrence)
            send_due(now_ms())
        assert len(kept.mails) == 2
    [row] = recipients(subject)
    assert row["recipient"] == "Mailer Ltd"
    assert (row["by"], row["purpose"], row["times"], row["location"]) == ("channel “Post office”", "service", 2, "Ireland")
    assert row["data"] == ["e-mail address", "what the message says"]
    assert row["legal_basis"] and row["first_at"] <= row["last_at"]
    assert "Mailer Ltd" in b"".join(export_html(subject)).decode()
    own_page = Client().get(f"/my/{make_data_token(subject, 'ann@example.com', now_ms())}").content.decode()
    assert "Mailer Ltd" in own_page and "e-mail address, what the message says" in own_page
    assert recipients(other) == []


def test_what_stays_in_the_embedded_outbox_went_to_nobody(workspace: Any) -> None:
    post = Post(workspace)
    subject = post.person("ann")
    post.queue(subject)
    send_due(now_ms())
    assert post.states()[0][0] == "sent"
    assert recipients(subject) == []


@pytest.mark.parametrize(
    ("trouble", "knows"),
    [
        (ChannelError("no such box", permanent=True), True),
        (ChannelError("the answer is lost", permanent=False, doubtful=True), True),
        (RuntimeError("broken"), True),
        (ChannelError("busy", permanent=False), False),
        (ChannelDown("nobody there"), False),
    ],
)
def test_whoever_read_the_address_is_a_recipient_even_when_the_mail_did_not_arrive(post: Post, trouble: Exception, knows: bool) -> None:
    subject = post.person("ann")
    post.trouble = trouble
    post.queue(subject)
    send_due(now_ms())
    assert bool(recipients(subject)) is knows


def test_a_webhook_that_was_told_of_a_person_is_a_recipient(workspace: Any, settings: Any) -> None:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    with run_provider() as receiver:
        desk = Desk(workspace, receiver)
        webhook = desk.listen("user_updated")
        who = desk.person("ann")
        subject = desk.subject("ann")
        desk.does((EditTags, {"identity": who, "add": ("vip",)}))
        assert recipients(subject) == []
        desk.deliver()
        [row] = recipients(subject)
        assert row["recipient"] == webhook.name
        assert row["data"] == ["identifiers", "user_updated"]


def test_of_two_who_are_one_the_log_says_first_and_last_and_how_often(workspace: Any) -> None:
    post = Post(workspace)
    one, two = post.person("ann"), post.person("anna")
    hour = now_ms() - HOUR
    for subject, at in ((one, hour), (two, hour - 5), (two, hour + 5)):
        note_disclosures([Went(subject, "webhook", 7, "CRM", "opened", "service", at)])
    note_disclosures([Went(two, "webhook", 8, "Shop", "opened", "service", hour)])
    post.say(Alias(identity=Identity(external_id="ann"), previous=Identity(external_id="anna"), **post.common))
    left = find_person(workspace.pk, "ann")
    rows = {row.name: row for row in Disclosure.objects.all()}
    assert {row.person_id for row in rows.values()} == {left.person_id}
    assert (rows["CRM"].first_at, rows["CRM"].last_at, rows["CRM"].times) == (hour - 5, hour + 5, 3)
    assert set(rows) == {"CRM", "Shop"}


def test_a_controller_to_whom_data_was_handed_over_is_named_and_told(workspace: Any) -> None:
    post = Post(workspace)
    subject = post.person("ann")
    note_disclosures([Went(subject, "controller", 1, "Next Shop", "export", basis, 5) for basis in ("portability", "access")])
    assert sorted((row["recipient"], row["data"][0]) for row in recipients(subject)) == [
        ("Next Shop", "everything held"),
        ("Next Shop", "what the person provided"),
    ]
    erase_person(subject, now=now_ms(), source="api")
    assert [(one.name, one.state) for one in RecipientNotice.objects.all()] == [("Next Shop", "by_hand")]


def test_one_processor_with_two_ways_is_one_recipient(workspace: Any) -> None:
    post = Post(workspace)
    subject = post.person("ann")
    register_processor(workspace.pk, {"name": "Big Co", "channels": [3], "webhooks": [4]}, in_use=True, now=1)
    for kind, number in (("channel", 3), ("webhook", 4), ("webhook", 5)):
        note_disclosures([Went(subject, kind, number, f"{kind} {number}", "email", "service", 5)])
    found = find_recipients_of([subject])
    assert sorted((one.name, len(one.rows)) for one in found) == [("Big Co", 2), ("webhook 5", 1)]


def test_nobody_who_was_erased_meanwhile_is_written_down_again(workspace: Any) -> None:
    post = Post(workspace)
    subject = post.person("ann")
    note_disclosures([Went(subject, "webhook", 7, "CRM", "opened", "service", 1)])
    erase_person(subject, now=now_ms(), source="api")
    note_disclosures([Went(subject, "webhook", 7, "CRM", "opened", "service", 2)])
    assert not Disclosure.objects.exists()


def test_mail_of_the_desk_is_noted_with_who_carried_it_and_that_a_law_obliges(workspace: Any, settings: Any) -> None:
    from troth.privacy.desk import cases
    from troth.privacy.desk.steps import How, Said, Step, take_step
    from troth.privacy.history import By
    from troth.privacy.models import RequestType

    subject, now = Post(workspace).person("ann"), now_ms()
    request = cases.open_request(subject, RequestType.ACCESS, by=By("console", 1, "owner"), now=now)
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        for _twice in range(2):
            take_step(
                request, Step.ACKNOWLEDGE, Said(text="It came.", subject="Hello", how=How.MAIL), by=By("console", 1, "owner"), now=now
            )
        assert len(kept.mails) == 2
    take_step(request, Step.ACKNOWLEDGE, Said(text="By letter.", how=How.OTHERWISE), by=By("console", 1, "owner"), now=now)
    [row] = recipients(subject)
    assert (row["recipient"], row["purpose"], row["legal_basis"], row["times"]) == (
        "mail server 127.0.0.1",
        "privacy_rights",
        "legal_obligation",
        2,
    )
    assert row["data"] == ["e-mail address", "what the message says"]


def test_mail_of_the_desk_that_did_not_leave_is_not_noted(workspace: Any, settings: Any) -> None:
    from troth.messages.direct import NotSent
    from troth.privacy.desk import cases, telling
    from troth.privacy.history import By, Words
    from troth.privacy.models import RequestType

    settings.TROTH_EMAIL_URL = "smtp://127.0.0.1:1"
    subject = Post(workspace).person("ann")
    request = cases.open_request(subject, RequestType.ACCESS, by=By("console"), now=now_ms())
    with pytest.raises(NotSent):
        telling.mail(request, Words("It came."), now_ms())
    assert recipients(subject) == []
