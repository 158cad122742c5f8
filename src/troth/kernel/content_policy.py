"""The content security policy of every page: only our own files, no inline script or style, and no frame of another site around it."""

from __future__ import annotations

from collections.abc import Sequence

_OWN_ONLY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self';"
    " form-action 'self'; base-uri 'none'"
)


def content_policy(framed_by: Sequence[str] = ()) -> str:
    """The policy; `framed_by` are the origins that may show the page in a frame."""
    ancestors = " ".join(framed_by) or "'none'"
    return f"{_OWN_ONLY}; frame-ancestors {ancestors}"
