"""Headers of pages that show personal data to members."""

from __future__ import annotations

from django.http import HttpResponseBase

BODY_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
"""For the body of a mail, which marketers write over data of strangers: no script, no request to anywhere, a site of its own."""


def staff_headers(response: HttpResponseBase) -> HttpResponseBase:
    """Nothing is kept by caches or search engines. The referrer stays on this site: without any, a browser sends `Origin: null` and forms fail."""
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
