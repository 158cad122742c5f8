"""People: found, narrowed, paged; one person whole, corrected, and given what they have a right to."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.members import join
from troth.consent.decisions import load_stances
from troth.consent.models import Standing
from troth.console.people import listing
from troth.intake.actor import fold_inbox
from troth.intake.commands import Decide, Decision, Identify, Identity, Track
from troth.intake.door import apply
from troth.kernel.clock import DAY, now_ms
from troth.kernel.sql import is_sqlite
from troth.people.lookup import PersonNotFound, find_person, load_person
from troth.privacy.models import PrivacyRequest
from troth.workspaces.models import AuditEntry


@pytest.fixture
def officer(workspace: Any) -> Client:
    return join(workspace, "privacy_officer")


def know(workspace: Any, external_id: str, **changes: Any) -> Any:
    """A person with attributes, and when they came if asked."""
    now = now_ms()
    came = changes.pop("came", now)
    identity = Identity(external_id=external_id, **{kind: changes.pop(kind) for kind in ("email", "phone") if kind in changes})
    apply([Identify(identity=identity, attributes=changes, workspace_id=workspace.pk, source="vero", received_at=now)], now=now)
    subject = find_person(workspace.pk, external_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE people_person SET created_at = %s WHERE bucket = %s AND person_id = %s", [came, subject.bucket, subject.person_id]
        )
    return subject


def decide(workspace: Any, external_id: str, decision: Decision, purpose: str = "marketing_email") -> None:
    now = now_ms()
    evidence = {"notice": "Yes, write to me", "default_state": "unchecked", "form": "footer"}
    command = Decide(
        workspace_id=workspace.pk,
        source="api",
        received_at=now,
        identity=Identity(external_id=external_id),
        decision=decision,
        purpose=purpose,
        method="form",
        evidence=evidence,
    )
    apply([command], now=now)


def do(workspace: Any, external_id: str, *names: str) -> None:
    for name in names:
        now = now_ms()
        track = Track(
            identity=Identity(external_id=external_id),
            name=name,
            properties={"plan": "team"},
            ts=now,
            workspace_id=workspace.pk,
            source="vero",
            received_at=now,
        )
        apply([track], now=now)
    fold_inbox(now_ms())


def read(client: Client, workspace: Any, path: str) -> str:
    answer = client.get(f"/console/{workspace.pk}/{path}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def names(page: str) -> list[str]:
    return re.findall(r'<a class="person"[^>]*>([^<]+)</a>', page)


def post(client: Client, workspace: Any, path: str, **fields: Any) -> Any:
    return client.post(f"/console/{workspace.pk}/{path}", fields)


def test_the_list_shows_the_newest_first_and_pages_through_everybody_once(officer: Client, workspace: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "SHOWN", 3)
    for number in range(8):
        know(workspace, f"user-{number}", came=1_000 * (number // 2))
    seen, path = [], "people"
    while path:
        page = read(officer, workspace, path)
        seen += names(page)
        older = re.search(r'href="(\?[^"]*)" rel="next"', page)
        path = f"people{older[1]}" if older else ""
    assert sorted(seen) == [f"user-{number}" for number in range(8)]
    assert {seen[0], seen[1]} == {"user-6", "user-7"}
    assert names(read(officer, workspace, "people?sort=created"))[0] in ("user-0", "user-1")


def test_a_search_finds_by_any_identifier_whole_or_its_beginning(officer: Client, workspace: Any) -> None:
    know(workspace, "user-17", email="dana@example.com", phone="+491701234567")
    know(workspace, "user-18", email="emil@example.com")
    for text in ("user-17", "dana@example.com", "DANA@EXAMPLE.COM", "dana@", "%2B491701234567"):
        assert names(read(officer, workspace, f"people?q={text}")) == ["dana@example.com"], text
    assert len(names(read(officer, workspace, "people?q=user-1"))) == 2
    assert "Nobody found" in read(officer, workspace, "people?q=nobody")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("attribute=plan&value=team", ["a"]),
        ("attribute=plan&op=contains&value=EA", ["a"]),
        ("attribute=seats&value=5", ["b"]),
        ("attribute=seats&op=is_set", ["b"]),
        ("attribute=trial&value=true", ["c"]),
        ("purpose=marketing_email&standing=granted", ["a"]),
        ("purpose=marketing_email&standing=refused", ["b"]),
        ("purpose=marketing_email&standing=none", ["c"]),
        ("has=phone", ["c"]),
        ("tag=vip", ["b"]),
        ("restricted=1", ["c"]),
        ("from=2020-01-01&to=2020-01-31", ["a"]),
    ],
)
def test_the_list_is_narrowed(officer: Client, workspace: Any, query: str, found: list[str]) -> None:
    from troth.intake.commands import EditTags, Restrict

    now = now_ms()
    know(workspace, "a", plan="team", came=1_578_000_000_000)
    know(workspace, "b", seats=5)
    know(workspace, "c", trial=True, phone="+491701234567")
    decide(workspace, "a", Decision.GRANT)
    decide(workspace, "b", Decision.WITHDRAW)
    of = {"workspace_id": workspace.pk, "source": "api", "received_at": now}
    apply([EditTags(identity=Identity(external_id="b"), add=("vip",), **of), Restrict(identity=Identity(external_id="c"), **of)], now=now)
    page = read(officer, workspace, f"people?{query}")
    shown = re.findall(r">([abc]|\+491701234567)</a>", page)
    assert ["c" if name.startswith("+") else name for name in shown] == found


def test_a_filter_that_cannot_be_is_told(officer: Client, workspace: Any) -> None:
    assert "A day is written as" in read(officer, workspace, "people?from=yesterday")
    assert "An attribute is compared by" in read(officer, workspace, "people?attribute=plan&op=like&value=x")


def test_a_rare_match_among_many_does_not_keep_the_page_waiting(officer: Client, workspace: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "LOOKED_AT", 5)
    know(workspace, "rare", plan="gold", came=1)
    for number in range(12):
        know(workspace, f"user-{number}", came=100 + number)
    page = read(officer, workspace, "people?attribute=plan&value=gold")
    assert "Nobody among those looked at" in page
    found: list[str] = []
    for _ in range(3):
        older = re.search(r'href="(\?[^"]*)" rel="next"', page)
        if older:
            page = read(officer, workspace, f"people{older[1].replace('&amp;', '&')}")
            found += names(page)
    assert found == ["rare"]


def test_the_columns_are_chosen_in_the_address(officer: Client, workspace: Any) -> None:
    know(workspace, "user-1", email="dana@example.com", plan="team", seats=3)
    page = read(officer, workspace, "people?columns=plan,seats,updated")
    assert re.findall(r'<td class="long" data-label="(\w+)">([^<]+)</td>', page) == [("plan", "team"), ("seats", "3")]


def test_the_number_of_statements_does_not_grow_with_the_people_shown(officer: Client, workspace: Any) -> None:
    know(workspace, "user-0")
    with CaptureQueriesContext(connection) as few:
        read(officer, workspace, "people")
    for number in range(20):
        know(workspace, f"user-{number}")
    with CaptureQueriesContext(connection) as many:
        read(officer, workspace, "people")
    assert len(many) == len(few)


def test_a_person_is_shown_whole(officer: Client, workspace: Any) -> None:
    subject = know(workspace, "user-1", email="dana@example.com", plan="team")
    do(workspace, "user-1", "invoice_paid", "logged_in")
    decide(workspace, "user-1", Decision.GRANT)
    page = read(officer, workspace, f"people/{subject.person_id}")
    assert "<h1>dana@example.com</h1>" in page
    for expected in (
        "user-1",
        "team",
        "by vero",
        "invoice_paid",
        "logged_in",
        "granted <strong>marketing email</strong>",
        "first known",
        "Yes, write to me",
    ):
        assert expected in page, expected
    assert page.index("logged_in") < page.index("invoice_paid")
    assert AuditEntry.objects.filter(action="person.read", person_id=subject.person_id).count() == 1


def test_the_history_goes_on_page_by_page_and_repeats_nothing(officer: Client, workspace: Any, monkeypatch: Any) -> None:
    from troth.console.people import timeline

    monkeypatch.setattr(timeline, "SHOWN", 4)
    subject = know(workspace, "user-1")
    do(workspace, "user-1", *(f"event_{number}" for number in range(11)))
    decide(workspace, "user-1", Decision.GRANT)
    page, seen = read(officer, workspace, f"people/{subject.person_id}"), []
    for _ in range(9):
        seen += re.findall(r"<strong>(event_\d+|marketing email)</strong>", page)
        older = re.search(r'hx-get="/console/\d+/([^"]+)"', page)
        if not older:
            break
        page = read(officer, workspace, older[1].replace("&amp;", "&"))
    assert sorted(seen) == sorted([*(f"event_{number}" for number in range(11)), "marketing email"])


@pytest.mark.parametrize(
    ("kind", "shown", "hidden"),
    [
        ("events", "invoice_paid", "marketing email"),
        ("decisions", "marketing email", "invoice_paid"),
        ("changes", "first known", "invoice_paid"),
    ],
)
def test_the_history_is_narrowed_to_one_kind(officer: Client, workspace: Any, kind: str, shown: str, hidden: str) -> None:
    subject = know(workspace, "user-1")
    do(workspace, "user-1", "invoice_paid")
    decide(workspace, "user-1", Decision.GRANT)
    history = re.search(r'<ol class="timeline.*</ol>', read(officer, workspace, f"people/{subject.person_id}?kind={kind}"), re.DOTALL)
    assert history is not None
    assert shown in history[0]
    assert hidden not in history[0]


def test_somebody_of_another_workspace_is_not_found(officer: Client, workspace: Any) -> None:
    from troth.workspaces.registry import create_workspace

    other = create_workspace("Other").workspace
    subject = know(other, "user-1")
    for path in (
        "",
        "/timeline",
        "/attribute",
        "/contact",
        "/tags",
        "/export",
        "/erase",
        "/restrict",
        "/object",
        "/withdraw/marketing_email",
    ):
        assert officer.get(f"/console/{workspace.pk}/people/{subject.person_id}{path}").status_code == 404, path
    assert names(read(officer, workspace, "people?q=user-1")) == []


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("text", "gold", "gold"),
        ("number", "12", 12),
        ("number", "1.5", 1.5),
        ("boolean", "true", True),
        ("json", '["a", 1]', ["a", 1]),
        ("remove", "", None),
    ],
)
def test_an_attribute_is_corrected_with_its_type(officer: Client, workspace: Any, kind: str, value: str, kept: Any) -> None:
    subject = know(workspace, "user-1", plan="team")
    answer = post(officer, workspace, f"people/{subject.person_id}/attribute", name="plan", kind=kind, value=value)
    assert answer.status_code == 302
    held = load_person(subject).attributes
    assert held.get("plan") == kept
    assert ("plan" in held) is (kind != "remove")
    request = PrivacyRequest.objects.get(type="rectification")
    assert (request.person_id, request.state) == (subject.person_id, "done")
    entry = AuditEntry.objects.get(action="person.rectified")
    assert entry.detail == {"attribute": "plan"}
    assert "gold" not in json.dumps([entry.detail, request.steps])


def test_a_value_that_does_not_fit_its_type_is_told_and_nothing_changes(officer: Client, workspace: Any) -> None:
    subject = know(workspace, "user-1", plan="team")
    answer = post(officer, workspace, f"people/{subject.person_id}/attribute", name="plan", kind="number", value="a dozen")
    assert answer.status_code == 422
    assert "cannot be read as number" in answer.content.decode()
    assert load_person(subject).attributes == {"plan": "team"}


def test_contact_data_is_corrected_and_removed(officer: Client, workspace: Any) -> None:
    subject = know(workspace, "user-1", email="old@example.com")
    path = f"people/{subject.person_id}/contact"
    assert post(officer, workspace, path, kind="email", value="new@example.com").status_code == 302
    assert names(read(officer, workspace, "people?q=new@example.com")) == ["new@example.com"]
    assert names(read(officer, workspace, "people?q=old@example.com")) == []
    assert post(officer, workspace, path, kind="email", value="").status_code == 302
    assert names(read(officer, workspace, "people?q=user-1")) == ["user-1"]
    assert post(officer, workspace, path, kind="email", value="no address").status_code == 422


def test_tags_are_edited(officer: Client, workspace: Any) -> None:
    subject = know(workspace, "user-1")
    post(officer, workspace, f"people/{subject.person_id}/tags", tags="vip, trial , vip")
    assert sorted(load_person(subject).tags) == ["trial", "vip"]
    post(officer, workspace, f"people/{subject.person_id}/tags", tags="vip")
    assert load_person(subject).tags == ["vip"]


def test_an_export_says_what_it_holds_and_is_recorded(officer: Client, workspace: Any) -> None:
    subject = know(workspace, "user-1", email="dana@example.com", plan="team")
    do(workspace, "user-1", "invoice_paid")
    page = read(officer, workspace, f"people/{subject.person_id}/export")
    assert "Events: what the person did" in page
    answer = post(officer, workspace, f"people/{subject.person_id}/export", format="zip")
    packed = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    assert "invoice_paid" in "".join(packed.read(name).decode(errors="ignore") for name in packed.namelist())
    answer = post(officer, workspace, f"people/{subject.person_id}/export", format="json")
    assert "dana@example.com" in json.dumps(json.loads(b"".join(answer.streaming_content)))
    assert AuditEntry.objects.filter(action="person.exported").count() == 2
    assert PrivacyRequest.objects.filter(type="access", state="done").count() == 2


def test_an_erasure_needs_a_tick_deletes_at_once_and_ends_in_a_certificate(officer: Client, workspace: Any) -> None:
    from troth.privacy.searching.verification import verify_erasure

    subject = know(workspace, "user-1", email="dana@example.com")
    do(workspace, "user-1", "invoice_paid")
    path = f"people/{subject.person_id}/erase"
    assert "Events: what the person did" in read(officer, workspace, path)
    assert post(officer, workspace, path).status_code == 422
    load_person(subject)
    answer = post(officer, workspace, path, sure="1", reason="She asked by mail")
    assert answer.status_code == 302
    with pytest.raises(PersonNotFound):
        load_person(subject)
    request = PrivacyRequest.objects.get(type="erasure")
    assert answer.url == f"/console/{workspace.pk}/desk/{request.pk}"
    page = read(officer, workspace, f"desk/{request.pk}")
    assert "being searched" in page
    assert ("hx-get" in page) is is_sqlite()
    verify_erasure(request)
    page = read(officer, workspace, f"desk/{request.pk}/progress")
    assert ("nothing of the person is left" if is_sqlite() else "Nobody sees the data any more") in page
    assert "hx-get" not in page
    certificate = officer.get(f"/console/{workspace.pk}/desk/{request.pk}/certificate")
    assert json.loads(certificate.content)
    assert "dana" not in certificate.content.decode()
    assert "She asked" not in json.dumps(list(AuditEntry.objects.values_list("detail", "reason")))
    assert officer.get(f"/console/{workspace.pk}/people/{subject.person_id}").status_code == 404


def test_processing_is_restricted_and_the_restriction_lifted_only_when_the_person_was_told(officer: Client, workspace: Any) -> None:
    subject = know(workspace, "user-1")
    path = f"people/{subject.person_id}/restrict"
    assert "nothing else is done with it" in read(officer, workspace, path)
    assert post(officer, workspace, path, reason="accuracy contested").status_code == 302
    page = read(officer, workspace, f"people/{subject.person_id}")
    assert "Processing is restricted." in page
    assert "Lift restriction…" in page
    assert post(officer, workspace, path).status_code == 422
    assert post(officer, workspace, path, told="1").status_code == 302
    assert "Processing is restricted." not in read(officer, workspace, f"people/{subject.person_id}")
    assert [entry.action for entry in AuditEntry.objects.filter(action__startswith="person.restrict").order_by("entry_id")] == [
        "person.restricted",
        "person.restriction_lifted",
    ]


def test_an_objection_counts_for_all_direct_marketing_or_for_what_was_chosen(officer: Client, workspace: Any) -> None:
    subject = know(workspace, "user-1")
    path = f"people/{subject.person_id}/object"
    assert "All direct marketing" in read(officer, workspace, path)
    assert post(officer, workspace, path, scope="chosen").status_code == 422
    assert post(officer, workspace, path, scope="marketing").status_code == 302
    assert "objected to <strong>marketing email</strong>" in read(officer, workspace, f"people/{subject.person_id}")


def test_a_consent_is_withdrawn_by_staff_but_never_given(officer: Client, workspace: Any) -> None:
    subject = know(workspace, "user-1")
    decide(workspace, "user-1", Decision.GRANT)
    page = read(officer, workspace, f"people/{subject.person_id}")
    assert f"people/{subject.person_id}/withdraw/marketing_email" in page
    assert post(officer, workspace, f"people/{subject.person_id}/withdraw/marketing_email").status_code == 302
    assert load_stances([subject.person_id])[subject.person_id]["marketing_email"] == Standing.REFUSED
    assert "/withdraw/marketing_email" not in read(officer, workspace, f"people/{subject.person_id}")


def test_requests_are_listed_with_their_clocks_and_filtered(officer: Client, workspace: Any) -> None:
    subject = know(workspace, "user-1")
    post(officer, workspace, f"people/{subject.person_id}/restrict")
    PrivacyRequest.objects.create(
        workspace_id=workspace.pk,
        type="erasure",
        state="awaiting_confirmation",
        source="segment",
        received_at=now_ms(),
        due_at=now_ms() + 3 * DAY,
        person_id=subject.person_id,
    )
    page = read(officer, workspace, "desk")
    assert "Restriction" in page
    assert "awaiting confirmation" in page
    open_only = read(officer, workspace, "desk?state=open")
    assert "in 3 days" in open_only or "in 2 days" in open_only
    assert ">Restriction<" not in open_only.split("<tbody>")[1]


def test_an_erasure_asked_for_with_a_public_key_is_carried_out_once_confirmed(officer: Client, workspace: Any) -> None:
    subject = know(workspace, "user-1")
    waiting = PrivacyRequest.objects.create(
        workspace_id=workspace.pk,
        type="erasure",
        state="awaiting_confirmation",
        source="segment",
        received_at=now_ms(),
        due_at=now_ms() + 3 * DAY,
        person_id=subject.person_id,
    )
    assert "everyone can see" in read(officer, workspace, f"desk/{waiting.pk}/confirm")
    assert post(officer, workspace, f"desk/{waiting.pk}/confirm").status_code == 302
    with pytest.raises(PersonNotFound):
        load_person(subject)


def test_a_marketer_corrects_but_exercises_no_rights_and_a_viewer_sees_nobody(workspace: Any) -> None:
    subject = know(workspace, "user-1")
    marketer, viewer = join(workspace, "marketer"), join(workspace, "viewer")
    page = read(marketer, workspace, f"people/{subject.person_id}")
    assert "Add…" in page
    assert "Erase…" not in page
    assert marketer.get(f"/console/{workspace.pk}/people/{subject.person_id}/erase").status_code == 403
    assert viewer.get(f"/console/{workspace.pk}/people").status_code == 403
    assert viewer.get(f"/console/{workspace.pk}/people/{subject.person_id}").status_code == 403
