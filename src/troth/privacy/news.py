"""What privacy tells, inside the transaction that does it: who was erased, as those who had got their data are to be told, too (Art. 19); which requests moved; what a processor was asked, and which instructions it contests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from troth.kernel.bulletins import Bulletin
from troth.kernel.personal_data import Subject

erasures: Bulletin[Subject] = Bulletin()
moves: Bulletin[UUID] = Bulletin()
"""The ids of requests in whose history a step was written, after their new state was."""


answers: Bulletin[UUID] = Bulletin()
"""The ids of requests of whose recipients something more is known: what they answered, or that they will not be told by themselves."""


class Asked(NamedTuple):
    """A request of a person that came to a workspace which processes for another controller."""

    subject: Subject
    request_id: UUID
    right: str
    received_at: int


asked: Bulletin[Asked] = Bulletin()


class Contested(NamedTuple):
    """An instruction that a processor holds to infringe the law, or, `is_settled`, what the controller said to it; `facts` hold nothing about persons."""

    workspace_id: int
    is_settled: bool
    facts: Mapping[str, Any]


contests: Bulletin[Contested] = Bulletin()
