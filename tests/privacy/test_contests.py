"""An instruction that infringes the law is contested: the controller hears of it at once, and it waits until they have spoken (Art. 28(3) GDPR)."""

from __future__ import annotations

import email
import io
import json
from collections.abc import Iterator
from email.policy import default
from typing import Any
from uuid import uuid4

import pypdf
import pytest
from django.core.management import call_command
from django.test import Client

from tests.api.conftest import Api
from tests.mail_server import Kept, run_mail_server
from troth.intake.commands import Identify, Identity
from troth.intake.door import apply
from troth.kernel.clock import HOUR, MINUTE, now_ms
from troth.kernel.personal_data import Subject
from troth.messages.configured import Unusable, add_channel, forget_routes, routes_for
from troth.messages.controls import CONTESTED, ControlInvalid, let_go, read_controls, stop_sending
from troth.people.lookup import find_person
from troth.privacy.checks import check_requests
from troth.privacy.contested import Contested
from troth.privacy.contests.contesting import contest_entry, settle
from troth.privacy.contests.telling import tell_due
from troth.privacy.desk import cases
from troth.privacy.desk.steps import Said, Step, take_step
from troth.privacy.history import By, read_history
from troth.privacy.models import PrivacyRequest, RequestState, RequestType, RetentionRun
from troth.privacy.models.contests import ContestedInstruction
from troth.privacy.models.opendsr import OpendsrCase, OpendsrRequest
from troth.privacy.opendsr.instructions import carry_out_due
from troth.privacy.retention.rules import save_rule
from troth.privacy.retention.running import run_next, run_now
from troth.workspaces.audit import read_entries, record_access
from troth.workspaces.keys import create_key
from troth.workspaces.models import Member, User, Workspace

BY = By("console", 1, "owner")
WHY = "Art. 9: health data, without any exception of paragraph 2."


@pytest.fixture
def post(settings: Any) -> Iterator[Kept]:
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        yield kept


@pytest.fixture
def agency(workspace: Any) -> Workspace:
    """A workspace that processes for a controller who reads German."""
    call_command(
        "workspace_role", str(workspace.pk), processes_for="Acme SARL", contact="dpo@acme.example", language="de", stdout=io.StringIO()
    )
    return Workspace.objects.get(pk=workspace.pk)


@pytest.fixture
def member(agency: Workspace) -> Client:
    user = User.objects.create_user("ada@agency.example", name="Ada")
    Member.objects.create(user=user, workspace=agency, role="owner")
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text_of(mail: tuple[list[str], bytes]) -> tuple[str, str]:
    message = email.message_from_bytes(mail[1], policy=default)
    body = message.get_body(("plain",))
    assert body is not None
    return str(message["Subject"]), str(body.get_content())


def instruct(workspace: Workspace, action: str = "campaign.published", **detail: Any) -> int:
    record_access(workspace.pk, user_id=1, role="owner", action=action, at=now_ms(), detail=detail)
    return read_entries(workspace.pk, limit=1)[0].entry_id


def place(workspace: Workspace, rest: str = "") -> str:
    return f"/console/{workspace.pk}/agreements/instructions{rest}"


def asked_by_controller(workspace: Workspace) -> PrivacyRequest:
    """A restriction that came over OpenDSR, to be carried out by itself."""
    now = now_ms()
    common = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
    apply([Identify(identity=Identity(external_id="dana"), attributes={"email": "dana@example.com"}, **common)], now=now)
    subject: Subject = find_person(workspace.pk, "dana")
    request = cases.open_request(subject, RequestType.RESTRICTION, by=By("opendsr"), now=now)
    row = OpendsrRequest.objects.create(
        workspace_id=workspace.pk,
        subject_request_id=uuid4(),
        key_id=1,
        version="2.0",
        body_tag=b"",
        type="restriction",
        regulation="gdpr",
        submitted_at=now,
        received_at=now,
        expected_at=now,
        status="pending",
        carry_out_at=now + 15 * MINUTE,
    )
    request.identity = "login"
    request.save(update_fields=["identity"])
    OpendsrCase.objects.create(case=request, request=row)
    return request


def test_a_member_contests_what_was_published_the_controller_is_mailed_in_its_language_and_nothing_goes_out(
    agency: Workspace, member: Client, post: Kept
) -> None:
    entry = instruct(agency, campaign=7, name="Hearts")
    assert "Contest…" in member.get(place(agency)).content.decode()
    asked = place(agency, f"/{entry}/contest")
    assert "it waits: nothing of it is carried out" in member.get(asked).content.decode()
    assert member.post(asked, {"reason": " "}).status_code == 422 and post.mails == []
    assert member.post(asked, {"reason": WHY}).status_code == 303
    [mail] = post.mails
    subject, text = text_of(mail)
    assert mail[0] == ["dpo@acme.example"] and subject.startswith("Eine Weisung verstößt nach unserer Auffassung gegen das Recht")
    assert "Art. 28 Abs. 3" in text and WHY in text and "Ada" in text and "Kampagne 7 “Hearts”" in text and "Bis zu Ihrer Antwort" in text
    page = member.get(place(agency)).content.decode()
    assert WHY in page and "waits for the controller" in page and "ada@agency.example" in page
    assert read_controls()[agency.pk, "campaign:7"].why == CONTESTED
    with pytest.raises(ControlInvalid, match="contested"):
        let_go(agency.pk, "campaign:7", now=now_ms())
    stop_sending(agency.pk, "campaign:7", now=now_ms(), by="ada")
    assert read_controls()[agency.pk, "campaign:7"].why == CONTESTED, "nobody takes the mark off"
    assert member.post(asked, {"reason": WHY}).status_code == 422, "once"
    own = ContestedInstruction.objects.get()
    answer = place(agency, f"/contests/{own.pk}/answer")
    assert WHY in member.get(answer).content.decode()
    assert member.post(answer, {"outcome": "confirmed", "said": "Mme Roux, by mail: Art. 9(2)(a)."}).status_code == 303
    assert read_controls()[agency.pk, "campaign:7"].stopped_at is None
    acts = [(one.action, one.reason) for one in read_entries(agency.pk) if one.action.startswith("instruction.")]
    assert acts == [("instruction.settled", ""), ("instruction.contested", WHY)]
    pdf = member.get(place(agency, "/pdf")).content
    told = " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages).split())
    assert (
        "Contested as infringing the law" in told
        and "health data" in told
        and "confirmed: Mme Roux" in told
        and "published a campaign" in told
    )


def test_what_is_withdrawn_stays_stopped_until_somebody_lets_it_go(agency: Workspace, post: Kept) -> None:
    api = Api(create_key(agency, "api", scopes=frozenset({"registers:write", "reports:read"})))
    entry = str(instruct(agency, "newsletter.started", newsletter=3))
    listed = api.json("GET", "/instructions")
    assert listed[0]["id"] == entry and listed[0]["detail"] == {"newsletter": 3}
    own = api.json("POST", "/contested-instructions", {"entry": entry, "reason": WHY}, status=201)
    assert (own["waits"], own["trouble"], own["outcome"]) == ("newsletter:3", "", "") and own["told_at"] and len(post.mails) == 1
    api.json("POST", "/contested-instructions", {"entry": "123", "reason": WHY}, status=404)
    api.json("POST", "/contested-instructions", {"reason": WHY}, status=422)
    settled = api.json("POST", f"/contested-instructions/{own['id']}/answer", {"outcome": "withdrawn", "said": "By telephone."})
    assert settled["outcome"] == "withdrawn" and api.json("GET", "/contested-instructions") == [settled]
    control = read_controls()[agency.pk, "newsletter:3"]
    assert control.stopped_at and control.why == "by_hand" and let_go(agency.pk, "newsletter:3", now=now_ms())
    other = Workspace.objects.create(account=agency.account, name="Other")
    stranger = Api(create_key(other, "api", scopes=frozenset({"registers:write", "reports:read"})))
    assert stranger.json("GET", "/contested-instructions") == []
    stranger.json("POST", f"/contested-instructions/{own['id']}/answer", {"outcome": "confirmed", "said": "x"}, status=404)


def test_a_request_of_the_controller_waits_by_every_door_and_goes_on_when_it_is_confirmed(agency: Workspace, post: Kept) -> None:
    request = asked_by_controller(agency)
    call_command("privacy_instructions", str(agency.pk), contest=str(request.pk), why=WHY, stdout=io.StringIO())
    assert "Einschränkung der Verarbeitung" in text_of(post.mails[0])[1] and agency.name in text_of(post.mails[0])[1]
    with pytest.raises(Contested, match="waits until the controller"):
        take_step(request, Step.CARRY_OUT, Said(), by=BY, now=now_ms())
    carry_out_due(now_ms() + HOUR)
    assert PrivacyRequest.objects.get().state == RequestState.RECEIVED
    told = io.StringIO()
    call_command("privacy_instructions", str(agency.pk), stdout=told)
    assert "contested, waits: carry out the request" in told.getvalue() and WHY in told.getvalue()
    own = ContestedInstruction.objects.get()
    call_command(
        "privacy_instructions",
        str(agency.pk),
        answer=own.pk,
        outcome="confirmed",
        said="By letter.",
        json=True,
        stdout=(told := io.StringIO()),
    )
    assert json.loads(told.getvalue())["contested"][0]["outcome"] == "confirmed"
    carry_out_due(now_ms() + MINUTE)
    assert PrivacyRequest.objects.get().state == RequestState.EXECUTING or PrivacyRequest.objects.get().state == RequestState.DONE
    acts = [step.act for step in read_history(request)]
    assert acts.index("contest") < acts.index("contest_settled") < acts.index("carry_out")


def test_a_request_that_the_controller_withdraws_is_closed_and_one_that_is_changed_is_for_members(
    agency: Workspace, member: Client, post: Kept
) -> None:
    request = asked_by_controller(agency)
    desk = f"/console/{agency.pk}/desk/{request.pk}"
    assert "Say that it infringes the law…" in member.get(desk).content.decode()
    assert member.post(place(agency, f"/requests/{request.pk}/contest"), {"reason": WHY}).status_code == 303
    assert "This instruction is contested" in member.get(desk).content.decode()
    own = ContestedInstruction.objects.get()
    assert member.post(place(agency, f"/contests/{own.pk}/answer"), {"outcome": "withdrawn", "said": "Taken back."}).status_code == 303
    assert PrivacyRequest.objects.get().state == RequestState.WITHDRAWN and OpendsrRequest.objects.get().carry_out_at is None
    assert member.get(place(agency, "/requests/00000000-0000-4000-8000-000000000000/contest")).status_code == 404
    assert member.get(place(agency, "/contests/77777/answer")).status_code == 404


def test_a_schedule_of_retention_does_not_run_while_its_instruction_is_contested(agency: Workspace, post: Kept) -> None:
    now = now_ms()
    fields = {"title": "A year", "period": "P1Y", "trigger": "age", "target": "attribute", "name": "plan", "is_active": True}
    rule = save_rule(agency.pk, fields, now=now)
    own = contest_entry(agency.pk, instruct(agency, "retention.saved", schedule=rule.pk, active=True), WHY, by=BY, now=now)
    assert not run_next(now + HOUR) and not RetentionRun.objects.exists()
    with pytest.raises(Contested):
        run_now(rule, now)
    call_command("privacy_instructions", str(agency.pk), answer=own.pk, outcome="changed", said="Two years.", stdout=io.StringIO())
    rule.refresh_from_db()
    assert not rule.is_active
    save_rule(agency.pk, {"is_active": True}, now=now, rule=rule)
    assert run_now(rule, now).ended_at


def test_messages_wait_for_a_channel_whose_instruction_is_contested_and_it_is_used_no_more_when_that_is_withdrawn(
    agency: Workspace, member: Client, post: Kept
) -> None:
    now = now_ms()
    settings = {"account_sid": "AC", "auth_token": "t", "sender": "Acme", "api_url": "https://127.0.0.1:1"}
    channel = add_channel(agency.pk, "twilio", settings, now=now)
    own = contest_entry(agency.pk, instruct(agency, "channel.added", channel=channel.pk, name="Twilio"), WHY, by=BY, now=now)
    forget_routes()
    held = routes_for(agency.pk, "sms")[0].channel
    assert isinstance(held, Unusable) and "contested" in held.fault
    room = f"/console/{agency.pk}/channels/{channel.pk}"
    assert "Its instruction is contested" in member.get(room).content.decode()
    settle(own, "confirmed", "By telephone.", by=BY, now=now)
    forget_routes()
    assert not isinstance(routes_for(agency.pk, "sms")[0].channel, Unusable)
    again = contest_entry(agency.pk, instruct(agency, "channel.edited", channel=channel.pk, name="Twilio"), WHY, by=BY, now=now)
    settle(again, "withdrawn", "By telephone.", by=BY, now=now)
    channel.refresh_from_db()
    assert not channel.is_active


def test_who_cannot_be_told_yet_is_told_as_soon_as_it_is_possible_and_a_controllers_own_owners_are_told_in_theirs(
    agency: Workspace, settings: Any
) -> None:
    now = now_ms()
    Workspace.objects.filter(pk=agency.pk).update(controller_contact="")
    own = contest_entry(agency.pk, instruct(agency, "purpose.created", purpose="x"), WHY, by=BY, now=now)
    assert own.waits == "" and not tell_due(now)
    own.refresh_from_db()
    assert (own.trouble, own.told_at) == ("no_contact", None)
    is_good, says = check_requests(now + HOUR)
    assert not is_good and "1 contested instructions of which the controller was not told" in says and check_requests(now + MINUTE)[0]
    user = User.objects.create_user("olivia@example.com", name="Olivia", locale="fr_FR")
    Member.objects.create(user=user, workspace=agency, role="owner")
    Workspace.objects.filter(pk=agency.pk).update(processes_for="")
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        tell_due(now + 20 * MINUTE)
        assert kept.mails[0][0] == ["olivia@example.com"] and "Elle a été exécutée lorsqu’elle a été donnée" in text_of(kept.mails[0])[1]
        tell_due(now + HOUR)
        assert len(kept.mails) == 1, "once"
    own.refresh_from_db()
    assert own.told_at == now + 20 * MINUTE and own.trouble == ""
