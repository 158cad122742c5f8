"""Logging in and out, second factors, sessions, passwords: through the pages, on whichever database the tests run."""

from __future__ import annotations

import html
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core.management import CommandError, call_command
from django.test import Client

from troth.workspaces.models import Member, User

ACCOUNT = "/console/account/"
LOGIN = f"{ACCOUNT}login/"
EMAIL, PASSWORD = "alice@example.com", "correct horse battery"


@pytest.fixture
def alice(workspace: Any) -> User:
    user = User.objects.create_user(EMAIL, PASSWORD, name="Alice")
    Member.objects.create(user=user, workspace=workspace, role="owner")
    return user


def log_in(client: Client, password: str = PASSWORD, email: str = EMAIL, **extra: str) -> Any:
    return client.post(LOGIN, {"login": email, "password": password, **extra})


@pytest.fixture
def member(alice: User) -> Client:
    client = Client()
    assert log_in(client)["Location"] == "/console/"
    return client


def is_inside(client: Client) -> bool:
    return client.get(ACCOUNT).status_code == 200


def confirm(client: Client) -> None:
    assert client.post(f"{ACCOUNT}reauthenticate/", {"password": PASSWORD}).status_code == 302


def code_for(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def add_app(client: Client) -> str:
    """Turn on an authenticator app; its secret."""
    confirm(client)
    page = client.get(f"{ACCOUNT}two-factor/app/add/")
    secret: str = page.context["form"].secret
    assert client.post(f"{ACCOUNT}two-factor/app/add/", {"code": code_for(secret)}).status_code == 302
    return secret


def forget_attempts() -> None:
    from troth.console.models import CacheEntry

    CacheEntry.objects.all().delete()


# --- password


def test_a_member_logs_in_however_the_address_is_typed_and_goes_where_they_wanted(alice: User) -> None:
    client = Client()
    assert client.get("/console/")["Location"] == f"{LOGIN}?next=/console/"
    assert log_in(client, email=" ALICE@example.com ", next="/console/account/sessions/")["Location"] == "/console/account/sessions/"
    assert is_inside(client)


def test_a_log_in_never_leads_to_another_host(alice: User) -> None:
    assert log_in(Client(), next="https://evil.example/")["Location"] == "/console/"


def test_wrong_password_unknown_address_and_closed_user_are_told_apart_by_nothing(alice: User) -> None:
    User.objects.create_user("bob@example.com", PASSWORD, is_active=False)
    pages = []
    for email, password in ((EMAIL, "wrong"), ("nobody@example.com", PASSWORD), ("bob@example.com", PASSWORD)):
        page = log_in(Client(), password, email)
        assert page.status_code == 200
        text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page.content.decode())
        pages.append(text.replace(email, "").replace(html.escape(email), ""))
    assert "do not fit together" in pages[0]
    assert len(set(pages)) == 1


def test_one_logs_out_with_a_click_not_with_a_link(member: Client) -> None:
    assert b"Log out?" in member.get(f"{ACCOUNT}logout/").content
    assert is_inside(member)
    assert member.post(f"{ACCOUNT}logout/")["Location"] == LOGIN
    assert not is_inside(member)


@pytest.mark.django_db
def test_nobody_signs_up_by_themselves() -> None:
    client = Client()
    assert b"by invitation" in client.get(f"{ACCOUNT}signup/").content
    client.post(f"{ACCOUNT}signup/", {"email": "mallory@example.com", "password1": PASSWORD})
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("password", "says"),
    [("short", "at least 10 characters"), ("password1234", "too guessable"), ("alice@example.com", "too similar"), ("x" * 80, "72")],
)
def test_a_weak_password_is_refused_and_says_why(member: Client, password: str, says: str) -> None:
    fields = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    assert says in member.post(f"{ACCOUNT}password/change/", fields).content.decode()
    assert User.objects.get().check_password(PASSWORD)


def test_a_new_password_ends_the_other_sessions(member: Client) -> None:
    elsewhere = Client()
    log_in(elsewhere)
    fields = {"oldpassword": PASSWORD, "password1": "four unusual pears dance", "password2": "four unusual pears dance"}
    assert member.post(f"{ACCOUNT}password/change/", fields)["Location"] == ACCOUNT
    assert is_inside(member)
    assert not is_inside(elsewhere)
    assert log_in(Client()).status_code == 200
    assert log_in(Client(), "four unusual pears dance").status_code == 302


def test_passwords_are_kept_as_argon2(alice: User, settings: Any) -> None:
    assert User.objects.get().password.startswith("argon2$argon2id$")
    # That class itself, and so the cost that Django thinks right; only the test process asks for less.
    assert settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.Argon2PasswordHasher"]


def test_the_command_line_sets_a_password_and_ends_all_sessions(member: Client) -> None:
    with pytest.raises(CommandError, match="guessable"):
        call_command("user_password", EMAIL, password="password1234")
    call_command("user_password", EMAIL, password="four unusual pears dance")
    assert not is_inside(member)
    assert log_in(Client(), "four unusual pears dance").status_code == 302


# --- limits


def test_after_five_wrong_passwords_an_address_has_to_wait_whoever_asks(alice: User) -> None:
    for number in range(5):
        assert b"do not fit together" in log_in(Client(REMOTE_ADDR=f"192.0.2.{number}"), "wrong").content
    refused = log_in(Client(REMOTE_ADDR="192.0.2.99"))
    assert b"Too many attempts" in refused.content
    assert refused.status_code == 200
    forget_attempts()
    assert log_in(Client()).status_code == 302


def test_the_limit_holds_across_processes(alice: User) -> None:
    script = (
        "import django, sys; django.setup();"
        "from django.db import connections; connections['default'].settings_dict['NAME'] = sys.argv[1];"
        "from django.test import Client;"
        f"print(Client(REMOTE_ADDR='192.0.2.7').post('{LOGIN}', {{'login': '{EMAIL}', 'password': sys.argv[2]}}).status_code)"
    )
    import os

    from django.db import connection

    name = str(connection.settings_dict["NAME"])
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "troth.project.settings", "TROTH_HOSTS": "testserver"}

    def elsewhere(password: str) -> str:
        done = subprocess.run([sys.executable, "-c", script, name, password], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert elsewhere(PASSWORD) == "302"
    for _ in range(4):
        log_in(Client(), "wrong")
    assert elsewhere("wrong") == "200"
    assert b"Too many attempts" in log_in(Client()).content
    assert elsewhere(PASSWORD) == "200"


def test_what_is_counted_names_nobody_and_no_address(alice: User) -> None:
    from troth.console.models import CacheEntry

    log_in(Client(REMOTE_ADDR="192.0.2.7"), "wrong")
    keys = list(CacheEntry.objects.values_list("cache_key", flat=True))
    assert keys
    assert all(re.fullmatch("[0-9a-f]{64}", key) for key in keys)


def test_an_address_that_tries_too_often_gets_a_page_that_says_wait(alice: User) -> None:
    client = Client()
    for _ in range(30):
        client.post(LOGIN, {"login": "", "password": ""})
    answer = client.post(LOGIN, {"login": "", "password": ""})
    assert answer.status_code == 429
    assert b"Too many attempts" in answer.content


# --- second factor


def test_with_an_app_the_password_alone_opens_nothing(member: Client) -> None:
    secret = add_app(member)
    client = Client()
    assert log_in(client)["Location"].startswith(f"{ACCOUNT}two-factor/authenticate/")
    assert not is_inside(client)
    wrong = client.post(f"{ACCOUNT}two-factor/authenticate/", {"code": "000000"})
    assert b"Incorrect code" in wrong.content
    assert client.post(f"{ACCOUNT}two-factor/authenticate/", {"code": code_for(secret)})["Location"] == "/console/"
    assert is_inside(client)


def test_a_code_of_the_app_works_once(member: Client) -> None:
    code = code_for(add_app(member))
    client = Client()
    log_in(client)
    assert client.post(f"{ACCOUNT}two-factor/authenticate/", {"code": code}).status_code == 302
    client = Client()
    log_in(client)
    assert b"Incorrect code" in client.post(f"{ACCOUNT}two-factor/authenticate/", {"code": code}).content


def test_a_recovery_code_works_once(member: Client) -> None:
    add_app(member)
    codes = member.get(f"{ACCOUNT}two-factor/codes/").context["unused_codes"]
    assert len(codes) == 10
    client = Client()
    log_in(client)
    assert client.post(f"{ACCOUNT}two-factor/authenticate/", {"code": codes[0]}).status_code == 302
    assert is_inside(client)
    again = Client()
    log_in(again)
    assert b"Incorrect code" in again.post(f"{ACCOUNT}two-factor/authenticate/", {"code": codes[0]}).content
    assert not is_inside(again)


def test_recovery_codes_come_as_a_file_and_can_be_made_anew(member: Client) -> None:
    add_app(member)
    before = member.get(f"{ACCOUNT}two-factor/codes/download/").content.decode().split()
    assert len(before) == 10
    assert member.post(f"{ACCOUNT}two-factor/codes/new/").status_code == 302
    after = member.get(f"{ACCOUNT}two-factor/codes/download/").content.decode().split()
    assert set(before) & set(after) == set()


def test_secrets_of_second_factors_are_sealed_in_the_database(member: Client) -> None:
    from allauth.mfa.models import Authenticator

    secret = add_app(member)
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept


def test_the_picture_to_scan_comes_from_nowhere_else(member: Client) -> None:
    confirm(member)
    page = member.get(f"{ACCOUNT}two-factor/app/add/").content.decode()
    assert 'src="data:image/svg+xml;base64,' in page


@pytest.mark.parametrize("path", ["two-factor/app/add/", "two-factor/codes/new/", "passkeys/add/"])
def test_a_stolen_session_cannot_change_the_second_factor(member: Client, path: str) -> None:
    assert member.get(f"{ACCOUNT}{path}")["Location"].startswith(f"{ACCOUNT}reauthenticate/")
    wrong = member.post(f"{ACCOUNT}reauthenticate/", {"password": "wrong"})
    assert b"Incorrect password" in wrong.content


def test_the_app_can_be_removed(member: Client) -> None:
    add_app(member)
    assert b"Remove the authenticator app?" in member.get(f"{ACCOUNT}two-factor/app/remove/").content
    assert member.post(f"{ACCOUNT}two-factor/app/remove/").status_code == 302
    assert log_in(Client())["Location"] == "/console/"


# --- sessions


def test_a_session_is_ended_from_elsewhere(member: Client) -> None:
    elsewhere = Client(HTTP_USER_AGENT="Telephone")
    log_in(elsewhere)
    page = member.get(f"{ACCOUNT}sessions/")
    assert page.context["session_count"] == 2
    assert b"Telephone" in page.content
    assert member.post(f"{ACCOUNT}sessions/").status_code == 302
    assert is_inside(member)
    assert not is_inside(elsewhere)


def test_a_session_begun_by_a_link_of_the_command_line_is_listed_too(alice: User, capsys: Any) -> None:
    call_command("user_link", EMAIL)
    client = Client()
    client.get(urlsplit(capsys.readouterr().out.strip()).path)
    assert client.get(f"{ACCOUNT}sessions/").context["session_count"] == 1


def test_what_is_over_is_forgotten(member: Client) -> None:
    from allauth.usersessions.models import UserSession
    from django.contrib.sessions.models import Session

    from troth.console.account.forgetting import forget_old_sessions
    from troth.console.models import CacheEntry
    from troth.kernel.clock import DAY, now_ms

    assert (Session.objects.count(), UserSession.objects.count()) == (1, 1)
    forget_old_sessions(now_ms())
    assert (Session.objects.count(), UserSession.objects.count()) == (1, 1)
    forget_old_sessions(now_ms() + 20 * DAY)
    assert (Session.objects.count(), UserSession.objects.count(), CacheEntry.objects.count()) == (0, 0, 0)


# --- own page


def test_a_member_chooses_name_zone_and_locale(member: Client) -> None:
    assert member.post(ACCOUNT, {"name": "Alice B.", "time_zone": "Europe/Vienna", "locale": "de_AT"})["Location"] == ACCOUNT
    user = User.objects.get()
    assert (user.name, user.time_zone, user.locale) == ("Alice B.", "Europe/Vienna", "de_AT")
    refused = member.post(ACCOUNT, {"name": "", "time_zone": "Mars/Olympus", "locale": "xx"})
    assert refused.status_code == 200
    assert User.objects.get().time_zone == "Europe/Vienna"


PAGES = ["", "password/change/", "two-factor/", "two-factor/app/add/", "two-factor/codes/", "passkeys/", "passkeys/add/", "sessions/"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_of_the_account_is_ours_and_kept_by_no_cache(member: Client, path: str) -> None:
    if path == "two-factor/codes/":
        add_app(member)
    confirm(member)
    page = member.get(f"{ACCOUNT}{path}")
    assert page.status_code == 200
    assert page["Cache-Control"] == "no-store"
    assert b"troth/console/console.css" in page.content
    assert b"example.com" in page.content
    assert Client().get(f"{ACCOUNT}{path}")["Location"].startswith(LOGIN)


# --- a new password by mail


class Sink:
    """Takes mail."""

    def __init__(self) -> None:
        self.mails: list[tuple[list[str], str]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        import email
        from email.policy import default

        mail = email.message_from_bytes(envelope.content, policy=default)
        self.mails.append((envelope.rcpt_tos, mail["Subject"] + "\n" + mail.get_content()))
        return "250 OK"


@pytest.fixture
def mails(settings: Any) -> Iterator[list[tuple[list[str], str]]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    settings.TROTH_EMAIL_URL = f"smtp+plain://127.0.0.1:{port}"
    yield sink.mails
    controller.stop()


def wait_for(mails: list[Any], count: int = 1) -> None:
    deadline = time.monotonic() + 10
    while len(mails) < count:
        assert time.monotonic() < deadline, "no mail came"
        time.sleep(0.01)


def test_a_link_by_mail_sets_a_new_password_once(member: Client, mails: list[Any], settings: Any) -> None:
    settings.TROTH_URL = "https://troth.example"
    client = Client(HTTP_HOST="localhost")
    assert client.post(f"{ACCOUNT}password/reset/", {"email": "Alice@example.com"}).status_code == 302
    wait_for(mails)
    recipients, text = mails[0]
    assert recipients == [EMAIL]
    link = re.search(r"https://troth\.example(/console/account/password/reset/key/\S+)", text)
    assert link, text
    form = client.get(link[1])["Location"]
    assert link[1] != form
    new = {"password1": "four unusual pears dance", "password2": "four unusual pears dance"}
    assert b"too guessable" in client.post(form, {"password1": "password1234", "password2": "password1234"}).content
    assert client.post(form, new)["Location"] == f"{ACCOUNT}password/reset/done/"
    assert b"new password is set" in client.get(f"{ACCOUNT}password/reset/done/").content
    assert not is_inside(member)
    assert log_in(Client(), "four unusual pears dance").status_code == 302
    assert b"This link is over" in Client().get(link[1]).content
    wait_for(mails, 2)
    assert "set anew" in mails[1][1]


def test_asking_for_a_link_tells_nobody_who_is_a_user(alice: User, mails: list[Any]) -> None:
    answers = []
    for email in (EMAIL, "nobody@example.com"):
        answer = Client().post(f"{ACCOUNT}password/reset/", {"email": email}, follow=True)
        answers.append((answer.redirect_chain, answer.content))
    assert answers[0] == answers[1]
    wait_for(mails)
    assert [recipients for recipients, _ in mails] == [[EMAIL]]


def test_without_a_mail_server_the_page_says_what_to_do(alice: User) -> None:
    for answer in (Client().get(f"{ACCOUNT}password/reset/"), Client().post(f"{ACCOUNT}password/reset/", {"email": EMAIL})):
        assert answer.status_code == 200
        assert b"No mail server is configured" in answer.content
        assert b"troth user password" in answer.content


def test_a_mail_server_that_is_down_makes_no_difference_to_the_page(alice: User, settings: Any) -> None:
    settings.TROTH_EMAIL_URL = "smtp+plain://127.0.0.1:1"
    assert Client().post(f"{ACCOUNT}password/reset/", {"email": EMAIL}).status_code == 302


def test_a_change_of_the_password_is_told_by_mail(member: Client, mails: list[Any]) -> None:
    fields = {"oldpassword": PASSWORD, "password1": "four unusual pears dance", "password2": "four unusual pears dance"}
    member.post(f"{ACCOUNT}password/change/", fields)
    wait_for(mails)
    assert "The password was changed" in mails[0][1]
