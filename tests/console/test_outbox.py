"""The outbox: every message, narrowed and paged; one message with its body, its headers, and why."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from tests.console.test_campaigns import DRAFT
from tests.console.test_people import know, read
from tests.members import join
from troth.campaigns.editing import create_campaign
from troth.campaigns.publishing import publish_campaign
from troth.console.outbox import reading
from troth.content.models import Template
from troth.kernel.clock import DAY, now_ms
from troth.messages.models import Engagement, FetchCount, Message
from troth.workspaces.models import AuditEntry

NUMBERS = iter(range(1, 10_000))
VERDICT = {
    "allow": False,
    "purpose": "marketing_email",
    "operation": "hand_over",
    "at": 1_700_000_000_000,
    "basis": "",
    "reason": "withdrawn",
}
RENDERED = {
    "subject": "Hello Dana",
    "html": "<p style='color:teal'>Your plan</p><img src=https://a.example/x.gif>",
    "text": "Your plan, plain",
    "headers": [["Subject", "Hello Dana"], ["Message-ID", "<1@example.com>"]],
}


@pytest.fixture
def marketer(workspace: Any) -> Client:
    return join(workspace, "marketer")


def put(workspace: Any, subject: Any, **changes: Any) -> Message:
    """A message as the queue keeps it."""
    number = next(NUMBERS)
    template = Template.objects.create(workspace_id=workspace.pk, subject=f"Subject {number}", html="", text="")
    fields = {
        "source": "campaign:1",
        "state": "sent",
        "created_at": number * 1_000,
        "rendered": None,
        "decisions": [],
        "reason": "",
        "recipient": "",
    } | changes
    return Message.objects.create(
        bucket=subject.bucket,
        person_id=subject.person_id,
        message_id=number,
        workspace_id=workspace.pk,
        occurrence=number,
        channel="email",
        purpose="marketing_email",
        is_marketing=True,
        template_id=template.pk,
        due_at=fields["created_at"],
        **fields,
    )


def subjects(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a[^>]*>([^<]+)</a>', page)


@pytest.mark.parametrize("query", ["", "source=campaign:1", "state=sent", "source=campaign:1&state=sent", "person=user-1"])
def test_the_newest_come_first_and_each_message_comes_once(marketer: Client, workspace: Any, monkeypatch: Any, query: str) -> None:
    monkeypatch.setattr(reading, "SHOWN", 3)
    subject = know(workspace, "user-1")
    made = [put(workspace, subject, created_at=1_000 * (number // 2)) for number in range(8)]
    seen, path = [], f"outbox?{query}"
    while path:
        page = read(marketer, workspace, path)
        seen += [int(found) for found in re.findall(r'/outbox/(\d+)">', page)]
        older = re.search(r'href="(\?[^"]*)" rel="next"', page)
        path = f"outbox{older[1].replace('&amp;', '&')}" if older else ""
    assert seen == [one.message_id for one in sorted(made, key=lambda one: (one.created_at, one.message_id), reverse=True)]


def test_the_list_is_narrowed_by_state_campaign_person_and_day(marketer: Client, workspace: Any) -> None:
    dana, emil = know(workspace, "dana"), know(workspace, "emil")
    sent = put(workspace, dana, source="campaign:1", created_at=10 * DAY)
    skipped = put(workspace, emil, source="campaign:2", state="skipped", reason="marketing_email:withdrawn", created_at=20 * DAY)
    for query, expected in {
        "state=skipped": skipped,
        "source=campaign:1": sent,
        "person=emil": skipped,
        "to=1970-01-12": sent,
        "from=1970-01-20&source=campaign:2": skipped,
    }.items():
        assert re.findall(r'/outbox/(\d+)">', read(marketer, workspace, f"outbox?{query}")) == [str(expected.message_id)], query
    assert "consent withdrawn" in read(marketer, workspace, "outbox")
    assert "There is no such state" in read(marketer, workspace, "outbox?state=lost")
    assert "Nobody in this workspace" in read(marketer, workspace, "outbox?person=nobody")


def test_a_message_shows_what_was_sent_and_why(marketer: Client, workspace: Any) -> None:
    subject = know(workspace, "dana", email="dana@example.com")
    made = put(
        workspace,
        subject,
        rendered=RENDERED,
        recipient="dana@example.com",
        decisions=[VERDICT | {"allow": True, "basis": "consent", "reason": ""}],
    )
    page = read(marketer, workspace, f"outbox/{made.message_id}")
    for expected in ("Hello Dana", "dana@example.com", "on the basis of consent", "marketing email", f"outbox/{made.message_id}/body"):
        assert expected in page, expected
    assert "Your plan, plain" in read(marketer, workspace, f"outbox/{made.message_id}?part=text")
    assert "Message-ID: &lt;1@example.com&gt;" in read(marketer, workspace, f"outbox/{made.message_id}?part=headers")
    assert {entry.person_id for entry in AuditEntry.objects.filter(action="message.read")} == {subject.person_id}


def test_the_body_is_shown_without_foreign_pictures_and_under_a_policy_of_its_own(marketer: Client, workspace: Any) -> None:
    made = put(workspace, know(workspace, "dana"), rendered=RENDERED)
    answer = marketer.get(f"/console/{workspace.pk}/outbox/{made.message_id}/body")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert "a.example" not in answer.content.decode()
    assert "color:teal" in answer.content.decode()


@pytest.mark.parametrize(
    ("state", "reason", "says"),
    [("queued", "", "Not written yet"), ("sent", "", "The body is gone"), ("skipped", "marketing_email:withdrawn", "Nothing was sent")],
)
def test_a_message_without_a_body_says_why(marketer: Client, workspace: Any, state: str, reason: str, says: str) -> None:
    made = put(workspace, know(workspace, "dana"), state=state, reason=reason, decisions=[VERDICT])
    page = read(marketer, workspace, f"outbox/{made.message_id}")
    assert says in page
    assert "consent withdrawn" in page
    assert marketer.get(f"/console/{workspace.pk}/outbox/{made.message_id}/body").status_code == 404


def test_a_message_of_another_workspace_is_not_found_and_a_viewer_sees_none(marketer: Client, workspace: Any) -> None:
    from troth.workspaces.registry import create_workspace

    other = create_workspace("Other").workspace
    made = put(other, know(other, "dana"))
    assert marketer.get(f"/console/{workspace.pk}/outbox/{made.message_id}").status_code == 404
    assert join(workspace, "viewer").get(f"/console/{workspace.pk}/outbox").status_code == 403


def test_the_headers_are_kept_as_they_were_sent(workspace: Any, tmp_path: Any, settings: Any) -> None:
    from troth.content.email_template import RenderedEmail
    from troth.messages.mail import build_mail, headers_of

    mail = build_mail(
        RenderedEmail(subject="Grüße", html="<p>x</p>", text="x"),
        sender="Acme <news@example.com>",
        recipient="dana@example.com",
        message_id=7,
        list_unsubscribe_url="https://example.com/u/token",
        date=now_ms(),
    )
    headers = dict(headers_of(mail))
    assert headers["Subject"] == "Grüße"
    assert headers["List-Unsubscribe"] == "<https://example.com/u/token>"
    assert headers["Message-ID"] == "<7@example.com>"


def note(message: Message, kind: str, link: str = "", **counts: Any) -> None:
    keys = {name: getattr(message, name) for name in ("bucket", "person_id", "message_id", "workspace_id", "source")}
    Engagement.objects.create(**keys, kind=kind, link=link, **{"measured_at": 1, **counts})


def test_a_message_shows_that_it_was_opened_by_whom_and_what_was_followed(marketer: Client, workspace: Any) -> None:
    message = put(workspace, know(workspace, "dana"), rendered=RENDERED)
    url = f"/console/{workspace.pk}/outbox/{message.message_id}"
    assert "Opened and followed" not in marketer.get(url).content.decode()
    note(message, "open", times=2, first_at=1_700_000_000_000, last_at=1_700_000_000_000, machine_times=1, machine="apple_mail_privacy")
    note(message, "click", "https://shop.example/a", times=1, first_at=1_700_000_000_000, last_at=1_700_000_000_000)
    page = marketer.get(url).content.decode()
    assert "Opened 2 times" in page
    assert "apple mail privacy 1×" in page.lower()
    assert "https://shop.example/a" in page


def test_a_campaign_tells_how_its_mail_was_received_and_counts_no_machine(marketer: Client, workspace: Any) -> None:
    made = create_campaign(workspace.pk, **{**DRAFT, "conditions": None})
    publish_campaign(made)
    for number, (times, machine_times) in enumerate([(3, 0), (0, 2), (0, 0)]):
        message = put(workspace, know(workspace, f"dana{number}"), source=f"campaign:{made.pk}")
        note(message, "open", times=times, machine_times=machine_times)
        note(message, "click")
    note(message, "click", "https://shop.example/a", times=1)
    FetchCount.objects.create(workspace_id=workspace.pk, source=f"campaign:{made.pk}", day=now_ms() // DAY, is_machine=False, times=3)
    note(message, "click", "https://shop.example/b", machine_times=2)
    page = marketer.get(f"/console/{workspace.pk}/campaigns/{made.pk}").content.decode()
    assert "of 3 mails whose persons agreed to be measured; 1 more by machines only, not counted" in page
    assert "https://shop.example/a" in page
    assert "fewer than 5" in page


def test_what_was_opened_and_followed_is_drawn_day_by_day_with_what_may_be_noted_at_all(marketer: Client, workspace: Any) -> None:
    made = create_campaign(workspace.pk, **{**DRAFT, "conditions": None})
    publish_campaign(made)
    now = now_ms()
    dana, erin, _finn = (
        put(workspace, know(workspace, name), source=f"campaign:{made.pk}", created_at=now) for name in ("dana", "erin", "finn")
    )
    for message, counts in (
        (dana, {"times": 2, "first_at": now, "machine_times": 1, "machine_at": now}),
        (erin, {"machine_times": 1, "machine_at": now}),
    ):
        note(message, "open", measured_at=now, **counts)
    note(dana, "click", measured_at=now)
    for link in "ab":
        note(dana, "click", f"https://shop.example/{link}", measured_at=now, times=1, first_at=now - DAY)
    for day, times in ((0, 6), (1, 2)):
        FetchCount.objects.create(
            workspace_id=workspace.pk, source=f"campaign:{made.pk}", day=now // DAY - day, is_machine=False, times=times
        )
    page = marketer.get(f"/console/{workspace.pk}/campaigns/{made.pk}").content.decode()
    assert last_days(page, "Mails opened, per day") == [["0", "0", "0"], ["1", "1", "6"]]
    assert last_days(page, "Mails with a link followed, per day") == [["1", "0"], ["0", "0"]]
    assert last_days(page, "Mails sent, and those whose persons agreed") == [["0", "0", "0"], ["3", "2", "1"]]
    assert "fewer than 5 pictures" in page


def last_days(page: str, title: str) -> list[list[str]]:
    """The last two rows of a chart's table."""
    table = page.split(f'<span class="title">{title}</span>')[1].split("</table>")[0]
    return [re.findall(r'<td class="num">(\d+)</td>', row) for row in table.split("<tr>")[-2:]]
