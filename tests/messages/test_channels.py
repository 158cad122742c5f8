"""Channels against real servers: what they accept, refuse, or leave in doubt."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from troth.messages.channels import Channel, Outgoing, channel_from_url
from troth.messages.channels.outbox import OutboxChannel
from troth.messages.channels.smtp import server_from_url
from troth.messages.channels.smtp.connection import Security
from troth.messages.channels.smtp.sending import SmtpChannel
from troth.messages.errors import ChannelError, ChannelUnknown

RECIPIENT = "dana@example.org"
MAIL = b"Subject: s\r\nTo: dana@example.org\r\n\r\n.\r\n..\r\nbody\r\n"


def _outgoing(message_id: int = 1, recipient: str = RECIPIENT, sender: str = "Acme <hello@acme.example>", mail: bytes = MAIL) -> Outgoing:
    return Outgoing(message_id=message_id, sender=sender, recipient=recipient, mail=mail)


@dataclass
class Handler:
    """Takes mail as its script says."""

    answers: list[str] = field(default_factory=list)
    """What to answer to the next messages; then `250`."""
    rcpt: str = "250 OK"
    mail: str = "250 OK"
    drop: bool = False
    taken: list[tuple[str, list[str], bytes]] = field(default_factory=list)
    sessions: set[int] = field(default_factory=set)
    transports: list[Any] = field(default_factory=list)
    options: list[list[str]] = field(default_factory=list)

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> list[str]:
        session.host_name = hostname
        self.sessions.add(id(session))
        self.transports.append(server.transport)
        return responses

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.mail.startswith("250"):
            envelope.mail_from = address
        self.options.append(options)
        return self.mail

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.drop:
            server.transport.abort()
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return self.answers.pop(0) if self.answers else "250 2.0.0 Ok: queued as 4F2A1BC"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _serving(handler: Handler, **options: Any) -> Iterator[int]:
    controller = Controller(handler, hostname="127.0.0.1", port=_free_port(), **options)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def port(handler: Handler) -> Iterator[int]:
    with _serving(handler) as port:
        yield port


def _channel(port: int, scheme: str = "smtp", login: str = "", options: str = "") -> Channel:
    return channel_from_url(f"{scheme}://{login}127.0.0.1:{port}{options}")


def _refused(channel: Channel, outgoing: Outgoing | None = None) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        channel.send(outgoing or _outgoing())
    assert "dana" not in str(caught.value)
    assert "hello@" not in str(caught.value)
    return caught.value


def test_no_url_is_the_outbox_which_takes_everything_at_once() -> None:
    channel = channel_from_url(None)
    assert isinstance(channel, OutboxChannel)
    assert channel.name == "outbox"
    assert channel.send(_outgoing()).detail
    assert isinstance(channel_from_url(""), OutboxChannel)


@pytest.mark.parametrize("url", ["http://x", "smtp//x", "gopher://secret@x"])
def test_an_unknown_scheme_is_refused_and_the_known_ones_are_named(url: str) -> None:
    with pytest.raises(ChannelUnknown, match="smtps://") as caught:
        channel_from_url(url)
    assert "secret" not in str(caught.value)


def test_a_url_says_where_how_and_as_whom() -> None:
    server = server_from_url("smtp+tls://me%40acme.example:p%3Aw%2F@mail.example?timeout=5&verify=no")
    assert (server.host, server.port, server.user, server.password) == ("mail.example", 587, "me@acme.example", "p:w/")
    assert (server.security, server.verify, server.timeout_s) == (Security.STARTTLS, False, 5.0)
    assert "p:w" not in repr(server)
    assert [server_from_url(f"{s}://h").port for s in ("smtp", "smtps", "smtp+plain")] == [25, 465, 25]


@pytest.mark.parametrize(
    "url", ["smtp://", "smtp://h:x", "smtp://h?timeout=soon", "smtp://h?verify=perhaps", "smtp://h?color=red", "smtp://u:sec/ret@h"]
)
def test_a_url_that_cannot_be_right_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ChannelUnknown) as caught:
        channel_from_url(url)
    assert "sec" not in str(caught.value)


def test_a_mail_arrives_byte_for_byte_and_the_receipt_names_it(handler: Handler, port: int) -> None:
    receipt = _channel(port).send(_outgoing())
    assert (receipt.provider_id, receipt.detail) == ("4F2A1BC", "250 2.0.0")
    assert handler.taken == [("hello@acme.example", [RECIPIENT], MAIL)]


def test_a_mail_without_a_last_line_end_arrives_whole(handler: Handler, port: int) -> None:
    _channel(port).send(_outgoing(mail=b"Subject: s\r\n\r\n.x"))
    assert handler.taken[0][2] == b"Subject: s\r\n\r\n.x\r\n"


def test_one_connection_serves_many_mails_of_a_thread(handler: Handler, port: int) -> None:
    channel = _channel(port)
    for number in range(5):
        channel.send(_outgoing(number))
    assert len(handler.taken) == 5
    assert len(handler.transports) == 1


def test_each_thread_keeps_its_own_connection(handler: Handler, port: int) -> None:
    channel = _channel(port)
    barrier = threading.Barrier(4)

    def send(number: int) -> None:
        if number < 4:
            barrier.wait(10)
        channel.send(_outgoing(number))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(send, range(40)))
    assert len(handler.taken) == 40
    assert len(handler.transports) == 4


@pytest.mark.parametrize("rcpt", ["550 5.1.1 <dana@example.org>: unknown", "553 no", "451 4.7.1 dana@example.org greylisted", "450 later"])
def test_a_refused_recipient_is_permanent_or_temporary_and_the_connection_goes_on(handler: Handler, port: int, rcpt: str) -> None:
    channel = _channel(port)
    handler.rcpt = rcpt
    error = _refused(channel)
    assert (error.permanent, error.doubtful) == (rcpt.startswith("5"), False)
    assert rcpt[:3] in str(error)
    handler.rcpt = "250 OK"
    channel.send(_outgoing(2))
    assert len(handler.transports) == 1


@pytest.mark.parametrize(
    ("answer", "permanent"), [("550 5.7.1 spam", True), ("554 no", True), ("451 4.3.0 later", False), ("452 full", False)]
)
def test_a_refused_message_is_permanent_or_temporary(handler: Handler, port: int, answer: str, permanent: bool) -> None:
    channel = _channel(port)
    handler.answers = [answer]
    error = _refused(channel)
    assert (error.permanent, error.doubtful) == (permanent, False)
    assert answer.split(" ")[0] in str(error)
    channel.send(_outgoing(2))


@pytest.mark.parametrize(("answer", "permanent"), [("550 5.7.1 not you", True), ("530 5.7.0 log in", False), ("451 4.3.0 later", False)])
def test_a_refused_sender_is_permanent_unless_it_is_about_the_log_in(handler: Handler, port: int, answer: str, permanent: bool) -> None:
    handler.mail = answer
    error = _refused(_channel(port))
    assert (error.permanent, error.doubtful) == (permanent, False)


def test_a_connection_that_breaks_after_the_data_leaves_doubt(handler: Handler, port: int) -> None:
    channel = _channel(port)
    handler.drop = True
    error = _refused(channel)
    assert (error.permanent, error.doubtful) == (False, True)
    handler.drop = False
    channel.send(_outgoing(2))
    assert len(handler.taken) == 2


def test_a_connection_that_the_server_closed_while_idle_is_replaced_unnoticed(handler: Handler, port: int) -> None:
    channel = _channel(port)
    channel.send(_outgoing(1))
    transport = handler.transports[0]
    transport._loop.call_soon_threadsafe(transport.abort)
    deadline = time.monotonic() + 5
    while not transport.is_closing() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert channel.send(_outgoing(2)).provider_id
    assert len(handler.taken) == 2
    assert len(handler.transports) == 2


Script = Callable[[socket.socket], None]


@contextmanager
def _scripted(script: Script) -> Iterator[int]:
    """A server that follows a script on each connection, then closes it."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                script(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def _follow(*steps: str) -> Script:
    """Answer one line after another; after the last the connection is closed."""

    def script(connection: socket.socket) -> None:
        for step in steps:
            connection.sendall(step.encode() + b"\r\n")
            if not connection.recv(65536):
                return

    return script


@pytest.mark.parametrize(
    ("steps", "doubtful", "permanent"),
    [
        ((), False, False),
        (("220 hi",), False, False),
        (("554 5.7.1 go away",), False, False),
        (("220 hi", "250 me"), False, False),
        (("220 hi", "250 me", "250 ok"), False, False),
        (("220 hi", "250 me", "250 ok", "250 ok"), False, False),
        (("220 hi", "250 me", "250 ok", "250 ok", "354 go"), True, False),
        (("220 hi", "250 me", "250 ok", "250 ok", "354 go", "what?"), True, False),
        (("220 hi", "250 me", "250 ok", "250 ok", "354 go", "250"), None, None),
        (("220 hi", "250 me", "250 ok", "250 ok", "354 go", "421 4.3.2 shutting down"), False, False),
        (("220 hi", "250 me", "250 ok", "250 ok", "421 bye"), False, False),
        (("220 hi", "250 me", "421 bye"), False, False),
        (("220 hi", "250 me", "250 ok", "250 ok", "554 5.5.1 no valid recipients", "250 ok"), False, True),
    ],
)
def test_wherever_the_conversation_ends_it_is_known_whether_the_mail_may_have_gone(
    steps: tuple[str, ...], doubtful: bool | None, permanent: bool | None
) -> None:
    with _scripted(_follow(*steps)) as port:
        channel = _channel(port, options="?timeout=30")
        if doubtful is None:
            assert channel.send(_outgoing()).detail == "250"
        else:
            error = _refused(channel)
            assert (error.doubtful, error.permanent) == (doubtful, permanent)
        assert isinstance(channel, SmtpChannel)
        channel.close()


def test_a_server_that_falls_silent_after_the_data_leaves_doubt() -> None:
    silent = threading.Event()

    def script(connection: socket.socket) -> None:
        _follow("220 hi", "250 me", "250 ok", "250 ok", "354 go")(connection)
        silent.wait(10)

    with _scripted(script) as port:
        error = _refused(_channel(port, options="?timeout=2"))
        silent.set()
    assert error.doubtful


def test_no_server_is_a_temporary_trouble() -> None:
    error = _refused(_channel(_free_port()))
    assert (error.permanent, error.doubtful) == (False, False)


@pytest.mark.parametrize("recipient", ["dana@example.org\r\nRSET", "dana@example.org>\nDATA", "", "nobody", "dana@..example"])
def test_no_address_can_smuggle_a_command(handler: Handler, port: int, recipient: str) -> None:
    assert _refused(_channel(port), _outgoing(recipient=recipient)).permanent
    assert handler.taken == []


def test_an_address_beyond_ascii_needs_a_server_that_takes_it() -> None:
    with _serving(Handler(), enable_SMTPUTF8=False) as port:
        assert _refused(_channel(port), _outgoing(recipient="dänä@example.org")).permanent
    modern = Handler()
    with _serving(modern, enable_SMTPUTF8=True) as port:
        _channel(port).send(_outgoing(recipient="dänä@bücher.example"))
    assert modern.taken[0][1] == ["dänä@xn--bcher-kva.example"]
    assert "SMTPUTF8" in modern.options[0]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begin = datetime.now(UTC) - timedelta(days=1)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=2))
        .sign(key, hashes.SHA256())
    )
    path = Path(tmp_path_factory.mktemp("tls")) / "both.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def _check_login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    return AuthResult(success=(data.login, data.password) == (b"me@acme.example", b"p:w/"), handled=False)


def test_starttls_is_used_with_a_log_in_and_a_wrong_password_is_no_fault_of_the_message(certificate: ssl.SSLContext) -> None:
    handler = Handler()
    options = {"tls_context": certificate, "require_starttls": True, "auth_required": True, "authenticator": _check_login}
    with _serving(handler, **options) as port:
        for scheme in ("smtp", "smtp+tls"):
            _channel(port, scheme, "me%40acme.example:p%3Aw%2F@", "?verify=no").send(_outgoing())
        error = _refused(_channel(port, "smtp+tls", "me%40acme.example:wrong@", "?verify=no"))
        assert "password" in str(error)
        assert not error.permanent
        assert not _refused(_channel(port, "smtp+plain")).permanent
    assert len(handler.taken) == 2


def test_a_certificate_that_nobody_vouches_for_is_refused_unless_told_otherwise(certificate: ssl.SSLContext) -> None:
    with _serving(Handler(), tls_context=certificate) as port:
        for scheme in ("smtp", "smtp+tls"):
            error = _refused(_channel(port, scheme))
            assert "certificate" in str(error)
            assert not error.permanent


def test_tls_from_the_start(certificate: ssl.SSLContext) -> None:
    handler = Handler()
    with _serving(handler, ssl_context=certificate) as port:
        assert _channel(port, "smtps", options="?verify=no").send(_outgoing()).provider_id
    assert len(handler.taken) == 1


def test_required_tls_that_the_server_lacks_is_a_trouble_of_the_configuration(port: int) -> None:
    error = _refused(_channel(port, "smtp+tls"))
    assert "STARTTLS" in str(error)
    assert not error.permanent


def test_a_password_goes_in_clear_to_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    handler = Handler()
    with _serving(handler, auth_require_tls=False, authenticator=_check_login) as port:
        _channel(port, "smtp", "me%40acme.example:p%3Aw%2F@").send(_outgoing())
        channel = _channel(port, "smtp", "me%40acme.example:p%3Aw%2F@")
        monkeypatch.setattr(socket.socket, "getpeername", lambda _: ("192.0.2.1", port))
        assert "in clear" in str(_refused(channel))
        _channel(port, "smtp+plain", "me%40acme.example:p%3Aw%2F@").send(_outgoing())
    assert len(handler.taken) == 2


def test_the_pool_is_not_shared_between_channels(handler: Handler, port: int) -> None:
    first, second = _channel(port), _channel(port)
    assert isinstance(first, SmtpChannel)
    first.send(_outgoing())
    second.send(_outgoing())
    assert len(handler.transports) == 2
