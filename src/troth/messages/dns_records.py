"""The records by which mailbox providers tell that mail of a domain is its own: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489), and MX for what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import dns.exception
import dns.resolver

SECONDS = 5.0


@dataclass(frozen=True)
class Finding:
    """What was looked for, and what was found."""

    what: str
    """`SPF`, `DKIM`, `DMARC` or `MX`."""
    name: str
    """Where in the DNS."""
    fine: bool
    told: str
    """What is wrong and what to do, or that it is right."""
    found: str = ""
    wanted: str = ""
    """What should stand there; empty: it depends on what else sends for the domain."""


def make_resolver() -> dns.resolver.Resolver:
    """The machine's own."""
    return dns.resolver.Resolver()


def check_records(
    domain: str, selector: str, dkim_record: str, return_address: str, resolver: dns.resolver.Resolver | None = None
) -> list[Finding]:
    """Ask the DNS for all of them."""
    asked = resolver or make_resolver()
    asked.lifetime = SECONDS
    returns = return_address.rpartition("@")[2].lower() or domain
    findings = [_check_spf(asked, returns), _check_dkim(asked, domain, selector, dkim_record), _check_dmarc(asked, domain)]
    return [*findings, _check_mx(asked, returns)] if return_address else findings


def _read_texts(resolver: dns.resolver.Resolver, name: str) -> Iterator[str]:
    """The TXT records of a name, the pieces of each put together. Raises NoAnswer for a DNS that does not answer."""
    try:
        for record in resolver.resolve(name, "TXT"):
            yield b"".join(record.strings).decode("utf-8", "replace")
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return


def _check_spf(resolver: dns.resolver.Resolver, name: str) -> Finding:
    try:
        found = [text for text in _read_texts(resolver, name) if text.lower().split(" ")[0] == "v=spf1"]
    except dns.exception.DNSException:
        return _unanswered("SPF", name)
    wanted = "v=spf1 include:YOUR-PROVIDER ~all"
    if not found:
        told = "There is no SPF record. Create one that names the servers your mail leaves by; your provider says which."
        return Finding("SPF", name, fine=False, told=told, wanted=wanted)
    if len(found) > 1:
        return Finding(
            "SPF", name, fine=False, told="There are several SPF records, and then none counts: make them one.", found=" | ".join(found)
        )
    text = found[0]
    if text.lower().rstrip().endswith("+all"):
        return Finding("SPF", name, fine=False, told="It lets everybody send for the domain: end it with ~all or -all.", found=text)
    if not any(word in text.lower() for word in ("all", "redirect=")):
        return Finding("SPF", name, fine=False, told="It does not say what about all others: end it with ~all or -all.", found=text)
    return Finding("SPF", name, fine=True, told="There is one. Make sure that it names your provider.", found=text)


def _check_dkim(resolver: dns.resolver.Resolver, domain: str, selector: str, record: str) -> Finding:
    name = f"{selector}._domainkey.{domain}"
    try:
        found = next(iter(_read_texts(resolver, name)), "")
    except dns.exception.DNSException:
        return _unanswered("DKIM", name)
    if not found:
        told = "The key is not published yet: create this record, and wait until the DNS has it."
        return Finding("DKIM", name, fine=False, told=told, wanted=record)
    if _tag(found, "p") != _tag(record, "p"):
        return Finding("DKIM", name, fine=False, told="Another key is published there: replace it by this one.", found=found, wanted=record)
    return Finding("DKIM", name, fine=True, told="The key is published.", found=found, wanted=record)


def _check_dmarc(resolver: dns.resolver.Resolver, domain: str) -> Finding:
    name = f"_dmarc.{domain}"
    wanted = f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"
    try:
        found = next((text for text in _read_texts(resolver, name) if _tag(text, "v").upper() == "DMARC1"), "")
    except dns.exception.DNSException:
        return _unanswered("DMARC", name)
    if not found:
        told = "There is none; large mailbox providers want one of whoever sends much. Begin with p=none, and tighten it when its reports are clean."
        return Finding("DMARC", name, fine=False, told=told, wanted=wanted)
    if _tag(found, "p") not in ("none", "quarantine", "reject"):
        return Finding(
            "DMARC", name, fine=False, told="It has no policy: add p=none, p=quarantine or p=reject.", found=found, wanted=wanted
        )
    return Finding("DMARC", name, fine=True, told="There is one.", found=found)


def _check_mx(resolver: dns.resolver.Resolver, name: str) -> Finding:
    try:
        found = sorted(str(record.exchange).rstrip(".") for record in resolver.resolve(name, "MX"))
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        found = []
    except dns.exception.DNSException:
        return _unanswered("MX", name)
    if not any(found):
        return Finding(
            "MX", name, fine=False, told="Nobody takes mail there, so bounces are lost: create an MX record, or use another return address."
        )
    return Finding("MX", name, fine=True, told="Bounces can come back.", found=", ".join(found))


def _unanswered(what: str, name: str) -> Finding:
    return Finding(what, name, fine=False, told="The DNS did not answer: try again in a minute.")


def _tag(text: str, name: str) -> str:
    """The value of one tag of a record; spaces inside a key say nothing."""
    for part in text.split(";"):
        key, equals, value = part.partition("=")
        if equals and key.strip().lower() == name:
            return "".join(value.split()) if name == "p" else value.strip()
    return ""
