"""Event names: how they are compared."""

from __future__ import annotations

import re
from functools import lru_cache

_SEPARATORS = re.compile(r"[ _-]+")


@lru_cache(maxsize=10_000)
def fold_event_name(name: str) -> str:
    """Capitals, spaces, underscores and dashes make no difference: `Purchased-item` is `purchased_item` (Vero v2, event names)."""
    return _SEPARATORS.sub("_", name.strip().lower())
