"""Drafts tried over the control API and by command: what somebody would get, whether they would get it, and a test to a member."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.mail_server import Kept, run_mail_server
from troth.campaigns.trials import NotAMember
from troth.kernel.personal_data import Subject
from troth.privacy.disclosures.reading import export_disclosures, list_disclosures
from troth.privacy.models.disclosures import RecipientNotice
from troth.workspaces.audit import read_entries
from troth.workspaces.keys import create_key
from troth.workspaces.models import Member, Role, User

NEWS = {
    "name": "Weekly",
    "purpose": "service",
    "variants": [
        {"key": "A", "subject": "News for {{ person.plan | default: 'you' }}", "html": "<p>Hello {{ person.email }}</p>"},
        {"key": "B", "subject": "Other news", "html": "<p>Hi</p>"},
    ],
}


@pytest.fixture
def mail_server(settings: Any) -> Iterator[Kept]:
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        yield kept


@pytest.fixture
def member(alice: Any) -> str:
    user = User.objects.create_user("mary@example.com")
    Member.objects.create(user=user, workspace=alice.workspace, role=Role.MARKETER)
    return "mary@example.com"


def run(*words: str, **options: Any) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out, **options)
    return out.getvalue()


def make(alice: Any, **fields: Any) -> int:
    return int(alice.api.json("POST", "/newsletters", {**NEWS, **fields}, status=201)["id"])


def test_a_newsletter_is_shown_as_a_real_or_made_up_person_gets_it_and_whether_they_would(alice: Any) -> None:
    news = f"/newsletters/{make(alice)}/preview"
    real = alice.api.json("POST", news, {"person": alice.email})
    assert f"Hello {alice.email}" in real["text"] and real["would_get_it"] and real["why_not"] == ""
    assert "plan" in [one["name"] for one in real["reads"] if one["covered"]]
    made_up = alice.api.json("POST", news, {"made_up": {"plan": "gold"}})
    assert made_up["subject"] == "News for gold" and made_up["would_get_it"] is None
    assert alice.api.json("POST", news, {"variant": "B"})["subject"] == "Other news"
    assert alice.api.json("POST", news, {"variant": "Z"}, status=400)["path"] == "$.variant"
    assert alice.api.json("POST", news, {"person": "nobody@example.com"}, status=404)["code"] == "not_found"


def test_why_somebody_would_not_get_it_is_told(alice: Any) -> None:
    denied = alice.api.json("POST", f"/newsletters/{make(alice, purpose='marketing_email')}/preview", {"person": alice.email})
    assert denied["would_get_it"] is False and denied["why_not"] == "marketing_email: withdrawn"
    nobody = alice.api.json("POST", "/segments", {"name": "None", "definition": {"tag": "none"}, "purpose": "service"}, status=201)
    outside = alice.api.json("POST", f"/newsletters/{make(alice, segment_id=nobody['id'])}/preview", {"person": alice.email})
    assert outside["why_not"] == "segment: not in it"


def test_what_cannot_be_rendered_is_told_with_its_place(alice: Any) -> None:
    broken = make(alice, variants=[{"key": "A", "subject": "s", "html": "<p>\n{% if %}</p>"}])
    told = alice.api.json("POST", f"/newsletters/{broken}/preview", {})
    assert told["html"] == "" and "html, line 2" in told["faults"][0] and told["would_get_it"] is None
    assert "html, line 2" in alice.api.json("POST", f"/newsletters/{broken}/test", {"to": "a@example.com"}, status=409)["message"]


def test_a_campaign_is_tried_with_an_event_and_held_against_its_conditions(alice: Any) -> None:
    body = {
        "name": "Receipt",
        "trigger_event": "Bought",
        "purpose": "service",
        "conditions": {"property": "total", "op": "greater", "value": 10},
        "subject": "You paid {{ event.properties.total }}",
        "html": "<p>Thanks</p>",
    }
    path = f"/campaigns/{alice.api.json('POST', '/campaigns', body, status=201)['id']}/preview"
    assert alice.api.json("POST", path, {"made_up": {}, "properties": {"total": 12}})["subject"] == "You paid 12"
    small = alice.api.json("POST", path, {"person": alice.email, "properties": {"total": 2}})
    assert small["subject"] == "You paid 2" and small["why_not"] == "conditions: not met"
    assert alice.api.json("POST", path, {"person": alice.email, "properties": {"total": 20}})["would_get_it"]


def test_a_look_at_somebody_needs_a_key_that_may_read_people(alice: Any) -> None:
    news = make(alice)
    alice.api.key = create_key(alice.workspace, "api", scopes=frozenset({"campaigns:write"}))
    assert alice.api.json("POST", f"/newsletters/{news}/preview", {"made_up": {"plan": "x"}})["subject"] == "News for x"
    refused = alice.api.json("POST", f"/newsletters/{news}/preview", {"person": alice.email}, status=403)
    assert "people:read" in refused["message"]


def test_a_test_reaches_a_member_of_the_workspace_and_nobody_else(alice: Any, member: str, mail_server: Kept) -> None:
    path = f"/newsletters/{make(alice)}/test"
    assert alice.api.json("POST", path, {"to": member, "variant": "B"}) == {"subject": "Other news"}
    ((recipients, raw),) = mail_server.mails
    assert recipients == [member]
    assert message_from_bytes(raw, policy=policy.default)["Subject"] == "[Test] Other news"
    for stranger in (alice.email, "charlie@example.com"):
        assert alice.api.json("POST", path, {"to": stranger}, status=400)["path"] == "$.to"
    assert len(mail_server.mails) == 1


def test_a_test_as_a_real_person_stands_in_their_log_of_recipients_with_who_holds_the_mail(
    alice: Any, member: str, mail_server: Kept
) -> None:
    news, person = make(alice), Subject(alice.workspace.pk, int(alice.person_id))
    before = len(list_disclosures(person))
    alice.api.json("POST", f"/newsletters/{news}/test", {"to": member, "made_up": {"plan": "gold"}})
    assert len(list_disclosures(person)) == before, "somebody made up has no data that could leave"
    for _ in range(2):
        alice.api.json("POST", f"/newsletters/{news}/test", {"to": member, "person": alice.email})
    run("newsletter_test", str(alice.workspace.pk), str(news), to=member, person=alice.email)
    server, mailbox = [row for row in export_disclosures(person) if row["purpose"] == "mail_test"]
    assert server["recipient"].startswith("mail server ") and mailbox["recipient"] == "a member's mailbox at example.com"
    assert {(row["times"], row["legal_basis"], *row["data"]) for row in (server, mailbox)} == {
        (3, "legitimate_interest", "what the message says")
    }
    assert "mary" not in str([server, mailbox]), "who of the company it was is not theirs to know"
    request = alice.api.json("POST", f"/people/{alice.email}/erasure", status=202)["id"]
    told = {notice.name for notice in RecipientNotice.objects.filter(request_id=request)}
    assert "a member's mailbox at example.com" in told, "the member is asked to delete it (Art. 19)"


def test_as_whom_a_key_tries_a_draft_stands_in_the_audit_log(alice: Any, member: str, mail_server: Kept) -> None:
    news, template = make(alice), f"/templates/{alice.template_key}/preview"
    for path, body in (
        (f"/newsletters/{news}/preview", {}),
        (f"/newsletters/{news}/test", {"to": member}),
        (f"/campaigns/{alice.campaign_id}/test", {"to": member}),
        (template, {}),
    ):
        alice.api.json("POST", path, {**body, "person": alice.email})
    told = [(entry.action, str(entry.person_id)) for entry in read_entries(alice.workspace.pk, limit=4)]
    actions = ("template.previewed", "campaign.test_sent", "newsletter.test_sent", "newsletter.previewed")
    assert told == [(action, alice.person_id) for action in actions]
    alice.api.json("POST", f"/newsletters/{news}/preview", {"made_up": {"plan": "gold"}})
    assert read_entries(alice.workspace.pk, limit=1)[0].person_id == 0


def test_the_commands_show_and_send_the_same(alice: Any, member: str, mail_server: Kept, tmp_path: Path) -> None:
    ws, news = str(alice.workspace.pk), str(make(alice))
    shown = run("newsletter_preview", ws, news, person=alice.email)
    assert f"Hello {alice.email}" in shown and "would get it now" in shown
    made_up = tmp_path / "person.json"
    made_up.write_text(json.dumps({"plan": "gold"}))
    assert run("newsletter_preview", ws, news, made_up=str(made_up), part="subject").strip() == "News for gold"
    assert "Sent to mary@example.com" in run("newsletter_test", ws, news, to=member, variant="B")
    campaign = str(alice.campaign_id)
    assert "--- subject" in run("campaign_preview", ws, campaign, person=alice.email)
    assert "Sent to" in run("campaign_test", ws, campaign, to=member)
    assert len(mail_server.mails) == 2
    with pytest.raises(NotAMember):
        run("newsletter_test", ws, news, to="stranger@example.com")
