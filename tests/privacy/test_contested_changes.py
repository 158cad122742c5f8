"""Changes of purposes, and of what is collected, wait while their instruction is contested: what was in force before is again (Art. 28(3) GDPR)."""

from __future__ import annotations

import io
from typing import Any

import msgspec
import pytest
from django.core.management import call_command
from django.test import Client

from tests.api.conftest import Api
from tests.evidence import GIVEN
from troth.consent.catalog import MARKETING_EMAIL, load_catalog
from troth.consent.collecting import is_stopped
from troth.consent.decisions import load_facts
from troth.consent.gate import Operation, reason_against
from troth.consent.held import ChangeHeld
from troth.consent.purposes import PurposeTerms, archive_purpose, create_purpose, find_purpose, list_versions, revise_purpose, terms_of
from troth.intake.actor import fold_inbox
from troth.intake.commands import Decide, Decision, Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import SECOND, now_ms
from troth.people.lookup import find_person, load_person
from troth.people.models import Event
from troth.privacy.contests.contesting import contest_entry, settle
from troth.privacy.history import By
from troth.privacy.inventory.clearing import clear_next
from troth.privacy.models import Clearing
from troth.privacy.models.contests import ContestedInstruction
from troth.workspaces.audit import read_entries
from troth.workspaces.keys import create_key
from troth.workspaces.models import Member, User, Workspace

BY = By("console", 1, "owner")
WHY = "Art. 5(1)(b): further processing for an incompatible purpose."
DANA = Identity(external_id="dana", email="dana@example.com")
MORE = {"recipients": ["Advertisers Ltd"]}


class Agency:
    """A workspace that processes for a controller, whose owner changes things in the console, and Dana, who agreed to marketing."""

    def __init__(self, workspace: Any) -> None:
        call_command(
            "workspace_role", str(workspace.pk), processes_for="Acme SARL", contact="dpo@acme.example", language="de", stdout=io.StringIO()
        )
        self.workspace = Workspace.objects.get(pk=workspace.pk)
        self.pk, self.now = workspace.pk, now_ms() - SECOND
        load_catalog(self.pk)
        user = User.objects.create_user("ada@agency.example", name="Ada")
        Member.objects.create(user=user, workspace=self.workspace, role="owner")
        self.member = Client()
        self.member.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        self.common: dict[str, Any] = {"workspace_id": self.pk, "source": "api", "received_at": self.now}
        grant = Decide(identity=DANA, decision=Decision.GRANT, purpose=MARKETING_EMAIL, evidence=GIVEN, **self.common)
        apply([Identify(identity=DANA, **self.common), grant], now=self.now)
        self.dana = find_person(self.pk, "dana")

    def post(self, path: str, status: int = 303, **fields: Any) -> None:
        answer = self.member.post(f"/console/{self.pk}/{path}", fields)
        assert answer.status_code == status, answer.content.decode()[:2_000]

    def page(self, path: str) -> str:
        return self.member.get(f"/console/{self.pk}/{path}").content.decode()

    def revise(self, key: str = MARKETING_EMAIL, *, material: bool = False, **changed: Any) -> None:
        """In the console, as a member does."""
        own = find_purpose(self.pk, key)
        terms = msgspec.to_builtins(msgspec.structs.replace(terms_of(own), **changed))
        flags = {name: "on" for name, value in terms.items() if value is True}
        lines = {name: "\n".join(terms[name]) for name in ("data_categories", "recipients")}
        texts = {name: value for name, value in terms.items() if isinstance(value, str)}
        self.post(
            f"purposes/{key}/edit", **texts, **flags, **lines, after=own.version, do="save", **({"material": "on"} if material else {})
        )

    def contest(self, *, waits: bool = True) -> ContestedInstruction:
        """The last instruction."""
        entry = next(one for one in read_entries(self.pk, limit=10) if not one.action.startswith("instruction."))
        assert ("it waits: nothing of it is carried out" in self.page(f"agreements/instructions/{entry.entry_id}/contest")) == waits
        return contest_entry(self.pk, entry.entry_id, WHY, by=BY, now=now_ms())

    def settle(self, own: ContestedInstruction, outcome: str = "confirmed") -> None:
        settle(own, outcome, "By telephone.", by=BY, now=now_ms())

    def may_mail(self) -> str:
        """Why Dana may not be written to; empty: they may."""
        facts = load_facts(self.pk, [self.dana.person_id], MARKETING_EMAIL)[self.dana.person_id]
        return reason_against(facts, Operation.MESSAGE, now_ms())

    def buys(self) -> dict[str, Any]:
        """Dana buys, and says which plan; what is kept of it."""
        apply(
            [
                Identify(identity=DANA, attributes={"plan": "pro"}, **self.common),
                Track(identity=DANA, name="bought", ts=self.now, properties={"n": 1}, **self.common),
            ],
            now=self.now,
        )
        fold_inbox(now_ms())
        kept = {"events": Event.objects.filter(workspace_id=self.pk).count(), **load_person(self.dana).attributes}
        Event.objects.filter(workspace_id=self.pk).delete()
        return kept


@pytest.fixture
def agency(workspace: Any) -> Agency:
    return Agency(workspace)


CONTESTED = "contested as infringing the law"


def test_a_contested_revision_is_set_back_and_consents_count_again_until_the_controller_confirms_it(agency: Agency) -> None:
    agency.revise(**MORE)
    assert agency.may_mail() == "purpose_changed", "a material change ended the consent"
    own = agency.contest()
    assert own.waits == f"purpose:{MARKETING_EMAIL}"
    assert find_purpose(agency.pk, MARKETING_EMAIL).recipients == [] and agency.may_mail() == ""
    page = agency.page(f"purposes/{MARKETING_EMAIL}")
    assert CONTESTED in page and "as version 1 again" in page
    assert CONTESTED in agency.page(f"purposes/{MARKETING_EMAIL}/edit")
    agency.post(f"purposes/{MARKETING_EMAIL}/edit", 409, name="Other", after=3, do="save")
    agency.settle(own)
    after = find_purpose(agency.pk, MARKETING_EMAIL)
    assert (after.recipients, after.version) == (["Advertisers Ltd"], 4) and agency.may_mail() == "purpose_changed"
    assert CONTESTED not in agency.page(f"purposes/{MARKETING_EMAIL}")


@pytest.mark.parametrize("outcome", ["changed", "withdrawn"])
def test_what_the_controller_does_not_confirm_stays_as_it_was_and_members_change_it_then(agency: Agency, outcome: str) -> None:
    agency.revise(**MORE)
    agency.settle(agency.contest(), outcome)
    assert find_purpose(agency.pk, MARKETING_EMAIL).recipients == [] and agency.may_mail() == ""
    agency.revise(name="News")
    assert find_purpose(agency.pk, MARKETING_EMAIL).name == "News"
    agency.contest()
    assert agency.may_mail() == "", "the contested version is no part of how it stands now"


def test_who_agreed_to_less_while_a_contested_change_was_in_force_is_asked_before_more_is_done(agency: Agency) -> None:
    agency.revise(**MORE)
    agency.revise(recipients=[])
    agreed = Decide(identity=DANA, decision=Decision.GRANT, purpose=MARKETING_EMAIL, evidence=GIVEN, **agency.common)
    apply([msgspec.structs.replace(agreed, received_at=now_ms())], now=now_ms())
    assert agency.may_mail() == ""

    own = agency.contest()

    assert find_purpose(agency.pk, MARKETING_EMAIL).recipients == ["Advertisers Ltd"]
    assert agency.may_mail() == "purpose_changed", "she never agreed to that recipient"
    agency.settle(own)
    assert find_purpose(agency.pk, MARKETING_EMAIL).recipients == []


def test_two_contested_revisions_are_both_set_back_and_both_have_to_be_confirmed(agency: Agency) -> None:
    agency.revise(name="News")
    first = read_entries(agency.pk, limit=1)[0].entry_id
    agency.revise(**MORE)
    later = agency.contest()
    assert find_purpose(agency.pk, MARKETING_EMAIL).name == "News"
    earlier = contest_entry(agency.pk, first, WHY, by=BY, now=now_ms())
    own = find_purpose(agency.pk, MARKETING_EMAIL)
    assert (own.name, own.recipients) == ("News and offers by e-mail", [])
    agency.settle(later)
    assert find_purpose(agency.pk, MARKETING_EMAIL).recipients == [], "the other one is open"
    agency.settle(earlier)
    own = find_purpose(agency.pk, MARKETING_EMAIL)
    assert (own.name, own.recipients) == ("News", ["Advertisers Ltd"])
    assert [one.restores for one in list_versions(agency.pk, MARKETING_EMAIL)] == [0, 1, 2, 0, 0, 0]


def test_a_purpose_that_was_created_given_up_or_taken_up_again_waits_in_the_state_before(agency: Agency) -> None:
    create_purpose(agency.pk, "post", PurposeTerms(name="Post", legal_basis="legitimate_interest"), now=agency.now)
    agency.post("purposes/post/archive")
    own = agency.contest()
    assert "post" in load_catalog(agency.pk).purposes, "given up is contested: it goes on"
    with pytest.raises(ChangeHeld):
        archive_purpose(agency.pk, "post", now=agency.now)
    agency.settle(own)
    assert "post" not in load_catalog(agency.pk).purposes
    agency.post("purposes/post/restore")
    own = agency.contest()
    assert "post" not in load_catalog(agency.pk).purposes, "taken up again is contested: nothing is done for it"
    agency.settle(own)
    assert "post" in load_catalog(agency.pk).purposes


def test_things_belong_where_they_did_until_their_assigning_is_confirmed(agency: Agency) -> None:
    agency.post("purposes/_assignments/assign", purpose=MARKETING_EMAIL, thing=["event:bought", "attribute:plan"])
    own = agency.contest()
    assert load_catalog(agency.pk).events == {} and load_catalog(agency.pk).attributes == {}
    assert "bought" in agency.page("purposes/_assignments").split(CONTESTED)[1]
    agency.post("purposes/_assignments/assign", 409, purpose="service", thing=["event:bought"])
    agency.settle(own)
    assert load_catalog(agency.pk).events == {"bought": MARKETING_EMAIL}


def test_what_is_collected_no_more_is_collected_on_and_the_other_way_round_and_nothing_is_deleted(agency: Agency) -> None:
    whole = {"events": 1, "plan": "pro"}
    assert agency.buys() == whole
    agency.post("inventory/unused/stop", kind="event", event="bought")
    own = agency.contest()
    assert own.waits == "collecting:event bought" and agency.buys() == whole, "before, it was collected"
    assert "event bought" in agency.page("inventory/unused").split(CONTESTED)[1]
    agency.settle(own)
    assert agency.buys() == {**whole, "events": 0}
    agency.post("inventory/unused/clear", kind="event", event="bought")
    clearing = agency.contest()
    assert not clear_next(agency.now)
    agency.settle(clearing)
    assert clear_next(agency.now)
    agency.post("inventory/unused/resume", kind="event", event="bought")
    own = agency.contest()
    assert agency.buys() == {**whole, "events": 0}, "before, it was not"
    agency.settle(own, "withdrawn")
    assert is_stopped(agency.pk, "event", "bought", "")


def test_a_deletion_that_is_withdrawn_ends(agency: Agency) -> None:
    agency.post("inventory/unused/stop", kind="attribute", name="plan")
    agency.post("inventory/unused/clear", kind="attribute", name="plan")
    agency.settle(agency.contest(), "withdrawn")
    assert Clearing.objects.get().ended_at is not None and not clear_next(agency.now)


def test_what_is_measured_of_mail_is_measured_only_when_it_is_confirmed(agency: Agency) -> None:
    agency.post("settings/sending/measuring", measures_opens="on", measures_clicks="on")
    own = agency.contest()
    before = Workspace.objects.get(pk=agency.pk)
    assert (before.measures_opens, before.measures_clicks) == (False, False)
    assert CONTESTED in agency.page("settings/sending")
    agency.post("settings/sending/measuring", measures_opens="on", counts_opens="on")
    meanwhile = Workspace.objects.get(pk=agency.pk)
    assert (meanwhile.measures_opens, meanwhile.counts_opens) == (False, True), "what waits is not switched, all else is"
    agency.settle(own)
    after = Workspace.objects.get(pk=agency.pk)
    assert (after.measures_opens, after.measures_clicks, after.counts_opens) == (True, True, True)


def test_what_a_key_changed_waits_in_the_same_way(agency: Agency) -> None:
    key = create_key(agency.workspace, "api", scopes=frozenset({"registers:write", "consent:write", "people:read", "reports:read"}))
    api = Api(key)
    api.json("PATCH", f"/purposes/{MARKETING_EMAIL}", MORE)
    own = agency.contest()
    assert api.json("PATCH", f"/purposes/{MARKETING_EMAIL}", {"name": "Other"}, status=409)["code"] == "conflict"
    assert find_purpose(agency.pk, MARKETING_EMAIL).recipients == []
    agency.settle(own)
    assert find_purpose(agency.pk, MARKETING_EMAIL).recipients == ["Advertisers Ltd"]
    api.json("PUT", "/purposes/assignments", {"kind": "event", "name": "bought", "purpose": MARKETING_EMAIL})
    agency.contest()
    assert load_catalog(agency.pk).events == {}
    api.json("POST", "/minimisation/stop", {"kind": "attribute", "name": "plan"})
    agency.contest()
    assert agency.buys()["plan"] == "pro"
    assert {one["waits"].partition(":")[0] for one in api.json("GET", "/contested-instructions")} == {"assignment", "collecting", "purpose"}


def test_an_instruction_that_is_not_in_force_any_more_has_nothing_to_wait_for(agency: Agency) -> None:
    agency.post("inventory/unused/stop", kind="event", event="bought")
    entry = read_entries(agency.pk, limit=1)[0].entry_id
    agency.post("inventory/unused/resume", kind="event", event="bought")
    assert contest_entry(agency.pk, entry, WHY, by=BY, now=now_ms()).waits == ""
    revise_purpose(
        agency.pk,
        MARKETING_EMAIL,
        msgspec.structs.replace(terms_of(find_purpose(agency.pk, MARKETING_EMAIL)), name="N"),
        material=False,
        now=agency.now,
    )
    assert find_purpose(agency.pk, MARKETING_EMAIL).name == "N"
