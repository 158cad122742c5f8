"""Which mailbox provider takes the mail of an address: rates, backoff and figures are kept per provider, not per domain (row D16)."""

from __future__ import annotations

_DOMAINS = {
    "google": ("gmail.com", "googlemail.com"),
    "microsoft": (
        "outlook.com",
        "hotmail.com",
        "live.com",
        "msn.com",
        "hotmail.co.uk",
        "hotmail.fr",
        "hotmail.de",
        "outlook.de",
        "outlook.fr",
        "live.co.uk",
    ),
    "yahoo": ("yahoo.com", "yahoo.co.uk", "yahoo.de", "yahoo.fr", "ymail.com", "rocketmail.com", "aol.com"),
    "apple": ("icloud.com", "me.com", "mac.com"),
    "gmx": ("gmx.de", "gmx.net", "gmx.at", "gmx.ch", "web.de", "mail.com"),
    "telekom": ("t-online.de", "magenta.de"),
    "orange": ("orange.fr", "wanadoo.fr"),
    "free": ("free.fr",),
    "proton": ("proton.me", "protonmail.com", "pm.me"),
    "mailru": ("mail.ru", "inbox.ru", "bk.ru", "list.ru"),
}
_PROVIDERS = {domain: provider for provider, domains in _DOMAINS.items() for domain in domains}


def mailbox_of(address: str) -> str:
    """The provider of a mail address: a name for the large ones, whose domains share one reputation; else its domain, in ASCII and lower case.

    It is told from the domain alone, without asking the network.
    """
    domain = address.rpartition("@")[2].lower()
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    return _PROVIDERS.get(domain, domain)[:100]
