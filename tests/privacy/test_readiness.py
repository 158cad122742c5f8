"""Readiness: each line is read from facts and turns when they do; the impact assessment."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.privacy.test_inventory import know
from troth.consent.models import Purpose
from troth.kernel.clock import DAY, HOUR, MINUTE, now_ms
from troth.privacy.breaches.register import record_breach
from troth.privacy.contests.contesting import contest_entry, settle
from troth.privacy.history import By
from troth.privacy.inventory.storing import count_all
from troth.privacy.models.contests import ContestedInstruction
from troth.privacy.processors.register import change_processor, register_processor
from troth.privacy.readiness.impact import (
    AssessmentInvalid,
    AssessmentMissing,
    check_assessments,
    declare_criteria,
    read_impact,
    sign_assessment,
)
from troth.privacy.readiness.lines import read_lines
from troth.privacy.readiness.officer import judge_officer
from troth.privacy.record.parties import Parties, read_parties, save_parties
from troth.privacy.retention.rules import save_rule
from troth.segments.models import Segment
from troth.workspaces.agreements.registry import Kind, accept_agreement, newest_version
from troth.workspaces.audit import read_entries, record_access
from troth.workspaces.models import Member, User

NOW = now_ms()


def line(workspace: Any, key: str, now: int = NOW) -> Any:
    workspace.refresh_from_db()
    return next(one for one in read_lines(workspace, now) if one.key == key)


def test_an_instruction_that_is_contested_turns_its_line_until_the_controller_was_told_and_has_answered(workspace: Any) -> None:
    workspace.processes_for = "Acme SARL"
    workspace.save()
    record_access(workspace.pk, user_id=1, role="owner", action="campaign.published", at=NOW, detail={"campaign": 7})
    own = contest_entry(workspace.pk, read_entries(workspace.pk, limit=1)[0].entry_id, "Art. 9", by=By("console"), now=NOW)
    assert line(workspace, "contests", NOW + MINUTE).is_fine, "the controller is being told"
    late = NOW + HOUR
    untold = line(workspace, "contests", late)
    assert not untold.is_fine and "its address is not known" in untold.says and untold.place == "settings"
    ContestedInstruction.objects.filter(pk=own.pk).update(told_at=NOW, next_at=None)
    unanswered = line(workspace, "contests", late)
    assert (
        not unanswered.is_fine
        and unanswered.says.startswith("1 contested instruction waits")
        and unanswered.place == "agreements/instructions"
    )
    settle(own, "withdrawn", "By telephone.", by=By("console"), now=late)
    assert line(workspace, "contests", late).is_fine


def test_what_is_mended_turns_its_line(workspace: Any) -> None:
    assert not line(workspace, "agreement_dpa").is_fine
    owner = Member.objects.create(user=User.objects.create_user("o@example.com"), workspace=workspace, role="owner")
    newest = newest_version(Kind.DPA)
    accept_agreement(owner, newest, name="Ada", function="director", digest=newest.digest, address="", now=NOW)
    assert line(workspace, "agreement_dpa").is_fine
    assert not line(workspace, "privacy_contact").is_fine
    workspace.privacy_contact = "dpo@acme.example"
    workspace.save()
    assert line(workspace, "privacy_contact").says == "dpo@acme.example"
    assert not line(workspace, "purposes_end").is_fine
    Purpose.objects.filter(workspace_id=workspace.pk).update(retention="P2Y", description={"en": "News"})
    assert line(workspace, "purposes_end").is_fine
    assert line(workspace, "purposes_described").is_fine
    assert line(workspace, "breaches").is_fine
    record_breach(workspace.pk, {"title": "A list", "aware_at": NOW - 4 * DAY}, user_id=0, now=NOW)
    assert not line(workspace, "breaches").is_fine


def test_who_watches_many_people_needs_an_officer_and_who_needs_none_says_why(workspace: Any) -> None:
    assert not line(workspace, "dpo").is_fine
    save_parties(workspace.pk, {"dpo_not_needed": True}, now=NOW)
    assert "without the reasons" in line(workspace, "dpo").says
    save_parties(workspace.pk, {"dpo_assessment": "Ten people, no watching."}, now=NOW)
    assert line(workspace, "dpo").is_fine
    said = read_parties(workspace.pk)
    for met, why in ((["large_scale", "monitoring"], "37(1)(b)"), (["large_scale", "sensitive"], "37(1)(c)")):
        fine, says = judge_officer(said, met)
        assert not fine and why in says, "what was said does not stand against what is done"
    assert judge_officer(said, ["monitoring", "sensitive"])[0]
    assert judge_officer(Parties(dpo="Ada, dpo@acme.example"), ["large_scale", "monitoring"])[0]


def test_a_processor_says_agreement_place_and_safeguard_before_its_line_turns(workspace: Any) -> None:
    assert line(workspace, "processors").is_fine is None
    own = register_processor(workspace.pk, {"name": "Mailer", "transfer_tool": "scc_2"}, in_use=True, now=NOW)
    found = line(workspace, "processors")
    assert found.says == "Mailer: no agreement, no place, no assessment of the transfer" and str(own.pk) in found.place
    change_processor(own, {"dpa": "2026-01", "tia": "2026-02, low"}, now=NOW)
    assert line(workspace, "processors").says == "Mailer: no place"
    own.location = "USA"
    own.save()
    assert line(workspace, "processors").is_fine


def test_an_end_that_is_promised_needs_a_schedule_that_is_on(workspace: Any) -> None:
    know(workspace, "dana", {"plan": "pro"}, bought={"amount": 9})
    count_all(NOW)
    assert line(workspace, "retention").is_fine, "nothing is promised yet"
    Purpose.objects.filter(workspace_id=workspace.pk, key="service").update(retention="P2Y")
    assert "no schedule that is on" in line(workspace, "retention").says
    rule = save_rule(workspace.pk, {"title": "All", "target": "person", "trigger": "last_activity", "period": "P2Y"}, now=NOW)
    assert not line(workspace, "retention").is_fine, "a schedule that is off deletes nothing"
    save_rule(workspace.pk, {"is_active": True}, now=NOW, rule=rule)
    assert line(workspace, "retention").is_fine


def test_data_of_article_9_that_is_stored_is_a_criterion_whether_declared_or_not(workspace: Any) -> None:
    know(workspace, "dana", {"diagnosis": "flu"})
    count_all(NOW)
    impact = read_impact(workspace)
    assert impact.met == ["sensitive"] and "diagnosis" in next(one.because for one in impact.criteria if one.is_met)


def test_two_criteria_call_for_an_assessment_and_one_more_for_a_new_one(workspace: Any) -> None:
    assert read_impact(workspace).is_fine
    workspace.measures_opens = True
    workspace.save()
    assert read_impact(workspace).met == ["monitoring"]
    Segment.objects.create(workspace_id=workspace.pk, name="Pro", definition={}, created_at=NOW, updated_at=NOW)
    impact = read_impact(workspace)
    assert (impact.met, impact.is_needed, impact.is_fine) == (["profiling", "monitoring"], True, False)
    with pytest.raises(AssessmentInvalid, match="in proportion"):
        sign_assessment(workspace, text=" ", name="Ada", function="director", user_id=1, now=NOW)
    signed = sign_assessment(workspace, text="It is fair.", name="Ada", function="director", user_id=1, now=NOW)
    assert signed.criteria == ["profiling", "monitoring"]
    assert line(workspace, "impact").is_fine
    declare_criteria(workspace.pk, ["vulnerable"], user_id=1, now=NOW)
    assert not line(workspace, "impact").is_fine
    with pytest.raises(AssessmentInvalid, match="the others are computed"):
        declare_criteria(workspace.pk, ["profiling"], user_id=1, now=NOW)
    sign_assessment(workspace, text="Children are left out.", name="Ada", function="director", user_id=1, now=NOW)
    assert read_impact(workspace).is_fine


def test_a_build_can_ask_by_command(workspace: Any) -> None:
    told = io.StringIO()
    with pytest.raises(CommandError, match="are to be mended"):
        call_command("privacy_readiness", str(workspace.pk), json=True, stdout=told)
    lines = json.loads(told.getvalue())
    assert {"agreement_dpa", "impact", "backup", "notices"} <= {one["key"] for one in lines}


def test_what_profiles_people_is_not_published_before_the_assessment_that_is_called_for_is_signed(workspace: Any) -> None:
    from troth.campaigns.editing import create_campaign
    from troth.campaigns.newsletters.editing import create_newsletter
    from troth.campaigns.newsletters.running import begin_due, start_newsletter
    from troth.campaigns.publishing import publish_campaign
    from troth.segments.registry import create_segment, update_segment

    content = {"purpose": "service", "subject": "s", "html": "<p>h</p>"}
    plain = create_campaign(workspace.pk, name="Plain", trigger_event="Bought", **content)
    choosy = create_campaign(
        workspace.pk, name="Choosy", trigger_event="Bought", conditions={"property": "amount", "op": "greater", "value": 9}, **content
    )
    segment = create_segment(workspace.pk, name="Pro", definition={"tag": "pro"}, purpose="service", now=NOW)
    letters = [
        create_newsletter(
            workspace.pk,
            {
                "name": name,
                "purpose": "service",
                "segment_id": segment.pk,
                "variants": [{"key": "A", "subject": "s", "html": "<p>h</p>"}],
            },
            now=NOW,
        )
        for name in ("first", "second")
    ]
    start_newsletter(letters[0], now=NOW)
    assert check_assessments(NOW)[0]
    workspace.measures_opens = True
    workspace.save()
    for publish in (
        lambda: publish_campaign(choosy, now=NOW),
        lambda: start_newsletter(letters[1], now=NOW),
        lambda: create_segment(workspace.pk, name="New", definition={"tag": "new"}, purpose="service", now=NOW),
        lambda: update_segment(segment, definition={"tag": "other"}, now=NOW),
    ):
        with pytest.raises(AssessmentMissing, match=rf"watched systematically.*/console/{workspace.pk}/readiness/impact"):
            publish()
    publish_campaign(plain, now=NOW)
    update_segment(segment, name="Professionals", now=NOW)
    begin_due(NOW)
    letters[0].refresh_from_db()
    assert letters[0].trouble == "" and letters[0].state != "paused", "what was started goes on"
    is_fine, says = check_assessments(NOW)
    assert not is_fine and f"workspace {workspace.pk}" in says
    sign_assessment(workspace, text="It is fair.", name="Ada", function="DPO", user_id=1, now=NOW)
    publish_campaign(choosy, now=NOW)
    start_newsletter(letters[1], now=NOW)
    assert check_assessments(NOW)[0]


def test_an_assessment_can_be_signed_before_anything_profiles(workspace: Any) -> None:
    from troth.segments.registry import create_segment

    workspace.measures_opens = True
    workspace.save()
    sign_assessment(workspace, text="It is fair.", name="Ada", function="DPO", user_id=1, now=NOW)
    assert create_segment(workspace.pk, name="New", definition={"tag": "new"}, purpose="service", now=NOW).pk
