"""What persons ask of a processor reaches the controller within 48 hours, and whoever is late hears of it."""

from __future__ import annotations

import email
import json
from collections.abc import Iterator
from email.policy import default
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from planted import DANA

from tests.mail_server import Kept, run_mail_server
from troth.kernel.clock import HOUR, now_ms
from troth.kernel.personal_data import Subject
from troth.privacy.checks import check_requests
from troth.privacy.desk import cases
from troth.privacy.desk.forwarding import SOON_BEFORE, WITHIN, forward_due, forwarding_of
from troth.privacy.desk.links import make_data_token
from troth.privacy.desk.requesters import take_request
from troth.privacy.desk.steps import How, Said, Step, take_step
from troth.privacy.disclosures.reading import list_disclosures
from troth.privacy.history import By, read_history
from troth.privacy.models import PrivacyRequest, RequestType
from troth.privacy.models.forwarding import Forwarding
from troth.workspaces.models import Workspace

CONTROLLER = "dpo@acme.example"
BY = By("console", 7, "owner")


@pytest.fixture
def post(settings: Any) -> Iterator[Kept]:
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        yield kept


@pytest.fixture
def processor(dana: Subject) -> Workspace:
    """Dana's workspace processes for somebody else."""
    workspace = Workspace.objects.get(pk=dana.workspace_id)
    workspace.processes_for, workspace.controller_contact, workspace.privacy_contact = "Acme SARL", CONTROLLER, "desk@agency.example"
    workspace.save()
    return workspace


def text_of(mail: tuple[list[str], bytes]) -> str:
    body = email.message_from_bytes(mail[1], policy=default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def ask(dana: Subject, right: RequestType = RequestType.ACCESS, **more: Any) -> PrivacyRequest:
    return cases.open_request(dana, right, by=BY, now=now_ms(), **more)


def test_the_controller_gets_at_once_who_asks_for_what_and_their_words(dana: Subject, processor: Workspace, post: Kept) -> None:
    request = ask(dana, words="Everything since May, please.")
    forward_due(now_ms())
    [mail] = post.mails
    assert mail[0] == [CONTROLLER]
    told = text_of(mail)
    assert DANA["email"] in told and "access" in told and "Everything since May" in told and str(request.pk) in told
    own = forwarding_of(request)
    assert own and own.forwarded_at and own.how == "mail" and own.next_at is None
    assert [(step.act, step.facts) for step in read_history(request)][-1] == ("forward", {"how": "mail"})
    assert "privacy_rights" in {row.basis for row in list_disclosures(dana)}, "who carried the mail is noted"
    forward_due(now_ms() + HOUR)
    assert len(post.mails) == 1, "once"


def test_whoever_is_not_on_file_is_passed_on_by_the_address_that_they_wrote_from(processor: Workspace, post: Kept) -> None:
    take_request(processor.pk, RequestType.ERASURE, told={}, address="nobody@example.com", by=BY, now=now_ms(), words="Erase me.")
    forward_due(now_ms())
    assert "nobody@example.com" in text_of(post.mails[0]) and "Erase me." in text_of(post.mails[0])


def test_what_the_controller_asks_itself_and_what_a_controllers_workspace_gets_is_not_passed_on(
    dana: Subject, processor: Workspace
) -> None:
    cases.open_request(dana, RequestType.ACCESS, by=By("opendsr"), now=now_ms())
    processor.processes_for = ""
    processor.save()
    ask(dana)
    assert not Forwarding.objects.exists()


def test_without_an_address_members_are_told_before_the_time_is_over_and_after_it_each_once(
    dana: Subject, processor: Workspace, post: Kept
) -> None:
    processor.controller_contact = ""
    processor.save()
    request, now = ask(dana), now_ms()
    forward_due(now)
    assert post.mails == [] and check_requests(now)[0]
    for at in (now + WITHIN - SOON_BEFORE + 1_000, now + WITHIN - HOUR, now + WITHIN + 1_000, now + WITHIN + HOUR):
        forward_due(at)
    assert post.mails[0][0] == ["desk@agency.example"] and "Until " in text_of(post.mails[0])
    assert "OVER" in text_of(post.mails[1]) and str(request.pk) in text_of(post.mails[1])
    assert len([mail for mail in post.mails if mail[0] == ["desk@agency.example"]]) == 2
    assert not any(DANA["email"] in text_of(mail) for mail in post.mails)
    is_good, says = check_requests(now + WITHIN + HOUR)
    assert not is_good and "1 not passed on to the controller" in says
    take_step(request, Step.FORWARD, Said(text="By telephone."), by=BY, now=now)
    assert check_requests(now + WITHIN + HOUR)[0]
    own = forwarding_of(request)
    assert own and own.how == "otherwise"


def test_mail_that_does_not_leave_is_tried_again(dana: Subject, processor: Workspace, settings: Any) -> None:
    settings.TROTH_EMAIL_URL = "smtp://127.0.0.1:1"
    request, now = ask(dana), now_ms()
    forward_due(now)
    own = forwarding_of(request)
    assert own and own.forwarded_at is None and own.next_at and now < own.next_at <= now + HOUR
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        forward_due(own.next_at)
        assert len(kept.mails) == 1


def test_an_erasure_from_my_data_waits_for_the_controller_and_an_objection_counts_at_once(dana: Subject, processor: Workspace) -> None:
    page = f"/my/{make_data_token(dana, DANA['email'], now_ms())}"
    asked = Client().get(f"{page}/do/erase").content.decode()
    assert "within 48 hours" in asked and "deleted at once" not in asked
    Client().post(f"{page}/do/erase", {"sure": "1"})
    Client().post(f"{page}/do/object")
    states = dict(PrivacyRequest.objects.filter(person_id=dana.person_id, source="page").values_list("type", "state"))
    assert states == {"erasure": "running", "objection": "done"}
    assert Forwarding.objects.count() == 2


def test_a_webhook_that_asks_for_it_is_told(dana: Subject, processor: Workspace) -> None:
    from troth.webhooks.listening import forget_listeners
    from troth.webhooks.models import Delivery, Webhook

    Webhook.objects.create(
        workspace_id=processor.pk,
        name="w",
        url="https://acme.example/in",
        types=["request.received"],
        purpose="service",
        sealed=b"",
        created_at=1,
        changed_at=1,
    )
    forget_listeners()
    request = ask(dana)
    [row] = Delivery.objects.filter(type="request.received")
    facts = row.facts if isinstance(row.facts, dict) else json.loads(row.facts)
    assert (facts, row.ungated) == ({"request_id": str(request.pk), "right": "access"}, True)
    forget_listeners()


def test_it_is_passed_on_once_and_from_the_command_line_too(dana: Subject, processor: Workspace, post: Kept, capsys: Any) -> None:
    from troth.privacy.desk.forwarding import NotForwarded

    request = ask(dana)
    call_command("privacy_step", str(request.pk), "forward", "--mail")
    assert len(post.mails) == 1
    with pytest.raises(NotForwarded):
        take_step(request, Step.FORWARD, Said(how=How.MAIL), by=BY, now=now_ms())


def test_where_the_controller_is_reached_is_said_on_the_command_line(processor: Workspace, capsys: Any) -> None:
    from django.core.management.base import CommandError

    call_command("workspace_role", str(processor.pk), contact="privacy@acme.example")
    assert "Acme SARL, who decides and is reached at privacy@acme.example" in capsys.readouterr().out
    with pytest.raises(CommandError, match="--contact"):
        call_command("workspace_role", str(processor.pk), contact="nonsense")
