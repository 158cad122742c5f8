"""What comes of one try to hand something over. Pure."""

from __future__ import annotations

from typing import NamedTuple

CONNECT_S, ANSWER_S = 10.0, 120.0
"""How long a connection, and each piece of an answer, is waited for."""
WHOLE_WITHIN_S = 300.0
"""A store that joins the parts of a large file sends a space now and then until it is done (S3: CompleteMultipartUpload)."""


class Answer(NamedTuple):
    """What came back: an HTTP code and what the recipient calls it, or why nothing."""

    status: int
    trouble: str = ""
    says: str = ""
    is_again: bool = False
    """Whether another try begins otherwise, whatever the code says."""

    @property
    def is_taken(self) -> bool:
        """Whether the other side has it."""
        return 200 <= self.status < 300

    @property
    def is_final(self) -> bool:
        """Whether another try would be answered the same."""
        return self.is_taken or (not self.is_again and 400 <= self.status < 500 and self.status not in (408, 425, 429))


def trouble_of(status: int) -> str:
    """A word for a code; empty: there is none."""
    if 200 <= status < 300:
        return ""
    return "redirected" if 300 <= status < 400 else "refused"
