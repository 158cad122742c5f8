"""What comes back by mail, over a real IMAP conversation; return addresses; the signature; and the records of the DNS."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import dkim
import dns.flags
import dns.message
import dns.rdatatype
import dns.resolver
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.mail_server import run_mail_server
from tests.messages.imap_server import Mailbox, run_imap_server
from tests.messages.posting import Post
from troth.consent.models import Stance, Standing
from troth.kernel.clock import now_ms
from troth.messages.dns_records import check_records
from troth.messages.domains import DomainInvalid, add_domain, dkim_record, set_up_domain
from troth.messages.feedback.mailbox import MailboxUnusable, read_mailbox, set_mailbox
from troth.messages.feedback.reports import read_report
from troth.messages.models import DeliveryEvent, Message, ReturnMailbox, State, StoppedAddress
from troth.messages.returning import make_return_address, read_return_address
from troth.messages.sending import send_due

RETURN = "bounces@acme.example"


def report(to: str, *, kind: str = "delivery-status", fields: str, quoted: str = "", headers: str = "") -> bytes:
    """A multipart/report as mail servers write it."""
    content = "message/delivery-status" if kind == "delivery-status" else "message/feedback-report"
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: Undelivered\r\nDate: Wed, 25 Nov 2026 10:00:00 +0000\r\n{headers}"
        f'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type={kind}; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--b\r\nContent-Type: {content}\r\n\r\n{fields}\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{quoted}\r\n--b--\r\n"
    ).encode()


def failed(status: str = "5.1.1", said: str = "550 5.1.1 <dana@example.com> unknown", action: str = "failed") -> str:
    return (
        "Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; dana@example.com\r\n"
        f"Action: {action}\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {said}\r\n"
    )


@pytest.fixture
def imap() -> Iterator[Mailbox]:
    with run_imap_server() as mailbox:
        yield mailbox


@pytest.fixture
def mailbox(post: Post, imap: Mailbox, settings: Any) -> ReturnMailbox:
    settings.TROTH_PRIVATE_TARGETS = ["127.0.0.1"]
    return set_mailbox(
        post.workspace.pk, host="127.0.0.1", port=imap.port, security="none", user="bounces", password="very-secret", folder="INBOX"
    )


def _send(post: Post, **queued: Any) -> tuple[Message, str]:
    post.queue(post.person("dana"), **queued)
    send_due(now_ms())
    message = Message.objects.order_by("-message_id").first()
    return message, make_return_address(RETURN, post.workspace.pk, message.message_id)


def test_reports_in_the_mailbox_are_noted_and_deleted_and_all_else_is_left(post: Post, mailbox: ReturnMailbox, imap: Mailbox) -> None:
    message, to = _send(post)
    vacation = b"From: dana@example.com\r\nTo: %s\r\nSubject: Away\r\nAuto-Submitted: auto-replied\r\n\r\n550 5.1.1 gone\r\n" % to.encode()
    imap.mails = [report(to, fields=failed()), vacation, b"From: erik@example.com\r\nTo: x@acme.example\r\n\r\nHello\r\n"]
    assert read_mailbox(mailbox, now_ms()) == {"hard_bounce": 1}
    assert post.states() == [(State.BOUNCED, "hard_bounce:5.1.1")]
    assert StoppedAddress.objects.get().reason == "hard_bounce"
    assert "dana@" not in DeliveryEvent.objects.get().diagnostic
    assert len(imap.mails) == 2
    assert imap.logins == [("bounces", "very-secret")]
    # Told again, or read again, it counts once.
    imap.mails.append(report(to, fields=failed()))
    assert read_mailbox(mailbox, now_ms()) == {}


def test_a_complaint_that_came_by_mail_objects_to_marketing(post: Post, mailbox: ReturnMailbox, imap: Mailbox) -> None:
    message, _ = _send(post, purpose="marketing_email")
    fields = "Feedback-Type: abuse\r\nUser-Agent: SomeGenerator/1.0\r\nVersion: 1\r\nOriginal-Rcpt-To: <dana@example.com>\r\n"
    quoted = f"Message-ID: <{message.message_id}@acme.example>\r\n"
    imap.mails = [report("abuse@acme.example", kind="feedback-report", fields=fields, quoted=quoted)]
    assert read_mailbox(mailbox, now_ms()) == {"complaint": 1}
    assert post.states() == [(State.COMPLAINED, "complaint:abuse")]
    assert Stance.objects.get(purpose="marketing_email").standing == Standing.REFUSED


def test_what_cannot_be_read_is_told_with_the_mailbox(post: Post, mailbox: ReturnMailbox, imap: Mailbox, settings: Any) -> None:
    imap.refuses = True
    with pytest.raises(MailboxUnusable, match="refused the log-in"):
        read_mailbox(mailbox, now_ms())
    settings.TROTH_PRIVATE_TARGETS = []
    with pytest.raises(MailboxUnusable, match="inside this network"):
        read_mailbox(mailbox, now_ms())
    mailbox.refresh_from_db()
    assert "inside this network" in mailbox.fault
    assert b"very-secret" not in bytes(mailbox.sealed_password)


@pytest.mark.parametrize(
    ("fields", "told", "status"),
    [
        (failed(), ["hard_bounce"], "5.1.1"),
        (failed("5.2.2", "552 5.2.2 mailbox full"), ["soft_bounce"], "5.2.2"),
        (failed("5.7.1", "550 5.7.1 looks like spam"), ["soft_bounce"], "5.7.1"),
        (failed("4.4.7", "delivery time expired"), ["soft_bounce"], "4.4.7"),
        (failed("4.4.1", "still trying", action="delayed"), [], ""),
        (failed("2.0.0", "ok", action="delivered"), ["delivered"], "2.0.0"),
        (failed("5.0.0", "550 5.1.1 unknown user"), ["soft_bounce"], "5.0.0"),
    ],
)
def test_what_a_status_notification_says(workspace: Any, fields: str, told: list[str], status: str) -> None:
    found = read_report(report(make_return_address(RETURN, workspace.pk, 7), fields=fields), workspace.pk, now_ms())
    assert [one.told.value for one in found] == told
    assert all((one.status, one.message_id) == (status, 7) for one in found)


def test_a_report_that_names_no_mail_of_ours_is_not_believed(workspace: Any) -> None:
    for to in ("bounces@acme.example", make_return_address(RETURN, workspace.pk + 1, 7), "bounces+aaaa@acme.example"):
        assert read_report(report(to, fields=failed()), workspace.pk, now_ms()) == []


def test_a_bounce_in_a_servers_own_words_is_understood(workspace: Any) -> None:
    to = make_return_address(RETURN, workspace.pk, 7)
    raw = (
        f"From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: failure notice\r\n\r\n"
        "Hi. This is the qmail-send program at mx.example.\r\nI'm afraid I wasn't able to deliver your message to the following addresses.\r\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\r\n\r\n"
        "<dana@example.com>:\r\nSorry, no mailbox here by that name.\r\n"
    ).encode()
    assert [one.told.value for one in read_report(raw, workspace.pk, now_ms())] == ["hard_bounce"]


@pytest.mark.django_db
@hypothesis_settings(max_examples=60, deadline=None)
@given(message_id=st.integers(1, 2**63 - 1), shout=st.booleans())
def test_a_return_address_is_read_back_in_any_case_and_cannot_be_made_up(message_id: int, shout: bool) -> None:
    address = make_return_address(RETURN, 3, message_id)
    assert len(address.partition("@")[0]) <= 64
    assert read_return_address(address.upper() if shout else address, 3) == message_id
    assert read_return_address(address, 4) == 0
    local, _, domain = address.partition("@")
    changed = local[:-1] + ("a" if local[-1] != "a" else "b")
    assert read_return_address(f"{changed}@{domain}", 3) == 0


@given(raw=st.binary(max_size=400))
@hypothesis_settings(max_examples=60, deadline=None)
def test_nothing_that_arrives_breaks_the_reading(raw: bytes) -> None:
    head = b'To: x@y\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n'
    for mail in (raw, head + raw):
        assert read_report(mail, 1, 0) == []


def test_mail_of_a_domain_is_signed_and_comes_back_to_an_address_of_its_own(workspace: Any, settings: Any) -> None:
    post = Post(workspace)
    workspace.sender = "Acme <hello@news.acme.example>"
    workspace.save()
    row = add_domain(workspace.pk, "Acme.example", now_ms())
    set_up_domain(row, signs=True, return_address=RETURN)
    for kept, url in run_mail_server():
        settings.TROTH_EMAIL_URL = url
        seen: list[str] = []
        kept.handle_MAIL = _keep_sender(seen)  # type: ignore[attr-defined]
        post.queue(post.person("dana"), purpose="marketing_email")
        send_due(now_ms())
        ((_, mail),) = kept.mails
    message = Message.objects.get()
    assert (message.state, read_return_address(seen[0], workspace.pk)) == (State.SENT, message.message_id)
    published = {b"troth._domainkey.acme.example.": dkim_record(row).encode()}
    whole = mail.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    assert dkim.verify(whole, dnsfunc=lambda name, timeout=5: published[name])
    signature = whole.partition(b"\r\n\r\n")[0].lower().partition(b"h=")[2].partition(b"; b=")[0]
    assert b"list-unsubscribe" in signature
    assert b"list-unsubscribe-post" in signature
    assert not dkim.verify(whole.replace(b"One-Click", b"Two-Click"), dnsfunc=lambda name, timeout=5: published[name])


def _keep_sender(seen: list[str]) -> Any:
    async def handle(server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        seen.append(address)
        envelope.mail_from = address
        return "250 OK"

    return handle


class Zone:
    """A name server that speaks DNS over UDP."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self) -> None:
        while True:
            try:
                raw, whence = self.socket.recvfrom(4096)
            except OSError:
                return
            asked = dns.message.from_wire(raw)
            answer = dns.message.make_response(asked)
            answer.flags |= dns.flags.RA
            question = asked.question[0]
            kind = dns.rdatatype.to_text(question.rdtype)
            found = self.records.get((question.name.to_text(omit_final_dot=True), kind))
            if found:
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *found))
            self.socket.sendto(answer.to_wire(), whence)

    @property
    def resolver(self) -> dns.resolver.Resolver:
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], self.socket.getsockname()[1]
        return resolver


@pytest.fixture
def zone() -> Iterator[Zone]:
    zone = Zone()
    yield zone
    zone.socket.close()


def test_the_records_of_a_domain_are_looked_for_and_what_is_wrong_is_told(workspace: Any, zone: Zone) -> None:
    row = add_domain(workspace.pk, "acme.example", now_ms())
    record = dkim_record(row)

    def found() -> dict[str, tuple[bool, str]]:
        return {one.what: (one.fine, one.told) for one in check_records("acme.example", "troth", record, RETURN, zone.resolver)}

    assert {what: fine for what, (fine, _) in found().items()} == {"SPF": False, "DKIM": False, "DMARC": False, "MX": False}
    half = len(record) // 2
    zone.records = {
        ("acme.example", "TXT"): ['"google-site-verification=1"', '"v=spf1 include:_spf.example ~all"'],
        ("troth._domainkey.acme.example", "TXT"): [f'"{record[:half]}" "{record[half:]}"'],
        ("_dmarc.acme.example", "TXT"): ['"v=DMARC1; p=none"'],
        ("acme.example", "MX"): ["10 mx.acme.example."],
    }
    assert all(fine for fine, _ in found().values())
    zone.records["acme.example", "TXT"].append('"v=spf1 +all"')
    zone.records["troth._domainkey.acme.example", "TXT"] = ['"v=DKIM1; k=rsa; p=AAAA"']
    zone.records["_dmarc.acme.example", "TXT"] = ['"v=DMARC1"']
    told = found()
    assert "several" in told["SPF"][1]
    assert "Another key" in told["DKIM"][1]
    assert "no policy" in told["DMARC"][1]


def test_what_is_no_domain_is_refused(workspace: Any) -> None:
    for wrong in ("", "acme", "hello@acme.example", "acme .example", "-acme.example", "a" * 300 + ".example"):
        with pytest.raises(DomainInvalid):
            add_domain(workspace.pk, wrong, 1)
    row = add_domain(workspace.pk, "Bücher.example.", 1)
    assert row.domain == "xn--bcher-kva.example"
    with pytest.raises(DomainInvalid, match="already"):
        add_domain(workspace.pk, "bücher.example", 1)
    with pytest.raises(DomainInvalid, match="return address"):
        set_up_domain(row, signs=True, return_address="no address")
