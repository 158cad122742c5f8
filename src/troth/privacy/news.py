"""What privacy tells, inside the transaction that does it: who was erased, as those who had got their data are to be told, too (Art. 19); which requests moved."""

from __future__ import annotations

from uuid import UUID

from troth.kernel.bulletins import Bulletin
from troth.kernel.personal_data import Subject

erasures: Bulletin[Subject] = Bulletin()
moves: Bulletin[UUID] = Bulletin()
"""The ids of requests in whose history a step was written, after their new state was."""
