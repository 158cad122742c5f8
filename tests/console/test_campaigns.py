"""Campaigns: found, written beside a preview as a real person, tried, published, paused, counted; each act is written down."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from typing import Any

import pytest
from django.test import Client

from tests.evidence import GIVEN
from tests.mail_server import Kept
from tests.members import join
from troth.campaigns.editing import create_campaign, update_campaign
from troth.campaigns.models import Campaign
from troth.campaigns.publishing import publish_campaign
from troth.consent.purposes import PurposeTerms, assign, create_purpose
from troth.console.campaigns.reading import estimate_reach, list_event_names, put_condition
from troth.intake.actor import fold_inbox
from troth.intake.commands import Decide, Decision, Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import now_ms
from troth.kernel.worker import drain
from troth.workspaces.models import AuditEntry

WHO = Identity(external_id="7", email="dana@example.com")
DRAFT = {
    "name": "Trial ends",
    "trigger_event": "Trial-Expiring",
    "purpose": "marketing_email",
    "conditions": "",
    "subject": "Three days left, {{ person.first_name }}",
    "html": "<p>Hello {{ person.first_name }}, your plan is {{ event.properties.plan }}.</p>",
    "text": "",
}


@pytest.fixture
def marketer(workspace: Any) -> Client:
    return join(workspace, "marketer")


@pytest.fixture
def dana(workspace: Any) -> int:
    from troth.people.lookup import find_person

    now = now_ms()
    common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
    apply(
        [
            Identify(identity=WHO, attributes={"first_name": "Dana <D>"}, **common),
            Track(identity=WHO, name="trial_expiring", ts=now, properties={"plan": "pro"}, **common),
        ],
        now=now,
    )
    fold_inbox(now)
    return find_person(workspace.pk, "7").person_id


def draft(workspace: Any, **changes: Any) -> Campaign:
    return create_campaign(workspace.pk, **{**DRAFT, "conditions": None, **changes})


def ask(client: Client, workspace: Any, path: str = "", query: str = "") -> str:
    answer = client.get(f"/console/{workspace.pk}/campaigns{path}?{query}")
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def do(client: Client, workspace: Any, path: str, data: Any = None, **headers: str) -> Any:
    return client.post(f"/console/{workspace.pk}/campaigns{path}", data or {}, headers=headers)


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("entry_id").values_list("action", flat=True))


def test_a_workspace_without_campaigns_is_told_what_one_is(marketer: Client, workspace: Any) -> None:
    page = ask(marketer, workspace)
    assert "No campaigns yet" in page
    assert f"/console/{workspace.pk}/campaigns/new" in page
    assert "Write the first one" not in ask(join(workspace, "viewer"), workspace)


def test_campaigns_are_found_by_state_name_and_event(marketer: Client, workspace: Any) -> None:
    publish_campaign(draft(workspace, name="Receipt", trigger_event="paid", purpose="service"))
    draft(workspace, name="Come back")

    def shown(query: str) -> set[str]:
        page = ask(marketer, workspace, "", query)
        return {name for name in ("Receipt", "Come back") if f">{name}</a>" in page}

    assert shown("") == {"Receipt", "Come back"}
    assert shown("state=published") == shown("q=PAID") == {"Receipt"}
    assert shown("q=come") == shown("state=draft") == {"Come back"}
    assert shown("q=nothing") == set()
    assert "No such campaign" in ask(marketer, workspace, "", "q=nothing")


def test_pages_of_campaigns_follow_each_other_without_gap_or_repetition(marketer: Client, workspace: Any) -> None:
    made = [draft(workspace, name=f"C{number:02}").name for number in range(60)]
    seen: list[str] = []
    query = ""
    for _ in range(5):
        answer = marketer.get(f"/console/{workspace.pk}/campaigns{query}")
        seen += [row.campaign.name for row in answer.context["rows"]]
        query = answer.context["older"]
        if not query:
            break
    assert seen == made[::-1]


@pytest.mark.parametrize("place", ["x", "1", f"{2**63 - 1}-1", "9-0", "-1-1"])
def test_a_place_in_the_list_that_makes_no_sense_is_answered(marketer: Client, workspace: Any, place: str) -> None:
    draft(workspace)
    assert marketer.get(f"/console/{workspace.pk}/campaigns?before={place}").status_code == 200


def test_the_list_asks_few_questions_however_many_campaigns(marketer: Client, workspace: Any, django_assert_max_num_queries: Any) -> None:
    for number in range(20):
        draft(workspace, name=f"C{number}")
    with django_assert_max_num_queries(10):
        ask(marketer, workspace)


def test_a_campaign_is_written_saved_and_published(marketer: Client, workspace: Any) -> None:
    assert "id_html" in ask(marketer, workspace, "/new")
    answer = do(
        marketer, workspace, "/new", {**DRAFT, "conditions": '{"property": "plan", "op": "equals", "value": "pro"}', "do": "publish"}
    )
    campaign = Campaign.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"/console/{workspace.pk}/campaigns/{campaign.pk}/publish")
    assert (campaign.trigger_event, campaign.conditions["op"], campaign.state) == ("trial_expiring", "equals", "draft")
    question = ask(marketer, workspace, f"/{campaign.pk}/publish")
    for expected in ("trial_expiring", "plan equals pro", "News and offers by e-mail", "Choose messages by behaviour", "0 persons"):
        assert expected in question
    assert do(marketer, workspace, f"/{campaign.pk}/publish").status_code == 303
    campaign.refresh_from_db()
    assert campaign.state == "published"
    page = ask(marketer, workspace, f"/{campaign.pk}")
    assert "Published: from now on “trial_expiring” counts" in page
    assert actions() == ["campaign.created", "campaign.published"]
    assert AuditEntry.objects.last().detail["name"] == "Trial ends"  # type: ignore[union-attr]


def test_conditions_are_written_in_rows(marketer: Client, workspace: Any, dana: int) -> None:
    rows = {
        "when_match": "any",
        "when_property": ["plan", "seats", ""],
        "when_op": ["equals", "at_least", "equals"],
        "when_value": ["free", "3", ""],
    }
    assert "would lead to nothing" in do(marketer, workspace, "/about", {**DRAFT, **rows, "person": "7"}).content.decode()
    do(marketer, workspace, "/new", {**DRAFT, **rows})
    campaign = Campaign.objects.get()
    assert campaign.conditions == {
        "any": [{"property": "plan", "op": "equals", "value": "free"}, {"property": "seats", "op": "at_least", "value": 3}]
    }
    page = ask(marketer, workspace, f"/{campaign.pk}/edit")
    assert 'name="when_value" value="3"' in page
    assert '<option value="at_least" selected>at least</option>' in page
    refused = do(marketer, workspace, f"/{campaign.pk}/edit", {**DRAFT, **rows, "when_property": ["plan", "", ""]}).content.decode()
    assert "Row 2: the name of a property is missing" in refused


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": ""}, "This field is required."),
        ({"trigger_event": " "}, "This field is required."),
        ({"purpose": "nothing"}, "Select a valid choice"),
        ({"conditions": '{"all": [\n{"property": }]}'}, "Line 2, column 14: this is no JSON"),
        ({"conditions": '{"all": [{"property": "p", "op": "is"}]}'}, "$.all[0].op: choose one of"),
        ({"conditions": "[" * 5000}, "nested too deeply"),
        ({"html": "a\0b"}, "Null characters"),
    ],
)
def test_what_is_wrong_is_told_at_its_place_and_nothing_is_lost(
    marketer: Client, workspace: Any, change: dict[str, str], says: str
) -> None:
    answer = do(marketer, workspace, "/new", {**DRAFT, **change})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert says in page
    assert "your plan is {{ event.properties.plan }}" in page or "html" in change
    assert Campaign.objects.count() == 0


def test_a_broken_template_is_saved_but_not_published(marketer: Client, workspace: Any) -> None:
    campaign = draft(workspace, html="<p>\n{% if %}")
    assert do(marketer, workspace, f"/{campaign.pk}/edit", {**DRAFT, "html": "<p>\n{% if %}", "do": "publish"}).status_code == 303
    for path in ("", "/publish"):
        page = ask(marketer, workspace, f"/{campaign.pk}{path}")
        assert "It cannot be published like this" in page
        assert "html, line 2" in page
    answer = do(marketer, workspace, f"/{campaign.pk}/publish")
    assert "html, line 2" in answer.content.decode()
    assert Campaign.objects.get().state == "draft"


def test_two_who_edit_at_once_do_not_overwrite_each_other(marketer: Client, workspace: Any) -> None:
    campaign = draft(workspace)
    seen = marketer.get(f"/console/{workspace.pk}/campaigns/{campaign.pk}/edit").context["seen"]
    update_campaign(campaign, subject="From somebody else")
    answer = do(marketer, workspace, f"/{campaign.pk}/edit", {**DRAFT, "subject": "Mine", "seen": str(seen - 5)})
    page = answer.content.decode()
    assert "Somebody else saved this campaign meanwhile" in page
    assert 'value="Mine"' in page
    assert Campaign.objects.get().subject == "From somebody else"


def test_changes_of_a_published_campaign_wait_until_they_are_published(marketer: Client, workspace: Any) -> None:
    campaign = publish_campaign(draft(workspace))
    do(marketer, workspace, f"/{campaign.pk}/edit", {**DRAFT, "subject": "Another", "trigger_event": "other"})
    page = ask(marketer, workspace, f"/{campaign.pk}")
    assert "Unpublished changes." in page
    assert "the triggering event, the subject" in page
    assert "</span>changes</span>" in ask(marketer, workspace)
    question = ask(marketer, workspace, f"/{campaign.pk}/publish")
    assert "This changes the triggering event, the subject" in question
    do(marketer, workspace, f"/{campaign.pk}/publish")
    assert "Unpublished changes." not in ask(marketer, workspace, f"/{campaign.pk}")


def test_what_was_edited_after_the_question_is_not_published_by_the_answer(marketer: Client, workspace: Any) -> None:
    campaign = draft(workspace)
    answer = do(marketer, workspace, f"/{campaign.pk}/publish", {"seen": "1"})
    assert answer["Location"].endswith("/publish")
    assert Campaign.objects.get().state == "draft"


def test_a_campaign_is_paused_and_resumed_and_a_draft_deleted(marketer: Client, workspace: Any) -> None:
    campaign = publish_campaign(draft(workspace))
    assert "Messages that are queued still go out: 0." in ask(marketer, workspace, f"/{campaign.pk}/pause")
    do(marketer, workspace, f"/{campaign.pk}/pause")
    assert Campaign.objects.get().state == "paused"
    assert "as it was published last" in ask(marketer, workspace, f"/{campaign.pk}/resume")
    do(marketer, workspace, f"/{campaign.pk}/resume")
    assert Campaign.objects.get().state == "published"
    assert "It can be paused, not deleted" in ask(marketer, workspace, f"/{campaign.pk}/delete")
    do(marketer, workspace, f"/{campaign.pk}/delete")
    own = draft(workspace)
    assert "goes away for good" in ask(marketer, workspace, f"/{own.pk}/delete")
    assert do(marketer, workspace, f"/{own.pk}/delete")["Location"] == f"/console/{workspace.pk}/campaigns"
    assert list(Campaign.objects.values_list("pk", flat=True)) == [campaign.pk]
    assert actions() == ["campaign.paused", "campaign.resumed", "campaign.deleted"]


def test_figures_tell_what_became_of_the_messages_and_why(marketer: Client, workspace: Any, dana: int) -> None:
    campaign = publish_campaign(draft(workspace, trigger_event="bought"))
    now = now_ms()
    common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
    apply([Track(identity=WHO, name="bought", ts=now, **common)], now=now)
    fold_inbox(now)
    apply(
        [
            Decide(identity=WHO, decision=Decision.GRANT, purpose=p, evidence=GIVEN, **common)
            for p in ("marketing_email", "behavioural_profiling")
        ],
        now=now,
    )
    apply([Track(identity=WHO, name="bought", ts=now, **common)], now=now)
    drain(now_ms())
    page = ask(marketer, workspace, f"/{campaign.pk}")
    assert "behavioural profiling: no consent" in page
    assert f"/console/{workspace.pk}/outbox?source=campaign:{campaign.pk}" in page
    answer = marketer.get(f"/console/{workspace.pk}/campaigns/{campaign.pk}")
    assert {one.label: one.value for one in answer.context["figures"].totals} == {"sent": "1", "skipped": "1"}
    (row,) = marketer.get(f"/console/{workspace.pk}/campaigns").context["rows"]
    assert (row.sent, row.skipped) == ("1", "1")
    assert "outbox?" not in ask(join(workspace, "viewer"), workspace, f"/{campaign.pk}")


def test_how_many_a_campaign_may_reach_is_counted_by_the_gate(workspace: Any, dana: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from troth.console import reach

    def says(*purposes: str) -> None:
        now = now_ms()
        common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
        apply([Decide(identity=WHO, decision=Decision.GRANT, purpose=purpose, evidence=GIVEN, **common) for purpose in purposes], now=now)

    assert estimate_reach(workspace.pk, "marketing_email", now_ms()).number == 0
    says("marketing_email")
    assert estimate_reach(workspace.pk, "marketing_email", now_ms()).number == 0
    says("behavioural_profiling")
    assert estimate_reach(workspace.pk, "marketing_email", now_ms()).number == 1
    monkeypatch.setattr(reach, "FEW_PEOPLE", 0)
    assert estimate_reach(workspace.pk, "marketing_email", now_ms()).exact is False


def test_the_mail_is_shown_as_a_real_person_gets_it_and_the_look_is_written_down(marketer: Client, workspace: Any, dana: int) -> None:
    answer = do(marketer, workspace, "/preview", {**DRAFT, "person": "dana@example.com"})
    page = answer.content.decode()
    assert "Hello Dana &lt;D&gt;, your plan is pro." in page  # with her own latest event
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "no-store" in answer["Cache-Control"]
    do(marketer, workspace, "/preview", {**DRAFT, "person": "dana@example.com"})
    (entry,) = AuditEntry.objects.all()
    assert (entry.action, entry.person_id, entry.detail) == ("campaign.previewed", dana, {"campaign": "new"})
    do(marketer, workspace, "/preview", {**DRAFT, "person": "dana@example.com", "campaign": "5"})
    assert actions() == ["campaign.previewed"] * 2


def test_a_preview_takes_a_sample_event_and_shows_the_text_part(marketer: Client, workspace: Any, dana: int) -> None:
    data = {**DRAFT, "person": "7", "event": '{"plan": "free"}', "look": "text"}
    answer = do(marketer, workspace, "/preview", data)
    assert answer["Content-Type"].startswith("text/plain")
    assert "Hello Dana <D>, your plan is free." in answer.content.decode()
    assert "Unsubscribe" in answer.content.decode()
    nobody = do(marketer, workspace, "/preview", DRAFT).content.decode()
    assert "Hello , your plan is ." in nobody


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"html": "<p>\n {% if %}</p>"}, "html, line 2"),
        ({"subject": "{{ x | nope }}"}, "subject, line 1"),
        ({"person": "nobody@example.com"}, "Nobody in this workspace has that identifier"),
        ({"person": "7", "event": "[1]"}, "write an object, like"),
        ({"person": "7", "event": "{\n x"}, "line 2, column 2"),
    ],
)
def test_a_preview_that_cannot_be_says_why(marketer: Client, workspace: Any, dana: int, change: dict[str, str], says: str) -> None:
    for path in ("/preview", "/about"):
        assert says in do(marketer, workspace, path, {**DRAFT, **change}).content.decode()


def test_beside_the_preview_stands_whether_the_person_would_get_it(marketer: Client, workspace: Any, dana: int) -> None:
    data = {**DRAFT, "person": "7", "conditions": '{"property": "plan", "op": "equals", "value": "free"}'}
    page = do(marketer, workspace, "/about", data).content.decode()
    for expected in ("Three days left, Dana &lt;D&gt;", "dana@example.com", "behavioural profiling: no consent", "would lead to nothing"):
        assert expected in page
    service = do(marketer, workspace, "/about", {**DRAFT, "person": "7", "purpose": "service"}).content.decode()
    assert "would let it through" in service


def test_persons_and_events_are_offered_while_one_types(marketer: Client, workspace: Any, dana: int) -> None:
    assert 'data-value="dana@example.com"' in ask(marketer, workspace, "/persons", "q=dan")
    assert ask(marketer, workspace, "/persons", "q=d").strip() == ""
    assert 'data-value="trial_expiring"' in ask(marketer, workspace, "/events", "q=Trial-e")
    assert ask(marketer, workspace, "/events", "q=zzz").strip() == ""
    assert list_event_names(workspace.pk, "", 5) == ["trial_expiring"]
    assert list_event_names(workspace.pk + 1, "", 5) == []


def test_properties_that_events_had_are_offered_whatever_their_values_the_most_frequent_first(marketer: Client, workspace: Any) -> None:
    now = now_ms()
    common: dict[str, Any] = {
        "identity": WHO,
        "name": "Trial-Expiring",
        "ts": now,
        "workspace_id": workspace.pk,
        "source": "api",
        "received_at": now,
    }
    properties: list[dict[str, Any]] = [{"plan": "pro", "seats": 900, "coupon": None}, {"plan": "free", "seats": 1}, {"plan": ["a"]}]
    apply([Track(properties=one, **common) for one in properties], now=now)
    fold_inbox(now)
    page = ask(marketer, workspace, f"/{draft(workspace).pk}/edit")
    at = [page.index(f'data-insert="{{{{ event.properties.{name} }}}}"') for name in ("plan", "seats", "coupon")]
    assert at == sorted(at)


def test_a_test_reaches_the_member_and_nobody_else(marketer: Client, workspace: Any, dana: int, mail_server: Kept) -> None:
    answer = do(marketer, workspace, "/new", {**DRAFT, "person": "7", "do": "test"}, **{"HX-Request": "true"})
    assert "Sent to marketer@example.com" in answer.content.decode()
    assert "<h1" not in answer.content.decode()
    ((recipients, raw),) = mail_server.mails
    mail = message_from_bytes(raw, policy=policy.default)
    assert recipients == ["marketer@example.com"]
    assert mail["Subject"] == "[Test] Three days left, Dana <D>"
    assert mail["List-Unsubscribe"] is None
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "your plan is pro" in html
    assert "/u/test" in html
    assert Campaign.objects.count() == 0
    assert actions() == ["campaign.previewed", "campaign.test_sent"]


def test_without_script_a_test_leaves_the_form_as_it_was(marketer: Client, workspace: Any, mail_server: Kept) -> None:
    campaign = draft(workspace)
    answer = do(marketer, workspace, f"/{campaign.pk}/edit", {**DRAFT, "name": "Half-writ", "do": "test"})
    page = answer.content.decode()
    assert "Sent to marketer@example.com" in page
    assert 'value="Half-writ"' in page
    assert Campaign.objects.get().name == "Trial ends"


def test_a_test_that_cannot_be_sent_says_what_to_do(marketer: Client, workspace: Any, mail_server: Kept, settings: Any) -> None:
    def said(**change: str) -> str:
        return str(do(marketer, workspace, "/new", {**DRAFT, **change, "do": "test"}, **{"HX-Request": "true"}).content.decode())

    assert "html, line 1" in said(html="{% if %}")
    workspace.send_mode = "off"
    workspace.save()
    assert "Sending is off" in said()
    workspace.send_mode = "live"
    workspace.save()
    settings.TROTH_EMAIL_URL = "smtp://127.0.0.1:1"
    assert "The test was not sent." in said()
    settings.TROTH_EMAIL_URL = ""
    assert "no mail server" in said()
    assert mail_server.mails == []
    for _ in range(12):
        said()
    assert "many tests in a minute" in said()
    assert "campaign.test_sent" not in actions()


@pytest.mark.parametrize(
    ("role", "status"), [("owner", 200), ("marketer", 200), ("developer", 403), ("privacy_officer", 403), ("viewer", 403)]
)
def test_only_owners_and_marketers_write_try_and_publish(workspace: Any, role: str, status: int) -> None:
    client, campaign = join(workspace, role), draft(workspace)
    assert client.get(f"/console/{workspace.pk}/campaigns").status_code == 200
    assert client.get(f"/console/{workspace.pk}/campaigns/{campaign.pk}").status_code == 200
    for path in ("new", "events", f"{campaign.pk}/edit", f"{campaign.pk}/publish", f"{campaign.pk}/pause", f"{campaign.pk}/delete"):
        assert client.get(f"/console/{workspace.pk}/campaigns/{path}").status_code == status, path
    for path in ("/preview", "/about"):
        assert do(client, workspace, path, DRAFT).status_code == status


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (None, ""),
        ({"property": "plan", "op": "equals", "value": "pro"}, "plan equals pro"),
        ({"property": "plan", "op": "is_not_set"}, "plan is not set"),
        ({"all": []}, "always"),
        ({"any": []}, "never"),
        (
            {
                "all": [
                    {"property": "n", "op": "at_least", "value": 3},
                    {"any": [{"property": "a", "op": "is_set"}, {"property": "b", "op": "is_set"}]},
                ]
            },
            "n at least 3 and (a is set or b is set)",
        ),
        ({"not": {"property": "a", "op": "in", "value": [1, 2]}}, "not (a in [1, 2])"),
    ],
)
def test_conditions_are_told_as_a_sentence(tree: Any, words: str) -> None:
    assert put_condition(json.loads(json.dumps(tree))) == words


def test_what_a_campaign_reads_stands_beside_its_preview_and_what_is_not_covered_with_the_ways_out(
    marketer: Client, workspace: Any, dana: int
) -> None:
    create_purpose(workspace.pk, "tips", PurposeTerms(name="Recommendations"), now=now_ms())
    assert "Also for" not in ask(marketer, workspace, "/new")
    assign(workspace.pk, "attribute", "first_name", "tips")
    said = do(marketer, workspace, "/about", {**DRAFT, "person": "7"}).content.decode()
    assert "This campaign reads" in said
    assert 'title="`person.first_name` (subject, line 1, column 21), `person.first_name` (html, line 1, column 13)">first_name' in said
    assert "collected for Recommendations · not covered" in said
    assert "through api since" in said
    assert "<li>Declare that the campaign is also for “Recommendations”: then only who agreed to that as well gets the mail.</li>" in said
    assert "would let it through" not in said
    declared = do(marketer, workspace, "/about", {**DRAFT, "person": "7", "also_for": "tips"}).content.decode()
    assert "collected for Recommendations · each person is asked about it" in declared
    assert "Ways out" not in declared


def test_a_campaign_is_declared_to_be_also_for_another_purpose_and_published(marketer: Client, workspace: Any, dana: int) -> None:
    create_purpose(workspace.pk, "tips", PurposeTerms(name="Recommendations"), now=now_ms())
    assign(workspace.pk, "attribute", "first_name", "tips")
    do(marketer, workspace, "/new", DRAFT)
    campaign = Campaign.objects.get()
    for path in ("", "/publish"):
        page = ask(marketer, workspace, f"/{campaign.pk}{path}")
        assert "It cannot be published like this" in page
        assert "The attribute first_name is collected for “Recommendations”" in page
    do(marketer, workspace, f"/{campaign.pk}/publish")
    assert Campaign.objects.get().state == "draft"
    assert 'name="also_for" value="tips">' in ask(marketer, workspace, f"/{campaign.pk}/edit")
    do(marketer, workspace, f"/{campaign.pk}/edit", {**DRAFT, "also_for": "tips"})
    assert 'name="also_for" value="tips" checked>' in ask(marketer, workspace, f"/{campaign.pk}/edit")
    question = ask(marketer, workspace, f"/{campaign.pk}/publish")
    assert "The mail uses data collected for “Recommendations”, so each person is asked about that too." in question
    assert "0 persons, as things stand." in question
    do(marketer, workspace, f"/{campaign.pk}/publish")
    assert Campaign.objects.get().state == "published"
    page = ask(marketer, workspace, f"/{campaign.pk}")
    assert "Nobody gets what was published" not in page
    assert "Recommendations" in page


def test_an_assignment_that_stops_a_published_campaign_is_told_on_its_page(marketer: Client, workspace: Any, dana: int) -> None:
    campaign = publish_campaign(draft(workspace))
    create_purpose(workspace.pk, "tips", PurposeTerms(name="Recommendations"), now=now_ms())
    assign(workspace.pk, "attribute", "first_name", "tips")
    page = ask(marketer, workspace, f"/{campaign.pk}")
    assert "Nobody gets what was published." in page
    assert "Ways out:" in page


def test_how_many_it_may_reach_counts_who_agreed_to_the_further_purposes(workspace: Any, dana: int) -> None:
    now = now_ms()
    create_purpose(workspace.pk, "tips", PurposeTerms(name="Recommendations"), now=now)
    common: dict[str, Any] = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
    assert estimate_reach(workspace.pk, "service", now_ms(), ["tips"]).number == 0
    apply([Decide(identity=WHO, decision=Decision.GRANT, purpose="tips", evidence=GIVEN, **common)], now=now)
    assert estimate_reach(workspace.pk, "service", now_ms(), ["tips"]).number == 1


def test_a_short_message_is_shown_as_a_card_as_a_real_or_made_up_person_gets_it(marketer: Client, workspace: Any, dana: int) -> None:
    from troth.content.library import create_piece
    from troth.content.publishing import publish_piece

    parts = {"en": {"title": "Hi {{ person.first_name }}", "body": "{{ event.properties.plan }} <ends>", "url": "https://acme.example/p"}}
    publish_piece(create_piece(workspace.pk, kind="short", key="ends", parts=parts))
    form = {**DRAFT, "medium": "push", "template_key": "ends", "person": "7"}
    card = do(marketer, workspace, "/preview", form)
    assert "<strong>Hi Dana &lt;D&gt;</strong>" in card.content.decode() and "pro &lt;ends&gt;" in card.content.decode()
    assert "default-src 'none'" in card["Content-Security-Policy"]
    made_up = {**form, "made_up": '{"first_name": "Al"}', "event": '{"plan": "free"}', "look": "text"}
    assert do(marketer, workspace, "/preview", made_up).content.decode() == "Hi Al\nfree <ends>\nhttps://acme.example/p"
    told = do(marketer, workspace, "/about", form).content.decode()
    assert "first_name" in told and "no e-mail address" not in told
    assert "is a stored short message" in do(marketer, workspace, "/about", {**form, "template_key": ""}).content.decode()
    test = do(marketer, workspace, "/new", {**form, "do": "test"}, **{"HX-Request": "true"})
    assert "Only mails can be tried by mail" in test.content.decode()
