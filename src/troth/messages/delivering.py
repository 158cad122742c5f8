"""Handing a written message to the channels of its workspace: to each address by the first channel that takes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from troth.messages.channels.port import Outgoing, Receipt
from troth.messages.configured import Route
from troth.messages.errors import ChannelError, Stopped

EMBEDDED = "outbox"
"""The channel by which nothing leaves the installation."""


@dataclass(frozen=True)
class Delivered:
    """A message that was taken over, by one address at least."""

    recipient: str
    """The address; where there were several (a person's devices), none is kept."""
    provider_id: str
    gone: tuple[Outgoing, ...] = ()
    """To addresses that do not exist any more."""
    reached: tuple[int, ...] = ()
    """The channels that got it, or may have; 0 is the installation's."""


class NobodyTook(ChannelError):
    """No address took the message; `lost` are those that do not exist any more, `reached` the channels that saw it nevertheless."""

    def __init__(self, worst: ChannelError, lost: Sequence[Outgoing], reached: Iterable[int] = ()) -> None:
        super().__init__(str(worst), permanent=worst.permanent, doubtful=worst.doubtful, gone=worst.gone)
        self.lost, self.reached = tuple(lost), tuple(reached)


def deliver(routes: Sequence[Route], outgoing: Sequence[Outgoing]) -> Delivered:
    """Hand over to each address. One that takes it makes it sent.

    Raises NobodyTook when none did: doubtful if any may have, temporary if any may yet.
    """
    receipts: list[tuple[Outgoing, Receipt]] = []
    errors: list[tuple[Outgoing, ChannelError]] = []
    reached: set[int] = set()
    for one in outgoing:
        try:
            receipts.append((one, _by_first(routes, one, reached)))
        except ChannelError as error:
            errors.append((one, error))
    gone = tuple(one for one, error in errors if error.gone)
    if receipts:
        taken, receipt = receipts[0]
        return Delivered(
            recipient=taken.recipient if len(outgoing) == 1 else "",
            provider_id=receipt.provider_id,
            gone=gone,
            reached=tuple(sorted(reached)),
        )
    # What is in doubt is worse than what may be tried again, and that is better than what is over.
    worst = max((error for _, error in errors), key=lambda error: (error.doubtful, not error.permanent))
    raise NobodyTook(worst, gone, sorted(reached)) from None


def _by_first(routes: Sequence[Route], outgoing: Outgoing, reached: set[int]) -> Receipt:
    """By the first channel that takes it. Only what surely was not accepted, and may be elsewhere, goes to the next."""
    fitting = [route for route in routes if not route.platforms or outgoing.platform in route.platforms]
    if not fitting:
        raise ChannelError("No channel of the workspace reaches this kind of device: add one.", permanent=True)
    for route in fitting[:-1]:
        try:
            return _send(route, outgoing, reached)
        except ChannelError as error:
            if error.permanent or error.doubtful:
                raise
    return _send(fitting[-1], outgoing, reached)


def _send(route: Route, outgoing: Outgoing, reached: set[int]) -> Receipt:
    """Hand over by one channel. Who refuses for good has read whom it is for, as has who may have taken it; who is down, or busy, has not."""
    if not getattr(route.channel, "begins_itself", False):
        outgoing.begin()
    try:
        receipt = route.channel.send(replace(outgoing, callback_url=route.callback_url(outgoing.message_id)))
    except Stopped:
        raise
    except ChannelError as error:
        if error.permanent or error.doubtful:
            reached.add(route.channel_id)
        raise
    if route.channel.name != EMBEDDED:
        reached.add(route.channel_id)
    return receipt
