"""Whether a bounce is hard or soft, from the enhanced status code (RFC 3463), else from the reply code (RFC 5321)."""

from __future__ import annotations

import re

from troth.messages.channels.port import Told

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_REPLY = re.compile(r"(?<![\d.])([245])\d\d(?![\d.])")
NO_SUCH_ADDRESS = frozenset({("1", "0"), ("1", "1"), ("1", "2"), ("1", "3"), ("1", "6"), ("1", "10"), ("2", "1")})
"""Subject and detail of permanent codes that speak of the address itself: mailbox or domain unknown, moved, null MX (RFC 7505), disabled."""


def find_status(*texts: str) -> str:
    """The first enhanced status code in texts; empty when there is none."""
    for text in texts:
        found = _ENHANCED.search(text)
        if found:
            return found[0]
    return ""


def judge_bounce(status: str, diagnostic: str = "", *, otherwise: Told = Told.SOFT_BOUNCE) -> Told:
    """Hard only where the address itself is at fault. A full mailbox or a refusal of the content is soft, although the mail is lost.

    `otherwise` is what the provider called it, for when no code is to be found.
    """
    found = _ENHANCED.search(status) or _ENHANCED.search(diagnostic)
    if found:
        kind, subject, detail = found.groups()
        if kind == "5" and (subject, detail) == ("0", "0"):
            return otherwise
        return Told.HARD_BOUNCE if kind == "5" and (subject, detail) in NO_SUCH_ADDRESS else Told.SOFT_BOUNCE
    reply = _REPLY.search(diagnostic)
    return Told.SOFT_BOUNCE if reply and reply[1] == "4" else otherwise
