from __future__ import annotations

from troth.kernel.errors import TrothError


class NewsletterInvalid(TrothError):
    """A newsletter that cannot be kept or sent like this; the message begins with the field."""


class NewsletterStateWrong(TrothError):
    """What cannot be done with a newsletter in the state it is in."""
