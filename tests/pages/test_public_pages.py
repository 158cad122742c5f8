"""Unsubscribing and choosing, as mail programs, mail scanners and persons do it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from tests.evidence import GIVEN
from tests.web_process import Answer, ask

FORM = "application/x-www-form-urlencoded"


@dataclass
class Dana:
    """A person who agreed to marketing mail, with the token of a mail she got."""

    subject: Any
    token: str

    def standing(self) -> dict[str, int]:
        from troth.consent.decisions import load_stances

        return load_stances([self.subject.person_id]).get(self.subject.person_id, {})

    def records(self) -> list[Any]:
        from troth.consent.models import Record

        return list(Record.objects.filter(bucket=self.subject.bucket, person_id=self.subject.person_id).order_by("record_id"))


@pytest.fixture
def dana(workspace: Any, data_dir: Any) -> Iterator[Dana]:
    import shutil

    from troth.intake.commands import Decide, Decision, Identify, Identity
    from troth.intake.door import apply
    from troth.people.lookup import find_person

    about = {
        "workspace_id": workspace.pk,
        "source": "api",
        "received_at": 1,
        "identity": Identity(external_id="dana", email="dana@example.com"),
    }
    apply([Identify(**about), Decide(decision=Decision.GRANT, purpose="marketing_email", evidence=GIVEN, **about)], now=1)
    subject = find_person(workspace.pk, "dana")
    yield Dana(subject, token_for(subject))
    shutil.rmtree(data_dir / "ledger", ignore_errors=True)


def token_for(subject: Any, message_id: int = 0) -> str:
    from troth.messages.unsubscribe_links import UnsubscribeLink, make_unsubscribe_token

    return make_unsubscribe_token(UnsubscribeLink(subject, "marketing_email", message_id))


@pytest.fixture
def web() -> Client:
    return Client(enforce_csrf_checks=True)


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("page", ["u", "p"])
def test_following_a_link_asks_and_changes_nothing(web: Client, dana: Dana, page: str, method: str) -> None:
    answer = getattr(web, method)(f"/{page}/{dana.token}")
    assert answer.status_code == 200
    assert dana.standing() == {"marketing_email": 1}
    assert len(dana.records()) == 1


def one_click(token: str, body: bytes = b"List-Unsubscribe=One-Click", kind: str = FORM) -> Answer:
    return ask("POST", f"/u/{token}", body, content_type=kind)


def test_one_click_withdraws_at_once_without_cookie_redirect_or_question(dana: Dana) -> None:
    answer = one_click(dana.token)
    assert (answer.status_code, answer.content) == (200, b"Unsubscribed.\n")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert "set-cookie" not in answer.headers
    assert dana.standing() == {"marketing_email": -1}
    assert dana.records()[-1].method == "one_click"
    assert one_click(dana.token).status_code == 200


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "text/plain"),
        (
            b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
        (b"--x broken", "multipart/form-data; boundary=x"),
        (b"junk", "multipart/form-data"),
        (b"{", "application/json"),
        (b"a=%FF", FORM),
    ],
)
def test_a_machine_that_sends_an_odd_body_unsubscribes_all_the_same(dana: Dana, body: bytes, kind: str) -> None:
    assert one_click(dana.token, body, kind).status_code == 200
    assert dana.standing() == {"marketing_email": -1}


def test_the_button_withdraws_and_leads_to_the_choices(web: Client, dana: Dana) -> None:
    action = re.search(r'<form method="post" action="([^"]+)"', web.get(f"/u/{dana.token}").content.decode())
    assert action
    answer = web.post(action[1])
    assert answer.status_code == 200
    assert f'href="/p/{dana.token}"'.encode() in answer.content
    assert dana.standing() == {"marketing_email": -1}
    assert dana.records()[-1].method == "unsubscribe_link"


def test_choices_are_saved_with_what_was_shown(web: Client, dana: Dana) -> None:
    page = web.get(f"/p/{dana.token}").content.decode()
    assert page.count('<input type="checkbox"') == 4
    assert len(re.findall(r'<input type="checkbox"[^>]* checked', page)) == 1
    web.post(f"/p/{dana.token}", {"purpose": ["open_tracking", "service", "nonsense"]})
    assert dana.standing() == {"marketing_email": -1, "open_tracking": 1}
    grant = next(record for record in dana.records() if record.purpose == "open_tracking")
    assert (grant.decision, grant.method, grant.valid) == ("grant", "preference_page", True)
    assert grant.evidence["default_state"] == "unchecked"
    assert grant.evidence["notice_version"].startswith("preferences-")
    for line in grant.evidence["notice"].splitlines():
        assert line in page
    before = len(dana.records())
    answer = web.post(f"/p/{dana.token}", {"purpose": ["open_tracking"]})
    assert b"Nothing to change" in answer.content
    assert len(dana.records()) == before


@pytest.mark.parametrize("page", ["u", "p"])
@pytest.mark.parametrize("token", ["x", "A" * 80, "A" * 5_000, "ü", "-_-"])
def test_a_forged_link_leads_nowhere(web: Client, dana: Dana, page: str, token: str) -> None:
    posted = one_click(token) if page == "u" else web.post(f"/p/{token}")
    for answer in (web.get(f"/{page}/{token}"), posted, web.post(f"/u/{token}/stop")):
        assert answer.status_code == 404
    other = "B" if dana.token[-3] == "A" else "A"
    assert web.get(f"/{page}/{dana.token[:-3]}{other}{dana.token[-2:]}").status_code == 404
    assert dana.standing() == {"marketing_email": 1}


def test_the_link_of_a_test_mail_withdraws_nothing_and_says_so(web: Client, dana: Dana) -> None:
    for answer in (web.get("/u/test"), one_click("test")):
        assert answer.status_code == 200
        assert b"This was a test" in answer.content
    assert dana.standing() == {"marketing_email": 1}


def test_the_link_of_an_erased_person_says_that_nothing_is_held(web: Client, dana: Dana) -> None:
    from troth.people.models import Person
    from troth.privacy.erasure.erasing import erase_person

    erase_person(dana.subject, now=2_000_000_000_000, source="api")
    for page in ("u", "p"):
        answer = web.get(f"/{page}/{dana.token}")
        assert answer.status_code == 200
        assert b"Nothing is held about you" in answer.content
    assert one_click(dana.token).status_code == 200
    assert web.post(f"/p/{dana.token}", {"purpose": "open_tracking"}).status_code == 200
    assert not Person.objects.exists()


def test_the_link_in_an_older_mail_still_works_after_a_merge(web: Client, dana: Dana) -> None:
    from troth.intake.commands import Alias, Identify, Identity
    from troth.intake.door import apply
    from troth.kernel.clock import now_ms
    from troth.messages.models import Message
    from troth.people.lookup import find_person

    now = now_ms()
    message = send_a_message(dana.subject, now)
    token = token_for(dana.subject, message.message_id)
    about = {"workspace_id": dana.subject.workspace_id, "source": "api", "received_at": now}
    apply([Identify(identity=Identity(external_id="dana-2"), **about)], now=now)
    apply([Alias(identity=Identity(external_id="dana-2"), previous=Identity(external_id="dana"), **about)], now=now)
    merged = find_person(dana.subject.workspace_id, "dana-2")
    assert merged.person_id != dana.subject.person_id
    assert Message.objects.get().person_id == merged.person_id
    assert one_click(token).status_code == 200
    assert Dana(merged, token).standing() == {"marketing_email": -1}


def send_a_message(subject: Any, now: int) -> Any:
    """A message in the queue, as a campaign makes it."""
    from troth.kernel.ids import new_row_id
    from troth.messages.models import Message

    return Message.objects.create(
        bucket=subject.bucket,
        person_id=subject.person_id,
        message_id=new_row_id(),
        workspace_id=subject.workspace_id,
        source="campaign:1",
        occurrence=1,
        channel="email",
        purpose="marketing_email",
        is_marketing=True,
        template_id=0,
        state="sent",
        due_at=now,
        created_at=now,
    )


def test_somebody_who_shares_an_address_grants_only_for_themselves(web: Client, workspace: Any) -> None:
    from troth.intake.commands import Identify, Identity
    from troth.intake.door import apply
    from troth.people.lookup import find_person

    about = {"workspace_id": workspace.pk, "source": "api", "received_at": 1}
    people = []
    for name in ("erin", "frank"):
        apply([Identify(identity=Identity(external_id=name, email="home@example.com"), **about)], now=1)
        people.append(Dana(find_person(workspace.pk, name), token_for(find_person(workspace.pk, name))))
    web.post(f"/p/{people[0].token}", {"purpose": "marketing_email"})
    assert people[0].standing() == {"marketing_email": 1}
    assert people[1].standing() == {}


def test_pages_are_not_indexed_not_cached_and_tell_no_referrer(web: Client, dana: Dana) -> None:
    for answer in (
        web.get(f"/u/{dana.token}"),
        web.get(f"/p/{dana.token}"),
        web.get("/u/x"),
        web.post(f"/u/{dana.token}/stop"),
    ):
        assert answer["X-Robots-Tag"] == "noindex, nofollow"
        assert answer["Cache-Control"] == "no-store"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert not answer.cookies
        assert b"<script" not in answer.content
        assert b"style=" not in answer.content


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
def test_other_methods_are_refused(web: Client, dana: Dana, method: str) -> None:
    assert getattr(web, method)(f"/u/{dana.token}").status_code == 405


def test_a_name_with_markup_is_shown_as_text(web: Client, dana: Dana) -> None:
    from troth.workspaces.models import Workspace

    Workspace.objects.update(name="<script>alert(1)</script>")
    assert b"<script" not in web.get(f"/p/{dana.token}").content
