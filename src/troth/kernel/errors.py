"""The root of Troth's own errors: each message is one line that says what to do."""

from __future__ import annotations


class TrothError(Exception):
    """Something a user or operator can mend; the message says how and never contains a person's identifier."""
