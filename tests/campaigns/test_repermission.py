"""Asking again for consent that is lacking: lawfully, once, and with the answers counted."""

from __future__ import annotations

import re
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.evidence import GIVEN
from tests.messages.posting import Post
from troth.campaigns import repermission_asking
from troth.campaigns.models import AskingState, Repermission
from troth.campaigns.repermission import (
    RepermissionInvalid,
    RepermissionStateWrong,
    count_answers,
    create_repermission,
    edit_repermission,
    start_repermission,
    stop_repermission,
)
from troth.campaigns.repermission_asking import ask_next
from troth.consent.catalog import MARKETING_EMAIL, SERVICE, forget_catalogs, load_catalog
from troth.consent.decisions import INSERT_STANCE, load_facts, load_stances
from troth.consent.gate import Operation, reason_against
from troth.consent.lacking import MAY_BE_ASKED, STANCE, find_lack, lack_in_sql
from troth.consent.models import Purpose, Record, Standing
from troth.consent.notices import publish_notice, save_draft, save_notice
from troth.consent.purposes import find_purpose, revise_purpose, terms_of
from troth.content.errors import ContentError
from troth.intake.commands import Decide, Decision, Identify, Identity, Restrict
from troth.kernel.clock import now_ms
from troth.kernel.ids import bucket_of, new_person_id
from troth.messages.models import Message, State
from troth.messages.sending import send_due
from troth.people.lookup import find_person
from troth.people.queries import Profile, insert_persons

SAYS = {"controller": "Acme Ltd", "purposes": "news about shoes", "data": "address", "withdrawal": "a link in every mail"}
FIELDS = {
    "purpose": MARKETING_EMAIL,
    "notice": "news",
    "ground": SERVICE,
    "subject": "May we write to you?",
    "html": '<p>Hello. <a href="{{ ask_url }}">Answer here</a></p>',
}


class Asker:
    """A workspace with a published notice, and people who stand differently."""

    def __init__(self, post: Post) -> None:
        self.post, self.workspace = post, post.workspace
        save_notice(self.workspace.pk, "news", title="News", purposes=[MARKETING_EMAIL])
        for language, text in (("en", "Acme Ltd writes once a week."), ("de", "Acme Ltd schreibt einmal in der Woche.")):
            save_draft(self.workspace.pk, "news", language, text=text, says=SAYS)
        publish_notice(self.workspace.pk, "news", material=False, now=1)

    def person(self, name: str, decision: Decision | None = None, **evidence: Any) -> Any:
        who = Identity(external_id=name, email=f"{name}@example.com")
        common = {**self.post.common, "received_at": now_ms()}
        self.post.say(Identify(identity=who, **common))
        if decision:
            self.post.say(Decide(identity=who, decision=decision, purpose=MARKETING_EMAIL, evidence=evidence, **common))
        return find_person(self.workspace.pk, name)

    def revise(self, **terms: Any) -> None:
        purpose = find_purpose(self.workspace.pk, MARKETING_EMAIL)
        now = terms.pop("now", now_ms() + 1)
        for name, value in terms.items():
            setattr(purpose, name, value)
        revise_purpose(self.workspace.pk, MARKETING_EMAIL, terms_of(purpose), material=True, now=now)

    def ask(self, **changes: str) -> Repermission:
        """Ask everybody, and send."""
        made = start_repermission(create_repermission(self.workspace.pk, {**FIELDS, **changes}, now=now_ms()), now=now_ms() + 60_000)
        while ask_next(now_ms()):
            pass
        while send_due(now_ms() + 1):
            pass
        made.refresh_from_db()
        return made

    def asked(self) -> list[str]:
        return sorted(one.recipient for one in self.post.sent)

    def page(self, recipient: str) -> str:
        """The path of the page that a person's mail leads to."""
        raw = next(one.mail for one in self.post.sent if one.recipient == recipient)
        part = message_from_bytes(raw, policy=default).get_body(("html",))
        assert part is not None
        found = re.search(r'href="http://[^/]*(/a/[^"]+)"', part.get_content())
        assert found
        return found[1]

    def standing(self, subject: Any) -> int | None:
        return load_stances([subject.person_id]).get(subject.person_id, {}).get(MARKETING_EMAIL)


@pytest.fixture
def asker(post: Post) -> Asker:
    return Asker(post)


def test_those_who_lack_a_consent_are_asked_and_nobody_who_said_no(asker: Asker) -> None:
    asker.person("missing")
    asker.person("unknown", Decision.GRANT)
    asker.person("given", Decision.GRANT, **GIVEN)
    asker.person("refused", Decision.REFUSE)
    asker.person("withdrawn", Decision.WITHDRAW)
    asker.person("objected", Decision.OBJECT)
    asker.person("restricted")
    asker.post.say(Restrict(identity=Identity(external_id="restricted"), **asker.post.common))
    made = asker.ask()
    assert asker.asked() == ["missing@example.com", "unknown@example.com"]
    assert made.state == AskingState.DONE
    assert made.counts == {"asked": 2, "asked:missing": 1, "asked:unknown": 1, "has_consent": 1, "withdrawn": 3, "restricted": 1}


def test_an_old_consent_is_asked_for_again(asker: Asker) -> None:
    asker.person("dana", Decision.GRANT, **GIVEN)
    asker.revise(recipients=["A printer"])
    assert asker.ask().counts == {"asked": 1, "asked:purpose_changed": 1}


def test_where_a_change_leaves_consents_alone_people_are_asked_and_still_written_to(asker: Asker) -> None:
    subject = asker.person("dana", Decision.GRANT, **GIVEN)
    purpose = find_purpose(asker.workspace.pk, MARKETING_EMAIL)
    purpose.on_change = "ask_again"
    purpose.save()
    asker.revise(recipients=["A printer"])
    facts = load_facts(asker.workspace.pk, [subject.person_id], MARKETING_EMAIL)[subject.person_id]
    assert reason_against(facts, Operation.MESSAGE, now_ms()) == ""
    assert asker.ask().counts == {"asked": 1, "asked:asked_again": 1}


def test_nobody_is_asked_twice_for_the_same(asker: Asker) -> None:
    asker.person("dana")
    asker.ask()
    assert asker.ask().counts == {"asked_before": 1}
    assert len(asker.post.sent) == 1


def test_a_change_of_the_purpose_allows_one_more_question(asker: Asker) -> None:
    asker.person("dana")
    asker.ask()
    Repermission.objects.update(started_at=1_000)
    asker.revise(recipients=["A printer"])
    assert asker.ask().counts == {"asked": 1, "asked:missing": 1}


def test_the_mail_needs_a_ground_of_its_own(asker: Asker) -> None:
    Purpose.objects.create(
        workspace_id=asker.workspace.pk, key="customers", name="Customers", legal_basis="legitimate_interest", is_marketing=True
    )
    forget_catalogs()
    asker.person("dana")
    asker.person("erin")
    erin = Identity(external_id="erin")
    asker.post.say(Decide(identity=erin, decision=Decision.OBJECT, purpose="customers", **asker.post.common))
    made = asker.ask(ground="customers")
    assert made.counts == {"asked": 1, "asked:missing": 1, "no_ground": 1}
    assert asker.asked() == ["dana@example.com"]
    assert b"List-Unsubscribe-Post" in asker.post.sent[0].mail
    assert [(one["operation"], one["allow"]) for one in Message.objects.get().decisions] == [
        ("ask", True),
        ("message", True),
        ("hand_over", True),
        ("ask", True),
    ]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"purpose": SERVICE}, "nothing to ask for"),
        ({"notice": "other"}, "published notice"),
        ({"ground": MARKETING_EMAIL}, "cannot rest on the consent"),
        ({"html": "<p>Hello</p>"}, "ask_url"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_remedy(asker: Asker, changes: dict[str, str], says: str) -> None:
    with pytest.raises(RepermissionInvalid, match=says):
        create_repermission(asker.workspace.pk, {**FIELDS, **changes}, now=1)
    assert not Repermission.objects.exists()


def test_a_broken_mail_is_told_with_its_place(asker: Asker) -> None:
    with pytest.raises(ContentError, match="line 1"):
        create_repermission(asker.workspace.pk, {**FIELDS, "html": "{% if %}"}, now=1)


def test_who_decides_while_the_mail_waits_is_not_asked(asker: Asker) -> None:
    asker.person("dana")
    made = start_repermission(create_repermission(asker.workspace.pk, FIELDS, now=now_ms()), now=now_ms())
    while ask_next(now_ms()):
        pass
    asker.post.say(Decide(identity=Identity(external_id="dana"), decision=Decision.REFUSE, purpose=MARKETING_EMAIL, **asker.post.common))
    send_due(now_ms() + 1)
    assert asker.post.sent == []
    assert Message.objects.get().reason == "marketing_email:withdrawn"
    assert count_answers(made).sent == 0


def test_an_asking_can_be_stopped_and_taken_up_again(asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repermission_asking, "BATCH", 2)
    for number in range(5):
        asker.person(f"p{number}")
    made = create_repermission(asker.workspace.pk, FIELDS, now=now_ms())
    with pytest.raises(RepermissionStateWrong):
        stop_repermission(made, now=now_ms())
    start_repermission(made, now=now_ms() + 1)
    ask_next(now_ms())
    stop_repermission(made, now=now_ms())
    assert [ask_next(now_ms()), send_due(now_ms() + 1), asker.post.sent] == [False, False, []]
    assert set(Message.objects.values_list("state", flat=True)) == {State.CANCELLED}
    start_repermission(made, now=now_ms() + 1)
    while ask_next(now_ms()):
        pass
    send_due(now_ms() + 1)
    assert asker.asked() == [f"p{number}@example.com" for number in range(5)]
    made.refresh_from_db()
    assert made.counts["asked"] == 5
    with pytest.raises(RepermissionStateWrong):
        edit_repermission(made, {"subject": "Other"})
    with pytest.raises(RepermissionStateWrong):
        start_repermission(made, now=now_ms())


Answer = Callable[[str, str], Any]


@pytest.fixture
def answer(asker: Asker) -> Answer:
    def press(recipient: str, button: str) -> Any:
        path = asker.page(recipient)
        page = Client().get(path).content.decode()
        hidden = dict(re.findall(r'name="(notice_version|language)" value="([^"]*)"', page))
        return Client().post(path, {**hidden, "answer": button})

    return press


def test_a_yes_is_a_consent_with_all_that_proves_it(asker: Asker, answer: Answer) -> None:
    dana = asker.person("dana")
    made = asker.ask()
    page = Client().get(asker.page("dana@example.com"), headers={"accept-language": "de"}).content.decode()
    assert "Acme Ltd schreibt einmal in der Woche." in page
    assert "Nein, danke" in page
    assert asker.standing(dana) is None
    told = answer("dana@example.com", "yes").content.decode()
    assert "It counts from now on" in told
    receipt = re.search(r'href="(/r/[^"]+)"', told)
    assert receipt
    assert Client().get(receipt[1]).status_code == 200
    record = Record.objects.get(person_id=dana.person_id)
    assert (record.decision, record.valid, record.method, record.notice, record.language) == ("grant", True, "asked", "news", "en")
    assert record.evidence["control_label"] == "Yes, I agree"
    assert asker.standing(dana) == Standing.GRANTED
    assert (count_answers(made).sent, count_answers(made).agreed, count_answers(made).declined) == (1, 1, 0)


def test_a_no_is_kept_and_ends_all_asking(asker: Asker, answer: Answer) -> None:
    dana = asker.person("dana")
    made = asker.ask()
    assert "You will not be asked for this again" in answer("dana@example.com", "no").content.decode()
    assert asker.standing(dana) == Standing.REFUSED
    assert Record.objects.get(person_id=dana.person_id).state == "ConsentRefused"
    assert count_answers(made).declined == 1
    Repermission.objects.update(started_at=1)
    asker.revise(recipients=["A printer"])
    assert asker.ask().counts == {"withdrawn": 1}


def test_looking_at_the_page_or_answering_nonsense_changes_nothing(asker: Asker) -> None:
    dana = asker.person("dana")
    asker.ask()
    path = asker.page("dana@example.com")
    Client().get(path)
    Client().head(path)
    Client().post(path, {"answer": "perhaps"})
    Client().post(path)
    assert asker.standing(dana) is None
    assert Client().get("/a/AAAA").status_code == 404
    assert Client().post("/a/test", {"answer": "yes"}).status_code == 200
    assert not Record.objects.exists()


def test_a_tester_cannot_answer_for_the_person(asker: Asker) -> None:
    asker.person("dana")
    asker.workspace.send_mode, asker.workspace.test_address = "test", "tester@example.com"
    asker.workspace.save()
    asker.ask()
    assert asker.page("tester@example.com") == "/a/test"


LIVES = st.tuples(st.sampled_from([*Standing, None]), st.integers(1, 5), st.none() | st.integers(1, 5))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(people=st.lists(LIVES, min_size=1, max_size=8), since=st.integers(0, 5), changed=st.integers(0, 5), at=st.integers(1, 6))
def test_what_is_lacking_is_the_same_for_one_and_for_many(workspace: Any, people: Any, since: int, changed: int, at: int) -> None:
    load_catalog(workspace.pk)
    Purpose.objects.filter(workspace_id=workspace.pk, key=MARKETING_EMAIL).update(material_since=since, changed_at=max(since, changed))
    forget_catalogs()
    ids = [new_person_id() for _ in people]
    insert_persons([(person_id, workspace.pk, Profile({}, {}, []), 1) for person_id in ids])
    rule = load_catalog(workspace.pk).require(MARKETING_EMAIL)
    with connection.cursor() as cursor:
        for person_id, (standing, decided_at, valid_until) in zip(ids, people, strict=True):
            if standing is not None:
                cursor.execute(
                    f"{INSERT_STANCE} VALUES (%s, %s, %s, 1, %s, 1, %s, %s, 1)",
                    [bucket_of(person_id), person_id, MARKETING_EMAIL, int(standing), decided_at, valid_until],
                )
        expression, values = lack_in_sql(rule, at)
        marks = ",".join(["%s"] * len(ids))
        cursor.execute(
            f"SELECT p.person_id, {expression} FROM people_person p LEFT JOIN {STANCE} WHERE p.person_id IN ({marks})",
            [*values, MARKETING_EMAIL, *ids],
        )
        by_set = dict(cursor.fetchall())
    facts = load_facts(workspace.pk, ids, MARKETING_EMAIL)
    assert by_set == {person_id: find_lack(facts[person_id], at).value for person_id in ids}
    for person_id in ids:
        assert (find_lack(facts[person_id], at) in MAY_BE_ASKED) is (reason_against(facts[person_id], Operation.ASK, at) == "")
