"""Bulletins: where a package says what happened, inside the transaction that made it, to whoever registered. It knows none of them.

Nothing is gathered while nobody listens: who registers says whether they do at the moment, and news may be a generator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from django.utils.module_loading import import_string

News = TypeVar("News")


class Bulletin(Generic[News]):
    """One kind of news. Reactions write their effects as rows; what they raise undoes the transaction."""

    def __init__(self) -> None:
        self._reactions: list[tuple[Callable[[Sequence[News], int], None] | str, Callable[[], bool]]] = []

    def register_reaction(self, reaction: Callable[[Sequence[News], int], None] | str, *, listens: Callable[[], bool]) -> None:
        """Have `reaction(news, now)` called while `listens()`, which is asked often and has to be quick.

        One that is seldom needed is registered by where it stands (dotted), and loaded when it is first told.
        """
        self._reactions.append((reaction, listens))

    def is_heard(self) -> bool:
        """Whether anybody listens: what would only be read for the news need not be otherwise."""
        return any(listens() for _, listens in self._reactions)

    def tell(self, news: Iterable[News], now: int) -> None:
        """Tell those who listen; `now` in milliseconds. `news` is not looked at when nobody does."""
        heard = [reaction for reaction, listens in self._reactions if listens()]
        if heard and (told := list(news)):
            for reaction in heard:
                call = import_string(reaction) if isinstance(reaction, str) else reaction
                call(told, now)
