"""Who was erased, told inside the transaction that erases: those who had got their data are to be told, too (Art. 19)."""

from __future__ import annotations

from troth.kernel.bulletins import Bulletin
from troth.kernel.personal_data import Subject

erasures: Bulletin[Subject] = Bulletin()
