from __future__ import annotations

from troth.kernel.errors import TrothError


class NewsletterInvalid(TrothError):
    """A newsletter that cannot be kept or sent like this; the message begins with the field."""


class NewsletterStateWrong(TrothError):
    """What cannot be done with a newsletter in the state it is in."""


class NewsletterUnknown(TrothError):
    """No such newsletter in this workspace."""

    def __init__(self, says: str = "There is no such newsletter in this workspace: check its number.") -> None:
        super().__init__(says)
