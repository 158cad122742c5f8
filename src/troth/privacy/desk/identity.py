"""Who is asking (Art. 12(6)): the means by which it becomes known, and how much of it each right demands, in proportion to what could go wrong. Pure.

No copy of an identity document is ever asked for: it is more data than is needed (EDPB Guidelines 01/2022, 3.3).
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType

from troth.kernel.errors import TrothError
from troth.privacy.models import RequestType


class Means(StrEnum):
    """A step of the ladder."""

    LOGIN = "login"
    """Logged in at the controller's own product, who says so."""
    LINK = "link"
    """A signed link that was mailed to an address on file."""
    CODE = "code"
    """A code that was mailed to an address on file, told back."""
    TWO_ON_FILE = "two_on_file"
    """Two things on file, of different kinds, told and compared."""
    DATUM = "datum"
    """One more thing on file, told and compared."""
    MANDATE = "mandate"
    """An agent, whose mandate a member has read."""
    ASSERTED = "asserted"
    """Left to the customer who called: their systems know who asked."""


STRENGTH: Mapping[str, int] = MappingProxyType(
    {
        "": 0,
        Means.DATUM: 1,
        Means.TWO_ON_FILE: 2,
        Means.CODE: 2,
        Means.LINK: 2,
        Means.LOGIN: 2,
        Means.MANDATE: 2,
        Means.ASSERTED: 2,
    }
)
DEMANDS: Mapping[str, int] = MappingProxyType(
    {
        # Whoever stops the use of data harms nobody: asking who they are would only hinder them.
        RequestType.OBJECTION: 0,
        RequestType.CONSENT_WITHDRAWAL: 0,
        RequestType.RESTRICTION: 1,
        RequestType.RECTIFICATION: 1,
        RequestType.HUMAN_REVIEW: 1,
        # Data handed to the wrong person, or destroyed by one, cannot be brought back.
        RequestType.ACCESS: 2,
        RequestType.PORTABILITY: 2,
        RequestType.ERASURE: 2,
    }
)
MOST_TRIES = 5
"""Wrong codes or values, before only another means is left."""
BY_STRENGTH = {1: "one datum on file", 2: "a log-in, a code or link to the address on file, two data on file, or a mandate"}


class IdentityLacking(TrothError):
    """It is not known well enough who is asking."""


class IdentityRefused(TrothError):
    """What was told does not prove who is asking."""


def is_known_enough(right: str, means: str) -> bool:
    """Whether a right may be carried out for somebody who became known by these means (empty: they did not)."""
    return STRENGTH[means] >= DEMANDS[right]


def check_identity(right: str, means: str) -> None:
    """Raises IdentityLacking, naming the step that is in proportion."""
    if not is_known_enough(right, means):
        wanted = BY_STRENGTH[DEMANDS[right]]
        raise IdentityLacking(f"Make sure first who is asking (Art. 12(6)): {wanted}.")


def match_values(told: Mapping[str, str], on_file: Mapping[str, Collection[str]]) -> Means:
    """What values prove, told by kind, each in its normal form. Raises IdentityRefused unless every one is on file.

    All are compared, each in constant time, so that the time an answer takes does not tell which one was wrong.
    """
    if not told:
        raise IdentityRefused("Tell at least one value.")
    right = [sum(hmac.compare_digest(value.encode(), held.encode()) for held in on_file.get(kind, ())) > 0 for kind, value in told.items()]
    if not all(right):
        raise IdentityRefused("That is not what is on file.")
    return Means.TWO_ON_FILE if len(told) > 1 else Means.DATUM
