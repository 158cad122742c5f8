"""Whatever people say at whatever door, in whatever order: no message and no stored event is against it (a state machine against a naive model)."""

from __future__ import annotations

import json
import secrets
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.evidence import GIVEN
from tests.messages.posting import Post
from tests.web_process import ask
from troth.campaigns.editing import create_campaign
from troth.campaigns.publishing import publish_campaign
from troth.consent.catalog import forget_catalogs
from troth.consent.forms import FormTerms, create_form
from troth.consent.models import Record
from troth.consent.notices import publish_notice, save_draft, save_notice
from troth.consent.purposes import PurposeTerms, assign, create_purpose
from troth.consent.topics import create_topic
from troth.intake.actor import fold_inbox
from troth.intake.commands import Identify, Identity
from troth.intake.decision_import import Report, import_decisions
from troth.intake.door import apply
from troth.intake.gpc import mark_gpc
from troth.intake.models import InboxItem
from troth.intake.wire import segment, vero
from troth.intake.wire.request import Reply, Request
from troth.kernel.clock import now_ms
from troth.messages.models import Message
from troth.messages.sending import send_due
from troth.messages.unsubscribe_links import UnsubscribeLink, make_unsubscribe_token
from troth.pages.opt_in import Entry, confirm
from troth.people.lookup import find_person
from troth.people.models import Event
from troth.workspaces.keys import find_grant
from troth.workspaces.registry import create_workspace

NEWS, PROFILE, SHARED, TOPIC = "marketing_email", "behavioural_profiling", "partners", "topic:offers"
CONSENTS = (NEWS, PROFILE, "open_tracking", "click_tracking")
PEOPLE = st.sampled_from(["ann", "ben"])
SAID = st.sampled_from(["proven", "bare", "withdraw", "refuse", "object", "defer"])
SAYS = {"controller": "Acme", "purposes": "news", "data": "address", "withdrawal": "a link"}


class Model:
    """Where one person stands, as a naive reader of the rules would keep it."""

    def __init__(self) -> None:
        self.stands: dict[str, int] = {}
        self.pace = ""
        self.restricted = False
        self.heeded = False
        self.rows: set[str] = set()
        self.kept: list[int] = []
        self.waiting: list[int] = []
        self.had: Counter[str] = Counter()

    def say(self, purpose: str, said: str) -> None:
        if said in ("withdraw", "refuse", "object"):
            self.stands[purpose] = -1
        elif said == "proven":
            self.stands[purpose] = 1

    def gets(self, campaign: str) -> bool:
        agreed = self.stands.get(NEWS) == 1 and self.stands.get(PROFILE) == 1
        return agreed and not self.restricted and not (campaign == "offers" and self.stands.get(TOPIC) == -1)


class Doors(RuleBasedStateMachine):
    post: Post

    @initialize()
    def begin(self) -> None:
        forget_catalogs()
        made = create_workspace(f"Doors {secrets.token_hex(6)}")
        self.workspace, self.keys = made.workspace, made.keys
        pk = self.workspace.pk
        create_purpose(pk, SHARED, PurposeTerms(name="Partners", legal_basis="legitimate_interest", sharing=True), now=1)
        create_topic(pk, "offers", {"en": "Offers"}, NEWS)
        assign(pk, "event", "scrolled", PROFILE)
        assign(pk, "event", "partner_view", SHARED)
        save_notice(pk, "news", title="News", purposes=[NEWS])
        save_draft(pk, "news", "en", text="Acme writes to you.", says=SAYS)
        publish_notice(pk, "news", material=False, now=now_ms() - 1_000)
        self.form = create_form(pk, FormTerms(title="F", notice="news"), now=now_ms())
        self.campaigns = {}
        for name, topic in (("news", ""), ("offers", "offers")):
            mail = {"name": name, "trigger_event": "bought", "purpose": NEWS, "subject": "s", "html": "<p>h</p>", "topic": topic}
            self.campaigns[f"campaign:{publish_campaign(create_campaign(pk, **mail)).pk}"] = name
        about = {"workspace_id": pk, "source": "api", "received_at": now_ms()}
        apply([Identify(identity=Identity(external_id=n, email=f"{n}@example.com"), **about) for n in ("ann", "ben")], now=now_ms())
        self.people = {"ann": Model(), "ben": Model()}
        self.subjects = {name: find_person(pk, name) for name in self.people}
        self.tokens = {name: make_unsubscribe_token(UnsubscribeLink(subject, NEWS, 0)) for name, subject in self.subjects.items()}
        self.queued: list[tuple[str, str]] = []
        self.number = 0
        for name in self.people:
            for purpose in (NEWS, PROFILE):
                self.say_by_api(name=name, purpose=purpose, said="proven", many=False)

    def api(self, method: str, path: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.keys['auth_token']}"}
        answer = Client().generic(method, f"/api/troth/v1{path}", json.dumps(body), content_type="application/json", headers=headers)
        assert answer.status_code in (200, 201), answer.content
        return answer.json()

    def machine(self, wire: Any, path: str, body: Any, *, gpc: bool = False) -> None:
        raw = json.dumps(body).encode()
        work = wire.handle(Request("POST", path, b"", {}, raw, now_ms()), find_grant)
        assert not isinstance(work, Reply), work
        apply(mark_gpc(work.commands) if gpc else work.commands, now=now_ms())

    @rule(name=PEOPLE, purpose=st.sampled_from([NEWS, PROFILE, SHARED, TOPIC]), said=SAID, many=st.booleans())
    def say_by_api(self, name: str, purpose: str, said: str, many: bool) -> None:
        decision = "grant" if said in ("proven", "bare") else said
        body = {"purpose": purpose, "decision": decision, **(GIVEN if said == "proven" else {})}
        if many:
            self.api("POST", "/consents", {"decisions": [{**body, "person": name}]})
        else:
            self.api("POST", f"/people/{name}/consents", body)
        self.people[name].say(purpose, said)

    @rule(name=PEOPLE, lift=st.booleans())
    def restrict_by_api(self, name: str, lift: bool) -> None:
        self.api("POST", f"/people/{name}/restriction", {"reason": "contested"}) if not lift else self.lift(name)
        self.people[name].restricted = not lift

    def lift(self, name: str) -> None:
        from troth.intake.commands import Restrict

        about = {"workspace_id": self.workspace.pk, "source": "api", "received_at": now_ms()}
        apply([Restrict(identity=Identity(external_id=name), lift=True, **about)], now=now_ms())

    @rule(name=PEOPLE)
    def confirm_by_form(self, name: str) -> None:
        entry = Entry(
            form_id=self.form.form_id,
            form_version=1,
            notice_version="1",
            language="en",
            email=f"{name}@example.com",
            purposes=[NEWS],
            attributes={},
            at=now_ms(),
            page="",
            nonce=secrets.token_bytes(9),
        )
        assert confirm(entry, now=now_ms()).status == "given"
        assert confirm(entry, now=now_ms()).status == "used"
        self.people[name].say(NEWS, "proven")

    @rule(
        name=PEOPLE,
        ticked=st.just({NEWS, PROFILE}) | st.sets(st.sampled_from(CONSENTS)),
        offers=st.booleans(),
        objects=st.booleans(),
        pace=st.sampled_from(["", "", "", "pace:7", "pace:30"]),
    )
    def choose_on_the_page(self, name: str, ticked: set[str], offers: bool, objects: bool, pace: str) -> None:
        seen = [*CONSENTS, SHARED, TOPIC, "pace"]
        fields = {"purpose": sorted(ticked), "topic": ["offers"] * offers, "objection": [SHARED] * objects, "pace": pace, "seen": seen}
        assert Client().post(f"/p/{self.tokens[name]}", fields).status_code == 200
        person = self.people[name]
        for purpose in CONSENTS:
            if (person.stands.get(purpose) == 1) != (purpose in ticked):
                person.say(purpose, "proven" if purpose in ticked else "withdraw")
        if (person.stands.get(TOPIC) == -1) == offers:
            person.say(TOPIC, "proven" if offers else "object")
        if (person.stands.get(SHARED) == -1) != objects:
            person.say(SHARED, "object" if objects else "proven")
        person.pace = pace

    @rule(name=PEOPLE)
    def say_no_to_everything(self, name: str) -> None:
        assert Client().post(f"/p/{self.tokens[name]}", {"stop": "1"}).status_code == 200
        for purpose in (*CONSENTS, SHARED):
            self.people[name].say(purpose, "refuse")

    @rule(name=PEOPLE, button=st.booleans())
    def unsubscribe(self, name: str, button: bool) -> None:
        path = f"/u/{self.tokens[name]}"
        assert Client().get(path).status_code == 200
        answer = Client().post(f"{path}/stop") if button else ask("POST", path, b"List-Unsubscribe=One-Click")
        assert answer.status_code == 200
        self.people[name].say(NEWS, "withdraw")

    @rule(name=PEOPLE, back=st.booleans())
    def unsubscribe_by_vero(self, name: str, back: bool) -> None:
        path = f"/api/v2/users/{'re' if back else 'un'}subscribe"
        self.machine(vero, path, {"auth_token": self.keys["auth_token"], "id": name})
        self.people[name].say(NEWS, "bare" if back else "withdraw")

    @rule(name=PEOPLE, allowed=st.booleans())
    def tell_by_segment(self, name: str, allowed: bool) -> None:
        context = {"consent": {"categoryPreferences": {NEWS: allowed}}}
        message = {"writeKey": self.keys["write_key"], "type": "identify", "userId": name, "traits": {}, "context": context}
        self.machine(segment, "/v1/identify", message)
        self.people[name].say(NEWS, "bare" if allowed else "refuse")

    @rule(name=PEOPLE, said=st.sampled_from(["proven", "bare", "withdraw"]), again=st.booleans())
    def import_a_file(self, name: str, said: str, again: bool) -> None:
        self.number += 1
        note = "the same" if again else f"row {self.number}"
        proof = "May we?,unchecked,checkbox" if said == "proven" else ",,"
        lines = ["id,purpose,decision,notice,default_state,control_kind,artefact\n"]
        lines.append(f"{name},{NEWS},{'withdraw' if said == 'withdraw' else 'grant'},{proof},{note}\n")
        import_decisions(self.workspace.pk, lines, Report(), now=now_ms())
        if lines[1] not in self.people[name].rows:
            self.people[name].rows.add(lines[1])
            self.people[name].say(NEWS, said)

    @rule(name=PEOPLE, kind=st.sampled_from(["bought", "scrolled", "partner_view"]), gpc=st.booleans())
    def something_happens(self, name: str, kind: str, gpc: bool) -> None:
        self.number += 1
        message = {"writeKey": self.keys["write_key"], "type": "track", "event": kind, "userId": name, "messageId": f"m{self.number}"}
        self.machine(segment, "/v1/track", {**message, "properties": {"number": self.number}}, gpc=gpc)
        person = self.people[name]
        if person.restricted:
            return
        if gpc and person.stands.get(SHARED) != -1 and not (person.stands.get(SHARED) == 1 and person.heeded):
            person.stands[SHARED], person.heeded = -1, True
        allowed = {"bought": True, "scrolled": person.stands.get(PROFILE) == 1, "partner_view": person.stands.get(SHARED) != -1}
        if allowed[kind]:
            person.kept.append(self.number)
            if kind == "bought":
                person.waiting.append(self.number)

    @rule(name=PEOPLE)
    def somebody_buys_and_mail_goes_out(self, name: str) -> None:
        self.something_happens(name=name, kind="bought", gpc=False)
        self.fold()
        self.hand_over()

    @rule()
    def fold(self) -> None:
        while fold_inbox(now_ms()):
            pass
        for name, person in self.people.items():
            for _ in person.waiting:
                self.queued += [(name, campaign) for campaign in ("news", "offers") if person.gets(campaign)]
            person.waiting.clear()

    @rule()
    def hand_over(self) -> None:
        while send_due(now_ms()):
            pass
        for name, person in self.people.items():
            expected = Counter(campaign for who, campaign in self.queued if who == name and person.gets(campaign))
            sent = Message.objects.filter(workspace_id=self.workspace.pk, person_id=self.subjects[name].person_id, state="sent")
            new = Counter(self.campaigns[message.source] for message in sent) - person.had
            assert new <= expected if person.pace else new == expected
            assert not person.pace or new.total() <= (0 if person.had else 1)
            person.had += new
        self.queued.clear()

    @invariant()
    def what_is_stored_is_what_was_allowed(self) -> None:
        for name, person in getattr(self, "people", {}).items():
            own = {"person_id": self.subjects[name].person_id}
            kept = [event.properties["number"] for event in Event.objects.filter(**own)]
            waiting = [json.loads(item.properties)["number"] for item in InboxItem.objects.filter(**own)]
            assert sorted(kept + waiting) == sorted(person.kept)
            assert not Record.objects.filter(**own, valid=True, decision="grant", notice_hash="", evidence={}).exists()


@pytest.fixture(autouse=True)
def no_erasures_left_behind(data_dir: Path) -> Iterator[None]:
    yield
    shutil.rmtree(data_dir / "ledger", ignore_errors=True)


@pytest.mark.django_db(transaction=True)
def test_no_message_and_no_event_is_against_what_people_said_at_any_door(workspace: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from troth.messages import configured

    post = Post(workspace)
    monkeypatch.setattr(configured, "installation_channel", lambda url: post)
    run_state_machine_as_test(
        Doors,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
