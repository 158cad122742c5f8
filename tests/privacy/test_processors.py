"""Processors: proposed, told of, objected to, effective; what is linked to one that is not effective sends nothing."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command

from tests.mail_server import run_mail_server
from troth.kernel.clock import DAY, now_ms
from troth.messages.configured import Unusable, add_channel, routes_for
from troth.privacy.models import Processor
from troth.privacy.processors.history import list_versions
from troth.privacy.processors.register import (
    ProcessorInvalid,
    change_processor,
    end_processor,
    object_to,
    register_processor,
    settle_objection,
    state_of,
    why_held,
)
from troth.privacy.processors.telling import tell_next
from troth.workspaces.models import Member, User

NOW = now_ms()


def propose(workspace: Any, **fields: Any) -> Processor:
    return register_processor(workspace.pk, {"name": "Mailer Ltd", **fields}, in_use=False, now=NOW)


def test_a_proposal_becomes_effective_when_its_window_ends_and_no_objection_stands(workspace: Any) -> None:
    own = propose(workspace)
    assert [state_of(own, NOW + day * DAY) for day in (0, 29, 30)] == ["proposed", "proposed", "effective"]
    object_to(own, "no agreement", now=NOW)
    assert state_of(own, NOW + 31 * DAY) == "objected"
    with pytest.raises(ProcessorInvalid, match="how it was settled"):
        settle_objection(own, " ", now=NOW)
    settle_objection(own, "They signed it.", now=NOW)
    told = [(one.what, one.note) for one in list_versions(own)]
    assert told == [("settled", "They signed it."), ("objected", "no agreement"), ("proposed", "")]
    settle_objection(own, "Again.", now=NOW)
    assert len(list_versions(own)) == 3, "where nobody objects nothing is settled"
    assert state_of(own, NOW + 31 * DAY) == "effective"
    with pytest.raises(ProcessorInvalid, match="its window is over"):
        object_to(own, "too late", now=NOW + 31 * DAY)


def test_one_in_use_is_effective_at_once_and_another_place_is_a_new_proposal(workspace: Any) -> None:
    own = register_processor(workspace.pk, {"name": "Host"}, in_use=True, now=NOW)
    assert state_of(own, NOW) == "effective"
    assert state_of(change_processor(own, {"contact": "Ann"}, now=NOW), NOW) == "effective"
    assert state_of(change_processor(own, {"location": "USA", "transfer_tool": "scc_2"}, now=NOW), NOW) == "proposed"
    end_processor(own, now=NOW)
    assert state_of(own, NOW) == "ended"
    for given, field in (({"name": " "}, "name"), ({"transfer_tool": "x"}, "transfer_tool"), ({"parent_id": own.pk}, "parent_id")):
        own.refresh_from_db()
        with pytest.raises(ProcessorInvalid, match=rf"^\$\.{field}"):
            change_processor(own, given, now=NOW)


def test_a_sub_processor_may_be_used_while_whom_it_acts_for_may(workspace: Any) -> None:
    above = register_processor(workspace.pk, {"name": "Mailer"}, in_use=True, now=NOW)
    register_processor(workspace.pk, {"name": "Relay", "parent_id": above.pk, "channels": [7]}, in_use=True, now=NOW)
    assert why_held(workspace.pk, "channels", 7, NOW) == ""
    change_processor(above, {"location": "USA", "transfer_tool": "scc_2"}, now=NOW)
    assert "Mailer is proposed" in why_held(workspace.pk, "channels", 7, NOW)
    end_processor(above, now=NOW)
    assert "Mailer is ended" in why_held(workspace.pk, "channels", 7, NOW)


def test_a_channel_whose_processor_is_not_effective_holds_its_messages_and_says_why(workspace: Any) -> None:
    settings = {"account_sid": "AC", "auth_token": "t", "sender": "Acme", "api_url": "https://127.0.0.1:1"}
    channel = add_channel(workspace.pk, "twilio", settings, now=NOW)
    assert not isinstance(routes_for(workspace.pk, "sms")[0].channel, Unusable)
    own = propose(workspace, channels=[channel.pk])
    held = routes_for(workspace.pk, "sms")[0].channel
    assert isinstance(held, Unusable)
    assert "Mailer Ltd is proposed" in held.fault
    object_to(own, "no", now=NOW)
    assert "Mailer Ltd is objected" in why_held(workspace.pk, "channels", channel.pk, NOW + 99 * DAY)
    settle_objection(own, "They agreed.", now=NOW)
    assert why_held(workspace.pk, "channels", channel.pk, NOW + 30 * DAY) == ""
    assert why_held(workspace.pk, "webhooks", channel.pk, NOW) == ""


def test_members_with_authority_are_told_once(workspace: Any, settings: Any) -> None:
    for role in ("owner", "privacy_officer", "marketer"):
        Member.objects.create(user=User.objects.create_user(f"{role}@acme.example"), workspace=workspace, role=role)
    propose(workspace, service="sends mail", location="Ireland")
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        tell_next(NOW)
        tell_next(NOW)
        told = str(kept.__dict__)
        assert told.count("Mailer Ltd is to process personal data") == 2
        assert "marketer@" not in told


def test_the_command_adds_objects_settles_and_ends(workspace: Any) -> None:
    said = io.StringIO()
    call_command("privacy_processors", str(workspace.pk), "--add", "name=Mailer", "location=Ireland", stdout=said)
    made = str(Processor.objects.get().pk)
    call_command("privacy_processors", str(workspace.pk), "--object", made, "--text", "no", stdout=said)
    call_command("privacy_processors", str(workspace.pk), "--settle", made, "--text", "They signed it.", stdout=said)
    call_command("privacy_processors", str(workspace.pk), "--end", made, stdout=said)
    assert [line.split()[1] for line in said.getvalue().splitlines()] == ["proposed", "objected", "proposed", "ended"]
