"""One-click unsubscribe (RFC 8058) as mailbox providers do it: from the headers of a mail that was really sent, over real sockets."""

from __future__ import annotations

import asyncio
import http.client
import re
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import LazySettings
from django.test import Client

from tests.mail_server import Kept, run_mail_server
from tests.messages.posting import Post
from tests.web_process import ask, serving
from troth.consent.decisions import load_stances
from troth.consent.models import Record
from troth.intake.commands import Identify, Identity
from troth.intake.errors import DoorUnavailable
from troth.kernel.clock import now_ms
from troth.kernel.personal_data import Subject
from troth.messages.noting import Noting
from troth.messages.sending import send_due
from troth.pages.lean import Lean

PLAIN = b"List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"
WRAPPED = (
    b'------=_Part_7_1\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n'
    b"Content-Type: text/plain; charset=UTF-8\r\n\r\nOne-Click\r\n------=_Part_7_1--\r\n"
)
BODIES: dict[str, tuple[bytes, dict[str, str]]] = {
    "a form": (PLAIN, {"Content-Type": FORM}),
    "a form with its character set": (PLAIN, {"Content-Type": f"{FORM}; charset=UTF-8"}),
    "a form and a line end": (PLAIN + b"\r\n", {"Content-Type": FORM}),
    "a form with spaces around": (b" List-Unsubscribe=One-Click ", {"Content-Type": f" {FORM} "}),
    "a form, encoded more than needed": (b"List%2DUnsubscribe=One%2DClick", {"Content-Type": FORM}),
    "a multipart form": (WRAPPED, {"Content-Type": 'multipart/form-data; boundary="----=_Part_7_1"'}),
    "a form without a word on what it is": (PLAIN, {}),
}
SCANNER = {"User-Agent": "Mozilla/5.0 (compatible; LinkScanner/1.0)"}


@pytest.fixture
def mails(settings: LazySettings) -> Iterator[Kept]:
    """A real mail server."""
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        yield kept


def send_to(workspace: Any, mails: Kept, names: Sequence[str]) -> dict[str, tuple[Subject, EmailMessage]]:
    """Marketing mail to people who agreed to it, as it reached their mailboxes."""
    post = Post(workspace)
    people = {f"{name}@example.com": post.person(name) for name in names}
    for subject in people.values():
        post.queue(subject, purpose="marketing_email")
    send_due(now_ms())
    sent = {}
    for recipients, raw in mails.mails:
        mail = message_from_bytes(raw, policy=default)
        assert isinstance(mail, EmailMessage)
        sent[recipients[0].split("@")[0]] = (people[recipients[0]], mail)
    assert set(sent) == set(names)
    return sent


def path_of(mail: EmailMessage) -> str:
    """Where the mail's header says to post."""
    found = re.fullmatch(r"<(https?://[^>]+)>", "".join(str(mail["List-Unsubscribe"]).split()))
    assert found
    return urlsplit(found[1]).path


def request(
    port: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return found


def standing(subject: Subject) -> int:
    return load_stances([subject.person_id])[subject.person_id]["marketing_email"]


def test_every_form_in_which_providers_post_unsubscribes_without_cookie_origin_or_redirect(workspace: Any, mails: Kept) -> None:
    names = [f"person{number}" for number in range(len(BODIES))]
    sent = send_to(workspace, mails, names)
    with serving() as port:
        for name, (how, (body, headers)) in zip(names, BODIES.items(), strict=True):
            subject, mail = sent[name]
            assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            assert standing(subject) == 1
            status, answered, content = request(port, "POST", path_of(mail), body, headers)
            assert (status, content) == (200, b"Unsubscribed.\n"), how
            assert not {"location", "set-cookie"} & answered.keys()
            # It was durable before it was answered: another connection reads it at once.
            assert standing(subject) == -1, how
            record = Record.objects.filter(bucket=subject.bucket, person_id=subject.person_id, purpose="marketing_email").latest(
                "record_id"
            )
            assert (record.method, record.decision) == ("one_click", "withdraw")
            assert record.evidence["message_id"]
        subject, mail = sent[names[0]]
        assert request(port, "POST", path_of(mail), iter([PLAIN[:10], PLAIN[10:]]), {"Content-Type": FORM})[0] == 200  # type: ignore[arg-type] -- chunked


def test_what_scanners_and_mail_programs_fetch_ahead_changes_nothing(workspace: Any, mails: Kept) -> None:
    subject, mail = send_to(workspace, mails, ["dana"])["dana"]
    path = path_of(mail)
    with serving() as port:
        assert b"Nothing has changed yet" in request(port, "GET", path)[2]
        for ahead in (SCANNER, {"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}):
            for method in ("GET", "HEAD"):
                assert request(port, method, path, headers=ahead)[0] == 200
                assert request(port, method, f"{path}/stop", headers=ahead)[0] == 302
        for method in ("OPTIONS", "PUT", "DELETE", "PATCH"):
            assert request(port, method, path)[0] == 405
    assert standing(subject) == 1
    assert Record.objects.filter(purpose="marketing_email").count() == 1


def test_whoever_gets_the_mail_forwarded_learns_nothing_of_its_person(workspace: Any, mails: Kept) -> None:
    post = Post(workspace)
    subject, mail = send_to(workspace, mails, ["dana"])["dana"]
    post.say(Identify(identity=Identity(external_id="dana"), attributes={"first_name": "Danaë", "plan": "platinum"}, **post.common))
    token = path_of(mail).removeprefix("/u/")
    web = Client()
    pages = [web.get(f"/u/{token}"), web.post(f"/u/{token}/stop"), web.get(f"/p/{token}")]
    texts = [page.content.decode().replace(token, "") for page in pages]
    for told in ("dana", "Danaë", "platinum", "example.com", str(subject.person_id)):
        assert not any(told in text for text in texts)
    assert str(subject.person_id) not in token


class Door:
    """A door that cannot write."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def submit(self, commands: Sequence[Any]) -> list[Any]:
        raise self.error


@pytest.mark.parametrize(("error", "status"), [(DoorUnavailable(), 503), (RuntimeError(), 500)])
def test_what_is_not_durable_is_not_answered_as_done(workspace: Any, mails: Kept, error: Exception, status: int) -> None:
    subject, mail = send_to(workspace, mails, ["dana"])["dana"]
    answered: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": PLAIN}

    async def send(message: Any) -> None:
        answered.append(message)

    lean = Lean(Door(error), Noting(lambda chore: chore()))
    asyncio.run(lean({"type": "http", "method": "POST", "path": path_of(mail), "headers": []}, receive, send))
    assert answered[0]["status"] == status
    assert standing(subject) == 1


def test_a_process_for_machines_alone_answers_providers_and_pictures(workspace: Any, mails: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    from troth.project import asgi

    subject, mail = send_to(workspace, mails, ["dana"])["dana"]
    monkeypatch.setattr(asgi, "INGEST_ONLY", True)
    assert ask("POST", path_of(mail), PLAIN, content_type=FORM).status_code == 200
    assert standing(subject) == -1
    assert ask("GET", "/t/o/x.gif")["content-type"] == "image/gif"
    assert ask("GET", path_of(mail)).status_code == 404
