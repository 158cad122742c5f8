"""What a channel is: it takes a finished message and says what became of it.

A channel is a folder beside this file. Its `__init__.py` offers `ADAPTERS`, one for each provider that it speaks to; it is found by lying there,
and nothing else has to be edited. `docs/channels.md` writes one in a quarter of an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


def _begin() -> None:
    """Nothing has to be noted, and nothing stops it."""


class Medium(StrEnum):
    """By what a person is reached. It is a message's `channel`, and a person can refuse marketing over each (`consent.wishes.CHANNELS`)."""

    EMAIL = "email"
    PUSH = "push"
    SMS = "sms"
    WEBHOOK = "webhook"


@dataclass(frozen=True)
class Content:
    """A short message as one person gets it, all of it rendered. SMS has only the body; a link stands in it."""

    body: str
    title: str = ""
    url: str = ""
    """Where touching it leads."""
    image: str = ""
    """The address of a picture."""
    data: Mapping[str, str] = field(default_factory=dict)
    """What the app gets along with it."""


@dataclass(frozen=True)
class Outgoing:
    """A finished message to one address: `mail` for e-mail, `content` for everything else.

    `sender` may carry a name (`Acme <hello@acme.example>`); `recipient` is a bare address, a number in E.164, a push token, or empty for a webhook;
    `mail` has CRLF line ends.
    """

    message_id: int
    sender: str
    recipient: str
    mail: bytes = b""
    content: Content | None = None
    platform: str = ""
    """Of a push token: `ios`, `android` or `web`."""
    envelope_sender: str = ""
    """Where the mail server returns what cannot be delivered (RFC 5321, section 4.4); empty: to the sender."""
    callback_url: str = ""
    """Where the provider may tell what becomes of this message, if it takes an address with each; empty: nowhere."""
    begin: Callable[[], None] = field(default=_begin, compare=False, repr=False)
    """Called immediately before the message leaves; see `Channel.begins_itself`. It raises Stopped when the message must not go any more."""


@dataclass(frozen=True)
class Receipt:
    """The provider has taken the message over. Neither field contains an address."""

    provider_id: str = ""
    """The provider's own name for it, at most 200 characters; empty when it told none."""
    detail: str = ""
    """Its answer in short, e.g. `250 2.0.0`."""


class Channel(Protocol):
    """Hands one message over at a time; may be used from several threads at once."""

    name: str
    address: str
    """Where it leads, for people to read; no user name, no password."""

    # Optional, `begins_itself = True`: `send` calls `outgoing.begin()` itself, immediately before the first byte that may make the provider take
    # the message. For all others it is called before `send`, which is early enough where `send` is one request.

    def check(self) -> str:
        """Try the way without sending anything, in ten seconds at most; says what was found. Raises ChannelError, which says what to do."""
        ...

    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand over; returning means accepted. Raises ChannelError, which says whether trying again makes sense."""
        ...


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Something a channel has to be told before it works."""

    name: str
    label: str
    help: str = ""
    secret: bool = False
    """Kept encrypted, and never shown again."""
    required: bool = True
    default: str = ""
    choices: tuple[str, ...] = ()
    many_lines: bool = False


class Told(StrEnum):
    """What a provider can tell of a message; its own words are translated into these at the edge, and what is none of them is ignored."""

    DELIVERED = "delivered"
    HARD_BOUNCE = "hard_bounce"
    """The address does not exist, or never will take mail."""
    SOFT_BOUNCE = "soft_bounce"
    """It could not be delivered this time: full, too large, blocked."""
    COMPLAINT = "complaint"
    """The person called it spam."""
    UNSUBSCRIBE = "unsubscribe"
    """The person stopped it at the provider."""
    OPEN = "open"
    CLICK = "click"


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """One thing that a provider told about one message. The message is found by our own id, else by the provider's together with the address."""

    told: Told
    at: int
    """When it happened, in milliseconds."""
    event_id: str = ""
    """The provider's own name for this news; telling it twice counts once. Empty: its content is its name."""
    message_id: int = 0
    provider_id: str = ""
    recipient: str = ""
    status: str = ""
    """An enhanced status code (RFC 3463), e.g. `5.1.1`, or the provider's word for it."""
    diagnostic: str = ""
    """What the receiving side said, in its words."""
    user_agent: str = ""
    url: str = ""
    """The link that was followed."""


@dataclass(frozen=True, kw_only=True)
class Callback:
    """A request in which a provider tells something. `headers` by lower-case name."""

    url: str
    method: str
    headers: Mapping[str, str]
    body: bytes
    message_id: int = 0
    """Of the message, where the address it came to was of one message (`Outgoing.callback_url`)."""


def _nothing(settings: Mapping[str, str]) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """A provider that a workspace can choose.

    `open` makes a channel of settings that hold every name of `settings`; it connects when it first sends. Raises ChannelUnknown for what cannot be used.
    """

    name: str
    """Its name in the API and the database, e.g. `postmark`; unique."""
    title: str
    medium: Medium
    settings: tuple[Setting, ...] = ()
    open: Callable[[Mapping[str, str]], Channel]
    platforms: Callable[[Mapping[str, str]], tuple[str, ...]] = lambda settings: ()
    """Of push: the platforms of devices that it reaches with these settings."""
    complete: Callable[[Mapping[str, str]], Mapping[str, str]] = _nothing
    """What to add to settings when they are first saved, e.g. keys that it makes itself."""
    public: Callable[[Mapping[str, str]], Mapping[str, str]] = _nothing
    """What others need to know of the settings, by label, e.g. a public key."""
    parse_feedback: Callable[[Mapping[str, str], Callback], Sequence[Feedback]] | None = None
    """Reads a provider's callback. Raises CallbackRefused when it is not the provider's, or is not understood."""
