"""What can go wrong between us and a provider. No text contains an address."""

from __future__ import annotations

from troth.content.errors import ContentError
from troth.kernel.errors import TrothError


class ChannelError(TrothError):
    """A message was not accepted."""

    def __init__(self, message: str, *, permanent: bool, doubtful: bool = False, gone: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
        """Trying again makes no sense."""
        self.doubtful = doubtful
        """It was handed over, but the answer is lost: it may have been accepted."""
        self.gone = gone
        """The address does not exist, or does no more: nothing is ever to be sent there again."""


class ChannelDown(ChannelError):
    """The channel takes nothing at all now: the fault is not the message's, which loses nothing by it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=False)


class Stopped(ChannelError):
    """It was stopped at the last moment: nothing has left."""

    def __init__(self) -> None:
        super().__init__("It was stopped at the last moment, and nothing has left.", permanent=False)


class ChannelUnknown(TrothError):
    """A channel that there is not, or whose URL or settings cannot be used."""


class CallbackRefused(TrothError):
    """What came to a channel's door is not its provider's, or is not understood."""


class CallbackPutOff(CallbackRefused):
    """It cannot be judged now, and has to be told again."""


class MailInvalid(ContentError):
    """A mail that cannot be built: a value would break out of its header, or cannot be encoded."""
