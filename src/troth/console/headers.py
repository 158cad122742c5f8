"""Headers of pages that show personal data to members."""

from __future__ import annotations

from django.http import HttpResponseBase


def staff_headers(response: HttpResponseBase) -> HttpResponseBase:
    """Nothing is kept by caches or search engines. The referrer stays on this site: without any, a browser sends `Origin: null` and forms fail."""
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
