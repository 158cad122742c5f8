"""Sending domains of a workspace: what is signed for them, where their mail comes back to, and the records that have to stand in the DNS.

A domain's key is made here and kept encrypted; only its public half is ever shown.
"""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass, replace
from email.utils import parseaddr

from troth.kernel.clock import SECOND, now_ms
from troth.kernel.crypto import open_sealed, seal
from troth.kernel.errors import TrothError
from troth.messages.channels.port import Outgoing
from troth.messages.dkim_signing import make_key, public_record, sign_mail
from troth.messages.dns_records import Finding, check_records
from troth.messages.models import SendingDomain
from troth.messages.returning import make_return_address

LABEL = b"dkim-key/v1"
SELECTOR = "troth"
MOST = 50
_DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}\Z")


class DomainInvalid(TrothError):
    """That is no domain, or it is there already."""


class DomainNotFound(TrothError):
    """The workspace has no such domain."""


@dataclass(frozen=True)
class Stamp:
    """What is done to each mail of a domain before it leaves."""

    domain: str
    selector: str = ""
    private_key: bytes = b""
    """Empty: it is not signed."""
    return_address: str = ""
    """Empty: it comes back to the sender."""


def list_domains(workspace_id: int) -> list[SendingDomain]:
    """By name."""
    return list(SendingDomain.objects.filter(workspace_id=workspace_id).order_by("domain"))


def find_domain(workspace_id: int, domain_id: int) -> SendingDomain:
    """One of them. Raises DomainNotFound."""
    found = SendingDomain.objects.filter(workspace_id=workspace_id, pk=domain_id).first() if 0 < domain_id < 2**63 else None
    if found is None:
        raise DomainNotFound("This workspace has no such domain.")
    return found


def find_named(workspace_id: int, domain: str) -> SendingDomain:
    """The domain of that name. Raises DomainNotFound."""
    found = SendingDomain.objects.filter(workspace_id=workspace_id, domain=domain.strip().rstrip(".").lower()).first()
    if found is None:
        raise DomainNotFound("This workspace has no such domain: `troth domain list` shows them.")
    return found


def add_domain(workspace_id: int, domain: str, now: int) -> SendingDomain:
    """Take a domain in, with a new key; nothing is signed before that is switched on. Raises DomainInvalid."""
    text = domain.strip().rstrip(".").lower()
    try:
        name = text.encode("idna").decode("ascii")
    except UnicodeError:
        name = ""
    if not _DOMAIN.match(name):
        raise DomainInvalid("That is no domain: write it as acme.example, without an address before it.")
    here = SendingDomain.objects.filter(workspace_id=workspace_id)
    if here.filter(domain=name).exists() or here.count() >= MOST:
        raise DomainInvalid(f"That domain is there already, or there are {MOST}, which are the most.")
    sealed = seal(LABEL, make_key(), b"%d %s" % (workspace_id, name.encode()))
    return SendingDomain.objects.create(workspace_id=workspace_id, domain=name, selector=SELECTOR, sealed_key=sealed, created_at=now)


def set_up_domain(row: SendingDomain, *, signs: bool, return_address: str) -> None:
    """Switch signing on or off, and say where its mail comes back to. Raises DomainInvalid."""
    address = return_address.strip()
    local, at, domain = address.rpartition("@")
    if address and (not at or not local or len(local) > 30 or not address.isascii() or not _DOMAIN.match(domain.lower())):
        raise DomainInvalid("The return address is one such as bounces@acme.example, with at most 30 characters before the @.")
    row.signs, row.return_address = signs, address
    row.save(update_fields=["signs", "return_address"])
    forget_stamps()


def check_domain(row: SendingDomain, now: int) -> list[Finding]:
    """Ask the DNS for the domain's records, and keep what it has. Raises DomainInvalid."""
    findings = check_records(row.domain, row.selector, dkim_record(row), row.return_address)
    row.findings, row.checked_at = [asdict(one) for one in findings], now
    row.save(update_fields=["findings", "checked_at"])
    return findings


def remove_domain(row: SendingDomain) -> None:
    """Forget it, its key with it."""
    row.delete()
    forget_stamps()


def dkim_record(row: SendingDomain) -> str:
    """What has to stand in the DNS at `SELECTOR._domainkey.DOMAIN`."""
    return public_record(_key_of(row))


def _key_of(row: SendingDomain) -> bytes:
    key = open_sealed(LABEL, bytes(row.sealed_key), b"%d %s" % (row.workspace_id, row.domain.encode()))
    if key is None:
        raise DomainInvalid("The key of this domain cannot be read, for the master key is another one: remove the domain and add it anew.")
    return key


_held: dict[int, tuple[int, list[Stamp]]] = {}
_lock = threading.Lock()


def stamp_for(workspace_id: int, sender: str) -> Stamp | None:
    """What is done to mail of a sender; at most a second old. None: nothing. A subdomain's mail is its domain's."""
    moment = now_ms()
    with _lock:
        held = _held.get(workspace_id)
    if held is None or moment - held[0] >= SECOND:
        stamps = [_stamp(row) for row in list_domains(workspace_id) if row.signs or row.return_address]
        with _lock:
            held = _held[workspace_id] = (moment, stamps)
    domain = parseaddr(sender)[1].rpartition("@")[2].lower()
    fitting = [stamp for stamp in held[1] if domain == stamp.domain or domain.endswith(f".{stamp.domain}")]
    return max(fitting, key=lambda stamp: len(stamp.domain), default=None)


def _stamp(row: SendingDomain) -> Stamp:
    return Stamp(row.domain, row.selector, _key_of(row) if row.signs else b"", row.return_address)


def put_stamp(outgoing: Outgoing, stamp: Stamp | None, workspace_id: int) -> Outgoing:
    """The mail signed, and with a return address of its own."""
    if stamp is None:
        return outgoing
    if stamp.private_key:
        mail = sign_mail(outgoing.mail, domain=stamp.domain, selector=stamp.selector, private_key=stamp.private_key)
        outgoing = replace(outgoing, mail=mail)
    if stamp.return_address:
        returned = make_return_address(stamp.return_address, workspace_id, outgoing.message_id)
        outgoing = replace(outgoing, envelope_sender=returned)
    return outgoing


def forget_stamps() -> None:
    """Read the domains anew at the next use (after a change in this process)."""
    with _lock:
        _held.clear()
