"""The return mailbox of a workspace, read over IMAP: reports are noted and deleted there, everything else is left alone, marked as seen."""

from __future__ import annotations

import imaplib
import ssl
import threading
from collections import Counter
from typing import Any

import structlog
from django.db import connection
from imap_tools import AND, BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from troth.kernel.clock import MINUTE
from troth.kernel.crypto import open_sealed, seal
from troth.kernel.errors import TrothError
from troth.messages.channels.outside import PrivateTarget, check_peer
from troth.messages.channels.port import Medium
from troth.messages.feedback.noting import note_feedback
from troth.messages.feedback.reports import read_report
from troth.messages.models import ReturnMailbox

log = structlog.get_logger()
LABEL = b"return-mailbox/v1"
EVERY = MINUTE
AT_ONCE = 200
TIMEOUT_S = 20
SECURITY = ("TLS", "STARTTLS", "none")
PORTS = {"TLS": 993, "STARTTLS": 143, "none": 143}
PROVIDER = "mailbox"
_reading = threading.Lock()


class MailboxUnusable(TrothError):
    """The mailbox cannot be read, with what to do."""


def set_mailbox(workspace_id: int, *, host: str, port: int | None, security: str, user: str, password: str, folder: str) -> ReturnMailbox:
    """Say where mail comes back to; an empty password keeps the one before. Raises MailboxUnusable."""
    held = ReturnMailbox.objects.filter(workspace_id=workspace_id).first()
    if not host.strip() or not user.strip() or security not in SECURITY or (not password and held is None):
        raise MailboxUnusable(f"A mailbox needs a server, a user name, a password, and an encryption ({', '.join(SECURITY)}).")
    try:
        host.strip().encode("idna")
    except UnicodeError:
        raise MailboxUnusable("That is no name of a server: write it as imap.acme.example.") from None
    row = held or ReturnMailbox(workspace_id=workspace_id)
    row.host, row.port, row.security = host.strip(), port or PORTS[security], security
    row.user, row.folder, row.fault, row.read_at = user.strip(), folder.strip() or "INBOX", "", None
    if password:
        row.sealed_password = seal(LABEL, password.encode(), b"%d" % workspace_id)
    row.save()
    return row


def find_mailbox(workspace_id: int) -> ReturnMailbox | None:
    """A workspace's, if it has one."""
    return ReturnMailbox.objects.filter(workspace_id=workspace_id).first()


def remove_mailbox(workspace_id: int) -> None:
    """Read it no more."""
    ReturnMailbox.objects.filter(workspace_id=workspace_id).delete()


def read_mailboxes(now: int) -> bool:
    """The worker's duty: read what is due in a thread of its own, for a slow server must not keep anything else waiting."""
    due = [row.pk for row in ReturnMailbox.objects.all() if row.read_at is None or row.read_at <= now - EVERY]
    if due and _reading.acquire(blocking=False):
        threading.Thread(target=_read_all, args=(due, now), name="return-mailboxes", daemon=True).start()
    return False


def _read_all(due: list[int], now: int) -> None:
    try:
        for row in ReturnMailbox.objects.filter(pk__in=due):
            try:
                read_mailbox(row, now)
            except MailboxUnusable:
                log.warning("mailbox_unusable", workspace_id=row.workspace_id)
            except Exception as error:  # noqa: BLE001 -- one mailbox must not keep the others from being read
                log.error("mailbox_failed", workspace_id=row.workspace_id, error=type(error).__name__)
    finally:
        _reading.release()
        connection.close()


def read_mailbox(row: ReturnMailbox, now: int) -> Counter[str]:
    """Note all reports in it and delete them there; how many of each were new. Raises MailboxUnusable, which is shown with the mailbox."""
    noted: Counter[str] = Counter()
    try:
        with _open(row) as box:
            for mail in list(box.fetch(AND(seen=False), limit=AT_ONCE, mark_seen=False, bulk=50)):
                told = read_report(mail.obj.as_bytes(), row.workspace_id, now)
                heard = note_feedback(row.workspace_id, Medium.EMAIL, told, provider=PROVIDER, now=now)
                noted.update(heard.noted)
                if told and mail.uid:
                    box.delete(mail.uid)
                elif mail.uid:
                    box.flag(mail.uid, "\\Seen", value=True)
    except (OSError, imaplib.IMAP4.error, ImapToolsError) as error:
        row.fault = _explain(error)
        row.read_at = now
        row.save(update_fields=["fault", "read_at"])
        raise MailboxUnusable(row.fault) from None
    row.fault, row.read_at = "", now
    row.save(update_fields=["fault", "read_at"])
    return noted


def _open(row: ReturnMailbox) -> Any:
    password = open_sealed(LABEL, bytes(row.sealed_password), b"%d" % row.workspace_id)
    if password is None:
        raise MailboxUnusable("The password of the mailbox cannot be read, for the master key is another one: enter it again.")
    context = ssl.create_default_context()
    box: BaseMailBox
    if row.security == "TLS":
        box = MailBox(row.host, row.port, timeout=TIMEOUT_S, ssl_context=context)
    elif row.security == "STARTTLS":
        box = MailBoxStartTls(row.host, row.port, timeout=TIMEOUT_S, ssl_context=context)
    else:
        box = MailBoxUnencrypted(row.host, row.port, timeout=TIMEOUT_S)
    check_peer(box.client.sock)
    return box.login(row.user, password.decode(), initial_folder=row.folder)


def _explain(error: Exception) -> str:
    """What to do; the server's own words may name the user."""
    if isinstance(error, PrivateTarget):
        return "That server is inside this network: use a public one, or have the operator name it in TROTH_PRIVATE_TARGETS."
    if isinstance(error, ssl.SSLError):
        return "The encryption failed: check the port, and that the server's certificate is trusted."
    if isinstance(error, OSError):
        return f"The server cannot be reached ({type(error).__name__}): check its name and port."
    return "The server refused the log-in or the folder: check user name, password and folder."
