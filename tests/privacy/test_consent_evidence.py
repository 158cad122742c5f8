"""What proves a consent goes when claims can be made of it no more, by itself, and never while a permission rests on it."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command

from tests.evidence import GIVEN
from troth.consent.catalog import forget_catalogs
from troth.consent.decisions import load_facts, load_stances
from troth.consent.gate import Operation, reason_against
from troth.consent.ledger.audit import find_faults
from troth.consent.ledger.log import append_pending
from troth.consent.models import Purpose, Record, Stance, Standing
from troth.consent.purposes import archive_purpose
from troth.intake.commands import Decide, Decision, Identify, Identity, Restrict
from troth.intake.door import apply
from troth.kernel.clock import DAY, now_ms
from troth.people.lookup import find_person
from troth.privacy.certificate import verify_certificate
from troth.privacy.models import RetentionRule
from troth.privacy.retention.evidence import make_evidence_schedules
from troth.privacy.retention.holds import place_hold
from troth.privacy.retention.rules import RetentionInvalid, cutoff_for, delete_rule, save_rule
from troth.privacy.retention.running import preview, run_now

DANA = Identity(external_id="dana")


def ms(year: int, month: int = 1, day: int = 1) -> int:
    return int(datetime(year, month, day, 12, tzinfo=UTC).timestamp() * 1000)


def at_year(year: int) -> int:
    return ms(year, 6, 1)


class Years:
    """A workspace in which things were decided over the years, and the schedule that every workspace has."""

    def __init__(self, workspace: Any) -> None:
        self.pk = workspace.pk
        make_evidence_schedules(now_ms())
        self.rule = RetentionRule.objects.get(workspace_id=self.pk)
        apply([Identify(identity=DANA, **self.common(at_year(2019)))], now=at_year(2019))
        self.dana = find_person(self.pk, "dana")

    def common(self, at: int) -> dict[str, Any]:
        return {"workspace_id": self.pk, "source": "api", "received_at": at}

    def say(self, decision: Decision, at: int, purpose: str = "marketing_email") -> None:
        evidence = GIVEN if decision is Decision.GRANT else {}
        apply([Decide(identity=DANA, decision=decision, purpose=purpose, evidence=evidence, **self.common(at))], now=at)
        while append_pending(at):
            pass

    def kept(self, purpose: str = "marketing_email") -> list[str]:
        return list(Record.objects.filter(workspace_id=self.pk, purpose=purpose).order_by("record_id").values_list("decision", flat=True))

    def reason(self, purpose: str = "marketing_email") -> str:
        facts = load_facts(self.pk, [self.dana.person_id], purpose)[self.dana.person_id]
        return reason_against(facts, Operation.MESSAGE, now_ms())


@pytest.fixture
def years(workspace: Any) -> Years:
    return Years(workspace)


def test_every_workspace_has_the_schedule_once_and_what_it_switches_off_stays_off(years: Years) -> None:
    rule = years.rule
    assert (rule.target, rule.name, rule.trigger, rule.period, rule.is_active) == ("store", "consent_evidence", "year_end", "P3Y", True)
    save_rule(years.pk, {"is_active": False}, now=now_ms(), rule=rule)
    make_evidence_schedules(now_ms())
    assert RetentionRule.objects.get(workspace_id=years.pk).is_active is False


def test_the_schedule_is_seen_thirty_days_before_it_deletes_and_is_switched_off_instead_of_deleted(years: Years) -> None:
    assert years.rule.due_at - years.rule.created_at == 30 * DAY
    with pytest.raises(RetentionInvalid, match="switch it off"):
        delete_rule(years.rule)
    assert RetentionRule.objects.filter(workspace_id=years.pk).count() == 1


def test_three_years_run_from_the_end_of_the_year_by_the_clock_of_the_seat(years: Years, workspace: Any) -> None:
    assert cutoff_for(years.rule, ms(2025, 12, 30)) == int(datetime(2022, 1, 1, tzinfo=UTC).timestamp() * 1000)
    assert cutoff_for(years.rule, ms(2026, 1, 4)) == int(datetime(2023, 1, 1, tzinfo=UTC).timestamp() * 1000)
    type(workspace).objects.filter(pk=workspace.pk).update(seat_country="DE", seat_zone="Europe/Berlin")
    assert cutoff_for(years.rule, ms(2026, 1, 4)) == int(datetime(2022, 12, 31, 23, tzinfo=UTC).timestamp() * 1000)


def test_a_withdrawn_consent_goes_after_its_years_and_the_no_stays(years: Years) -> None:
    years.say(Decision.GRANT, at_year(2020))
    years.say(Decision.WITHDRAW, at_year(2022))
    assert preview(years.rule, ms(2025, 12, 30)) == {}
    assert preview(years.rule, ms(2026, 1, 4)) == {"consent_evidence": 1}
    run = run_now(years.rule, ms(2026, 1, 4))
    assert (run.counts, years.kept(), years.reason()) == ({"consent_evidence": 1}, ["withdraw"], "withdrawn")
    claims = verify_certificate(run.certificate)
    assert claims["deleted"] == {"consent_evidence": 1} and claims["covered"] == ["store consent_evidence"]
    while append_pending(ms(2026, 1, 5)):
        pass
    assert list(find_faults(years.pk)) == [], "the log says that it was erased, and its leaf stays"


def test_what_a_permission_rests_on_stays_however_old(years: Years) -> None:
    years.say(Decision.GRANT, at_year(2020))
    years.say(Decision.GRANT, at_year(2021))
    assert preview(years.rule, ms(2040)) == {}
    run_now(years.rule, ms(2040))
    assert (years.kept(), years.reason()) == (["grant", "grant"], "")


def test_of_who_agreed_anew_the_earlier_story_goes_and_the_new_one_stays(years: Years) -> None:
    for decision, year in ((Decision.GRANT, 2019), (Decision.WITHDRAW, 2020), (Decision.GRANT, 2021)):
        years.say(decision, at_year(year))
    run_now(years.rule, ms(2026))
    assert (years.kept(), years.reason()) == (["grant"], "")


def test_a_consent_that_ran_out_or_whose_purpose_was_given_up_goes_and_never_counts_again(years: Years) -> None:
    years.say(Decision.GRANT, at_year(2020))
    years.say(Decision.GRANT, at_year(2020), "open_tracking")
    years.say(Decision.GRANT, at_year(2020), "click_tracking")
    Stance.objects.filter(purpose="open_tracking").update(valid_until=at_year(2021))
    archive_purpose(years.pk, "marketing_email", now=at_year(2021))
    run_now(years.rule, ms(2026))
    assert (years.kept(), years.kept("open_tracking"), years.kept("click_tracking")) == ([], [], ["grant"])
    archive_purpose(years.pk, "marketing_email", now=ms(2026), archived=False)
    assert (years.reason(), years.reason("open_tracking"), years.reason("click_tracking")) == ("no_consent", "no_consent", "")


def test_a_consent_to_what_became_another_purpose_goes(years: Years) -> None:
    years.say(Decision.GRANT, at_year(2020))
    Purpose.objects.filter(key="marketing_email").update(material_since=at_year(2021))
    forget_catalogs()
    assert preview(years.rule, ms(2025)) == {"consent_evidence": 1}


def test_a_hold_keeps_it_and_so_does_a_restriction_of_the_person(years: Years) -> None:
    years.say(Decision.GRANT, at_year(2020))
    years.say(Decision.WITHDRAW, at_year(2021))
    hold = place_hold(years.pk, person_id=years.dana.person_id, ground="a claim", until=ms(2030), now=ms(2026))
    assert run_now(years.rule, ms(2026)).counts == {"held": 1}
    hold.delete()
    apply([Restrict(identity=DANA, **years.common(ms(2026)))], now=ms(2026))
    assert preview(years.rule, ms(2026) + DAY) == {}


def test_a_lifted_restriction_goes_and_one_that_stands_does_not(years: Years) -> None:
    apply([Restrict(identity=DANA, purposes=("marketing_email",), **years.common(at_year(2020)))], now=at_year(2020))
    while append_pending(at_year(2020)):
        pass
    assert preview(years.rule, ms(2026)) == {}
    apply([Restrict(identity=DANA, purposes=("marketing_email",), lift=True, **years.common(at_year(2021)))], now=at_year(2021))
    assert preview(years.rule, ms(2026)) == {"consent_evidence": 1}
    assert load_stances([years.dana.person_id])[years.dana.person_id] == {"marketing_email": Standing.NONE}


def test_a_workspace_counts_otherwise_where_its_law_does(years: Years) -> None:
    years.say(Decision.GRANT, at_year(2020))
    years.say(Decision.WITHDRAW, at_year(2022))
    said = io.StringIO()
    words = ["title=Five", "target=store", "name=consent_evidence", "trigger=consent_end", "period=P5Y"]
    call_command("privacy_retention", str(years.pk), "--add", *words, stdout=said)
    assert "store consent_evidence, P5Y from consent_end" in said.getvalue()
    five = RetentionRule.objects.get(title="Five")
    assert (preview(five, ms(2027, 5, 1)), preview(five, ms(2027, 7, 1))) == ({}, {"consent_evidence": 1})


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "consent_evidence", "trigger": "age"},
        {"name": "mail_activity", "trigger": "year_end"},
        {"target": "person", "name": "", "trigger": "year_end"},
    ],
)
def test_only_the_evidence_goes_by_the_end_of_a_year_and_never_by_its_age(workspace: Any, fields: dict[str, str]) -> None:
    with pytest.raises(RetentionInvalid, match="trigger"):
        save_rule(workspace.pk, {"title": "T", "target": "store", "period": "P3Y", **fields}, now=now_ms())
