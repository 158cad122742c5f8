"""Security headers on every page: a strict content security policy, no framing, no referrer to other hosts, no sniffing."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from troth.kernel.content_policy import content_policy

POLICY = content_policy()


class SecurityHeadersMiddleware:
    """Adds the headers unless a view set its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with headers."""
        response = self.get_response(request)
        if request.is_secure():
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        for name, value in (
            ("Content-Security-Policy", POLICY),
            # Links hold tokens, which no other host may learn. With `no-referrer` forms would send `Origin: null`, which Django must refuse.
            ("Referrer-Policy", "same-origin"),
            ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Permissions-Policy", "camera=(), microphone=(), geolocation=(), browsing-topics=()"),
        ):
            response.headers.setdefault(name, value)
        return response
