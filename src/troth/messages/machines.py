"""Who fetched a picture or followed a link of a mail: a person, or one of the machines that do so on nobody's behalf (row D15).

A machine's fetch is kept apart and says nothing of the person. Only what the request itself tells is looked at, and nothing of it is kept
but the name of the machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from troth.kernel.clock import SECOND

APPLE, GMAIL, YAHOO, SCANNER, PREFETCH, TOO_FAST = "apple_mail_privacy", "gmail_proxy", "yahoo_proxy", "scanner", "prefetch", "too_fast"
BURST = "burst"
"""Several links of one mail at once."""
FASTEST = 2 * SECOND
"""Nobody reads sooner after the hand-over."""
_PROXIES = (
    (re.compile(r"GoogleImageProxy|GmailImageProxy", re.IGNORECASE), GMAIL),
    (re.compile(r"YahooMailProxy", re.IGNORECASE), YAHOO),
)
_SCANNERS = re.compile(
    r"bot\b|crawl|spider|scan|barracuda|proofpoint|mimecast|safelinks|forcepoint|trendmicro|symantec|sophos|zscaler|fireeye|cisco|ironport"
    r"|msoffice|ms-office|microsoft office|skypeuripreview|bingpreview|facebookexternalhit|slackbot|whatsapp|telegram|headless|phantomjs|puppeteer|playwright"
    r"|^curl|^wget|python|^java/|okhttp|go-http-client|libwww|apache-httpclient|guzzle|node-fetch|axios|^ruby|^php",
    re.IGNORECASE,
)
_AHEAD = ("sec-purpose", "purpose", "x-purpose", "x-moz")
READ_HEADERS = ("user-agent", *_AHEAD)
"""What is looked at."""


def name_machine(headers: Mapping[str, str], *, is_open: bool) -> str:
    """The machine that a request shows itself to be; empty for a person's own reader or browser.

    `headers` by lower-case name, those of `READ_HEADERS` at least. Apple Mail Privacy Protection loads pictures for everybody under the bare
    agent `Mozilla/5.0`.
    """
    if any(word in headers.get(name, "").lower() for name in _AHEAD for word in ("prefetch", "prerender", "preview")):
        return PREFETCH
    agent = headers.get("user-agent", "").strip()
    if is_open and agent == "Mozilla/5.0":
        return APPLE
    for pattern, name in _PROXIES:
        if pattern.search(agent):
            return name
    return SCANNER if not agent or _SCANNERS.search(agent) else ""


def name_haste(waited: int | None) -> str:
    """The machine that whoever fetches so soon must be; `waited` are the milliseconds since the mail was handed over (None: not known)."""
    return TOO_FAST if waited is not None and waited < FASTEST else ""
