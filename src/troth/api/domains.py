"""Sending domains and the return mailbox of a workspace. A domain's private key and a mailbox's password never come out."""

from __future__ import annotations

from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field, StringConstraints

from troth.api.access import READ_MESSAGES, WRITE_CHANNELS, workspace_of
from troth.api.errors import NotFound
from troth.api.schemas import Input, Time, problems
from troth.kernel.clock import iso, now_ms
from troth.messages.domains import (
    DomainNotFound,
    add_domain,
    check_domain,
    dkim_record,
    find_domain,
    list_domains,
    remove_domain,
    set_up_domain,
)
from troth.messages.feedback.mailbox import MailboxUnusable, find_mailbox, read_mailbox, remove_mailbox, set_mailbox
from troth.messages.models import ReturnMailbox, SendingDomain

router = Router(tags=["channels"])
Name = Annotated[str, StringConstraints(min_length=1, max_length=253)]


class RecordFindingOut(Schema):
    """A record that was looked for in the DNS: what is wrong and what to do, or that it is right."""

    what: str
    name: str
    fine: bool
    told: str
    found: str
    wanted: str


class DomainIn(Input):
    """A domain to take in."""

    domain: Name


class DomainChange(Input):
    """What is done to its mail."""

    signs: bool = Field(description="Whether its mail is signed (DKIM); when the key is published.")
    return_address: Annotated[str, StringConstraints(max_length=320)] = Field(
        "", description="Where mail that cannot be delivered comes back to; empty: to the sender."
    )


class DomainOut(Schema):
    """A sending domain, with the record that has to stand in the DNS."""

    id: int
    domain: str
    signs: bool
    return_address: str
    record_name: str
    record: str
    findings: list[RecordFindingOut] = Field(description="What the DNS had when it was last asked.")
    checked_at: Time | None


class MailboxIn(Input):
    """The mailbox that the return address leads to; without a password it keeps the one before."""

    host: Name
    user: Annotated[str, StringConstraints(min_length=1, max_length=320)]
    password: Annotated[str, StringConstraints(max_length=1_000)] = ""
    security: Literal["TLS", "STARTTLS", "none"] = "TLS"
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    folder: Annotated[str, StringConstraints(max_length=200)] = "INBOX"


class MailboxOut(Schema):
    """The mailbox, without its password; `fault`: why it could not be read the last time."""

    host: str
    port: int
    security: str
    user: str
    folder: str
    read_at: Time | None
    fault: str


@router.get("/domains", auth=READ_MESSAGES, response={200: list[DomainOut], **problems()})
def list_all(request: HttpRequest) -> list[DomainOut]:
    """The workspace's sending domains, by name."""
    return [_show(row) for row in list_domains(workspace_of(request))]


@router.post("/domains", auth=WRITE_CHANNELS, response={201: DomainOut, **problems()})
def add(request: HttpRequest, domain: DomainIn) -> Status[DomainOut]:
    """Take a domain in, with a new key; nothing is signed before that is switched on."""
    return Status(201, _show(add_domain(workspace_of(request), domain.domain, now_ms())))


@router.get("/domains/{domain_id}", auth=READ_MESSAGES, response={200: DomainOut, **problems(404)})
def get(request: HttpRequest, domain_id: int) -> DomainOut:
    """One domain."""
    return _show(_own(request, domain_id))


@router.put("/domains/{domain_id}", auth=WRITE_CHANNELS, response={200: DomainOut, **problems(404)})
def change(request: HttpRequest, domain_id: int, domain: DomainChange) -> DomainOut:
    """Switch signing, say where its mail comes back to; it leaves so within a second."""
    row = _own(request, domain_id)
    set_up_domain(row, signs=domain.signs, return_address=domain.return_address)
    return _show(row)


@router.post("/domains/{domain_id}/check", auth=WRITE_CHANNELS, response={200: DomainOut, **problems(404)})
def check(request: HttpRequest, domain_id: int) -> DomainOut:
    """Ask the DNS for SPF, DKIM, DMARC and, where mail comes back, MX."""
    row = _own(request, domain_id)
    check_domain(row, now_ms())
    return _show(row)


@router.delete("/domains/{domain_id}", auth=WRITE_CHANNELS, response={204: None, **problems(404)})
def remove(request: HttpRequest, domain_id: int) -> Status[None]:
    """Forget a domain, its key with it."""
    remove_domain(_own(request, domain_id))
    return Status(204, None)


@router.get("/return-mailbox", auth=READ_MESSAGES, response={200: MailboxOut | None, **problems()})
def get_mailbox(request: HttpRequest) -> MailboxOut | None:
    """The mailbox that is read for what comes back; null without one."""
    row = find_mailbox(workspace_of(request))
    return _show_mailbox(row) if row else None


@router.put("/return-mailbox", auth=WRITE_CHANNELS, response={200: MailboxOut, **problems()})
def put_mailbox(request: HttpRequest, mailbox: MailboxIn) -> MailboxOut:
    """Say which mailbox it is. It is read at once, and `fault` says why that failed, if it did."""
    row = set_mailbox(workspace_of(request), **mailbox.dict())
    try:
        read_mailbox(row, now_ms())
    except MailboxUnusable as error:
        row.fault = str(error)
    return _show_mailbox(row)


@router.delete("/return-mailbox", auth=WRITE_CHANNELS, response={204: None, **problems()})
def delete_mailbox(request: HttpRequest) -> Status[None]:
    """Read it no more, and forget its password."""
    remove_mailbox(workspace_of(request))
    return Status(204, None)


def _own(request: HttpRequest, domain_id: int) -> SendingDomain:
    try:
        return find_domain(workspace_of(request), domain_id)
    except DomainNotFound as error:
        raise NotFound(str(error)) from None


def _show(row: SendingDomain) -> DomainOut:
    return DomainOut(
        id=row.pk,
        domain=row.domain,
        signs=row.signs,
        return_address=row.return_address,
        record_name=f"{row.selector}._domainkey.{row.domain}",
        record=dkim_record(row),
        findings=[RecordFindingOut(**one) for one in row.findings],
        checked_at=iso(row.checked_at) if row.checked_at else None,
    )


def _show_mailbox(row: ReturnMailbox) -> MailboxOut:
    plain = {name: getattr(row, name) for name in ("host", "port", "security", "user", "folder", "fault")}
    return MailboxOut(**plain, read_at=iso(row.read_at) if row.read_at else None)
